"""An OpenID Connect provider made with PyPI's `Authlib`, on a free port of this machine, at which people sign in.

It says yes at once, for the person that it was last told about, and can be told to lie. The first line on its standard input
is `{"redirect_uri": URL, "client_secret"?: TEXT}`; the client is called `jeton`. Every further line is one JSON object, answered
by one line:

    {"do": "person", "claims": {…}}   -> {}: who signs in from now on, with what is said about them in the ID token
    {"do": "lie", "claims": {…}, "header"?: {…}} -> {}: what the ID token says otherwise; null leaves a claim out
    {"do": "more", "claims": {…}|null} -> {}: what `/userinfo` answers; null for the subject alone
    {"do": "say", "error": WORD|null} -> {}: the authorization endpoint says no with this word
    {"do": "sign", "claims": {…}, "header"?: {…}} -> {"token": TEXT}: a token of one's own
    {"do": "rotate"}                  -> {}: a new key, called `two`, signs and is the only one published
    {"do": "count"}                   -> {PATH: N}: how often each path was asked

The first line printed is `{"issuer": URL}`; it ends with its standard input.
"""

import json
import os
import secrets
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request  # noqa: E402
from authlib.oauth2.rfc6749.errors import OAuth2Error  # noqa: E402
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant  # noqa: E402
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin, ClientMixin  # noqa: E402
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # noqa: E402
from authlib.oauth2.rfc6750 import BearerTokenGenerator  # noqa: E402
from authlib.oauth2.rfc7636 import CodeChallenge  # noqa: E402
from authlib.oidc.core import UserInfo  # noqa: E402
from authlib.oidc.core.grants import OpenIDCode  # noqa: E402
from joserfc import jwt  # noqa: E402
from joserfc.jwk import ECKey  # noqa: E402



def fresh_key(kid):
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


KEY = fresh_key("one")


class Request(OAuth2Request):
    def __init__(self, method, uri, headers, form):
        super().__init__(method, uri, headers=headers)
        self.query, self.fields = dict(parse_qsl(urlsplit(uri).query)), form
        self.payload = BasicOAuth2Payload({**self.query, **form})

    args = property(lambda self: self.query)
    form = property(lambda self: self.fields)


class Client(ClientMixin):
    def __init__(self, redirect_uri, secret):
        self.redirect_uri, self.secret = redirect_uri, secret

    def get_client_id(self):
        return "jeton"

    def get_default_redirect_uri(self):
        return self.redirect_uri

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return bool(self.secret) and secrets.compare_digest(client_secret, self.secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


class Code(AuthorizationCodeMixin):
    def __init__(self, code, request):
        data = request.payload.data
        self.code, self.user, self.scope = code, request.user, request.scope
        self.redirect_uri, self.nonce = data["redirect_uri"], data.get("nonce")
        self.code_challenge, self.code_challenge_method = data.get("code_challenge"), data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return None

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "none"]
    codes = {}

    def save_authorization_code(self, code, request):
        self.codes[code] = Code(code, request)

    def query_authorization_code(self, code, client):
        return self.codes.get(code)

    def delete_authorization_code(self, authorization_code):
        self.codes.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class Provider(AuthorizationServer):
    def __init__(self):
        super().__init__()
        self.url, self.client = None, None
        self.person, self.lies, self.header, self.userinfo, self.error = {}, {}, {}, None, None
        self.people, self.asked = {}, Counter()
        self.register_token_generator("default", BearerTokenGenerator(lambda **_: secrets.token_urlsafe(24)))
        self.register_grant(CodeGrant, [CodeChallenge(required=True), Tokens(self)])

    def query_client(self, client_id):
        return self.client if client_id == "jeton" else None

    def save_token(self, token, request):
        self.people[token["access_token"]] = request.user

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        return status, body if isinstance(body, str) else json.dumps(body), dict(headers)

    def send_signal(self, name, *args, **kwargs):
        pass

    # ---- what it is told

    def do_person(self, claims):
        self.person, self.lies, self.header, self.userinfo, self.error = claims, {}, {}, None, None
        return {}

    def do_lie(self, claims, header=None):
        self.lies, self.header = claims, header or {}
        return {}

    def do_more(self, claims):
        self.userinfo = claims
        return {}

    def do_say(self, error):
        self.error = error
        return {}

    def do_sign(self, claims, header=None):
        now = int(time.time())
        usual = {"iss": self.url, "iat": now, "exp": now + 300}
        return {"token": sign({**usual, **claims}, header or {})}

    def do_rotate(self):
        global KEY
        KEY = fresh_key("two")
        return {}

    def do_count(self):
        return dict(self.asked)

    # ---- what it answers

    def answer(self, method, path, headers, form):
        self.asked[urlsplit(path).path] += 1
        request = Request(method, self.url + path, headers, form)
        match method, urlsplit(path).path:
            case "GET", "/.well-known/openid-configuration":
                return 200, json.dumps(self.description()), {"content-type": "application/json"}
            case "GET", "/keys":
                return 200, json.dumps({"keys": [KEY.as_dict(private=False)]}), {"content-type": "application/json"}
            case "GET", "/authorize":
                return self.authorize(request)
            case "POST", "/token":
                return self.create_token_response(request)
            case "GET", "/userinfo":
                person = self.people.get(headers.get("Authorization", "").removeprefix("Bearer "))
                said = self.userinfo or {"sub": person and person["sub"]}
                return (200 if person else 401), json.dumps(said), {"content-type": "application/json"}
        return 404, "", {}

    def authorize(self, request):
        if self.error:
            told = {"error": self.error, "error_description": "<script>alert(1)</script>", "state": request.payload.state}
            return 302, "", {"location": f"{self.client.redirect_uri}?{urlencode(told)}"}
        try:
            grant = self.get_consent_grant(request, end_user=dict(self.person))
            return self.create_authorization_response(request, grant_user=dict(self.person), grant=grant)
        except OAuth2Error as error:
            return 400, json.dumps(dict(error.get_body())), {}

    def description(self):
        about = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
        }
        return {**about, "userinfo_endpoint": f"{self.url}/userinfo"}


class Tokens(OpenIDCode):
    def __init__(self, provider):
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce, request):
        return False

    def get_authorization_code_claims(self, authorization_code):
        return {"nonce": authorization_code.get_nonce()}

    def get_client_algorithm(self, client):
        return "ES256"

    def get_encode_header(self, client):
        return {"alg": "ES256", "kid": KEY.kid}

    def get_compatible_claims(self, request):
        now = int(time.time())
        return {"iss": self.provider.url, "aud": ["jeton"], "iat": now, "exp": now + 300}

    def resolve_client_private_key(self, client):
        return KEY

    def generate_user_info(self, user, scope):
        return UserInfo(**user)

    def encode_id_token(self, token, request):
        text = super().encode_id_token(token, request)
        if not self.provider.lies and not self.provider.header:
            return text
        claims = {**jwt.decode(text, KEY, algorithms=["ES256"]).claims, **self.provider.lies}
        return sign({name: value for name, value in claims.items() if value is not None}, self.provider.header)


def sign(claims, header):
    return jwt.encode({"alg": "ES256", "kid": KEY.kid, "typ": "JWT", **header}, claims, KEY, algorithms=["ES256"])


def handler(provider):
    class Handler(BaseHTTPRequestHandler):
        def reply(self, method):
            length = int(self.headers.get("content-length") or 0)
            form = dict(parse_qsl(self.rfile.read(length).decode()))
            status, body, headers = provider.answer(method, self.path, self.headers, form)
            body = body.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.reply("GET")

        def do_POST(self):
            self.reply("POST")

        def log_message(self, *arguments):
            pass

    return Handler


provider = Provider()
server = ThreadingHTTPServer(("127.0.0.1", 0), handler(provider))
server.daemon_threads = True
provider.url = f"http://127.0.0.1:{server.server_port}"
settings = json.loads(sys.stdin.readline())
provider.client = Client(settings["redirect_uri"], settings.get("client_secret"))
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"issuer": provider.url}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps(getattr(provider, f"do_{order.pop('do')}")(**order)), flush=True)
