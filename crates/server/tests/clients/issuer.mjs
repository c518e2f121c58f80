// A real OpenID Connect provider (npm `oidc-provider`) on a free port of this machine, as an issuer of identity tokens.
//
// Environment: JETON_TEST_NODE, the folder with `node_modules`. Standard input: one line of JSON with settings,
// `{clients?: [client metadata], claims?: {claim: value}, lifetime?: seconds}`. Prints one line, `{"issuer": URL}`, when it is
// ready, and ends with its standard input.
//
// Every client may use the grant `client_credentials` with `resource=AUDIENCE` and gets a JWT for that audience (RFC 9068)
// whose subject is the client, signed with RS256, ES256 or EdDSA as the client's metadata `signs` says.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.JETON_TEST_NODE, 'here.js'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const lines = createInterface({ input: process.stdin });
const settings = await new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
lines.on('close', () => process.exit(0));

const jwk = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `key-${alg}`,
});
const keys = [
  jwk('rsa', { modulusLength: 2048 }, 'RS256'),
  jwk('ec', { namedCurve: 'P-256' }, 'ES256'),
  jwk('ed25519', {}, 'EdDSA'),
];

const clients = (settings.clients ?? [{ client_id: 'worker', client_secret: 'secret' }]).map((client) => ({
  grant_types: ['client_credentials'], redirect_uris: [], response_types: [], ...client,
}));

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
  extraClientMetadata: { properties: ['signs'] },
  extraTokenClaims: () => settings.claims,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, audience, client) => ({
        audience,
        scope: '',
        accessTokenFormat: 'jwt',
        accessTokenTTL: settings.lifetime ?? 300,
        jwt: { sign: { alg: client.signs ?? 'RS256' } },
      }),
    },
  },
});
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer }));
