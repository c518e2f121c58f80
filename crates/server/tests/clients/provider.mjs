// A real OpenID Connect provider (npm `oidc-provider`) on a free port of this machine, at which people sign in.
//
// Environment: JETON_TEST_NODE, the folder with `node_modules`. The first line on standard input is a JSON object with
// settings, `{redirect_uri: URL, client_secret?: TEXT}`; the client is called `jeton`. Every further line is
// `{accounts: {LOGIN: {claim: value}}}`, from then on what the provider says about these people, and is answered by `{}`. The
// first line printed is `{"issuer": URL}`; it ends with its standard input.
//
// Its own pages for development ask for a login (any that has an account, with any password) and then for consent.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// What the library has to say must not get between the answers.
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
console.info = console.log = console.warn = () => {};

const require = createRequire(join(process.env.JETON_TEST_NODE, 'here.js'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const lines = createInterface({ input: process.stdin });
let accounts = {};
const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

function start(settings) {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'jeton',
      redirect_uris: [settings.redirect_uri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      ...(settings.client_secret
        ? { client_secret: settings.client_secret }
        : { token_endpoint_auth_method: 'none' }),
    }],
    claims: {
      openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'],
    },
    scopes: ['openid', 'profile', 'email', 'groups'],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_context, login) => accounts[login] && {
      accountId: login,
      claims: () => ({ sub: login, ...accounts[login] }),
    },
  });
  server.on('request', provider.callback());
  answer({ issuer });
}

let started = false;
lines.on('line', (line) => {
  const said = JSON.parse(line);
  if (!started) {
    started = true;
    start(said);
  } else {
    accounts = said.accounts;
    answer({});
  }
});
lines.on('close', () => process.exit(0));
