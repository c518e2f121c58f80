"""An issuer of identity tokens made with PyPI's `joserfc`, on a free port of this machine.

It serves discovery and keys over HTTP. On its standard input it takes one JSON object a line and answers each with one line:

    {"do": "sign", "claims": {…}, "header"?: {…}, "key"?: NAME}   -> {"token": TEXT}
    {"do": "sign_text", "header": TEXT, "claims": TEXT, "key"?: NAME} -> the same, for texts that are no good JSON
    {"do": "hmac", "claims": {…}, "header"?: {…}, "with": "pem"|"jwk"} -> signed with the public key as a shared secret
    {"do": "rotate"}                  -> {"kid": NAME}: a new key signs, the old ones are no longer published
    {"do": "publish", "path": PATH, "body"?: TEXT, "status"?: N, "location"?: URL} -> {}: what that path answers from now on
    {"do": "count"}                   -> {PATH: N}: how often each path was asked
    {"do": "jwks"}                    -> {"jwks": {…}}: what it publishes

The keys are named `rsa`, `p256`, `p384` and `ed25519`, of which `p256` is the usual one. The first line that it prints is
`{"issuer": URL}`; it ends with its standard input.
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

ALGORITHMS = {"rsa": "RS256", "p256": "ES256", "p384": "ES384", "ed25519": "EdDSA"}
EVERY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "HS256"]


def fresh_keys(generation):
    def named(name):
        return {"kid": f"{name}-{generation}", "use": "sig"}

    return {
        "rsa": RSAKey.generate_key(2048, named("rsa")),
        "p256": ECKey.generate_key("P-256", named("p256")),
        "p384": ECKey.generate_key("P-384", named("p384")),
        "ed25519": OKPKey.generate_key("Ed25519", named("ed25519")),
    }


class Issuer:
    def __init__(self):
        self.generation, self.keys = 1, fresh_keys(1)
        self.pages, self.asked = {}, Counter()
        self.url = None

    def jwks(self):
        return {"keys": [key.as_dict(private=False) for key in self.keys.values()]}

    def page(self, path):
        self.asked[path] += 1
        if path in self.pages:
            return self.pages[path]
        if path == "/.well-known/openid-configuration":
            about = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", "response_types_supported": ["code"]}
            return 200, json.dumps(about), None
        if path == "/keys":
            return 200, json.dumps(self.jwks()), None
        return 404, "", None

    def header(self, name, more):
        usual = {"alg": ALGORITHMS[name], "typ": "JWT", "kid": self.keys[name].kid}
        header = {**usual, **more}
        return {member: value for member, value in header.items() if value is not None}

    def do(self, order):
        return getattr(self, f"do_{order.pop('do')}")(**order)

    def do_sign(self, claims, header=None, key="p256"):
        return self.do_sign_text(json.dumps(self.header(key, header or {})), json.dumps(claims), key)

    def do_sign_text(self, header, claims, key="p256"):
        # The library signs the header that it is given; texts with doubled members go around its own encoder.
        message = f"{text64(header.encode())}.{text64(claims.encode())}"
        algorithm = jws.JWSRegistry.algorithms[ALGORITHMS[key]]
        signature = algorithm.sign(message.encode(), self.keys[key])
        return {"token": f"{message}.{text64(signature)}"}

    def do_hmac(self, claims, header=None, **how):
        key = self.keys["rsa"]
        secret = key.as_pem(private=False) if how["with"] == "pem" else json.dumps(key.as_dict(private=False)).encode()
        header = {**self.header("rsa", {"alg": "HS256"}), **(header or {})}
        message = f"{text64(json.dumps(header).encode())}.{text64(json.dumps(claims).encode())}"
        signature = hmac.new(secret, message.encode(), hashlib.sha256).digest()
        return {"token": f"{message}.{text64(signature)}"}

    def do_rotate(self):
        self.generation += 1
        self.keys = fresh_keys(self.generation)
        return {"kid": self.keys["p256"].kid}

    def do_publish(self, path, body=None, status=200, location=None):
        self.pages[path] = (status, body or "", location)
        return {}

    def do_count(self):
        return dict(self.asked)

    def do_jwks(self):
        return {"jwks": self.jwks()}


def text64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def handler(issuer):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, location = issuer.page(self.path)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            if location:
                self.send_header("location", location)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments):
            pass

    return Handler


issuer = Issuer()
server = ThreadingHTTPServer(("127.0.0.1", 0), handler(issuer))
server.daemon_threads = True
issuer.url = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"issuer": issuer.url}), flush=True)
for line in sys.stdin:
    print(json.dumps(issuer.do(json.loads(line))), flush=True)
