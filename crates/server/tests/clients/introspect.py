"""Two OAuth 2.0 client libraries do RFC 7662 and RFC 7009 against a running server.

Arguments: the server's address. Standard input: one JSON object with the API's credential and some tokens.
Prints what the libraries made of the answers, as JSON; the test compares it.
"""

import json
import sys

from authlib.integrations.requests_client import OAuth2Session
from requests_oauth2client import ClientSecretBasic, OAuth2Client

base = sys.argv[1]
given = json.load(sys.stdin)
told = {}

# Basic (RFC 6749, section 2.3.1), with the API's credential as the secret and any name.
client = OAuth2Client(
    token_endpoint=f"{base}/oauth2/token",
    introspection_endpoint=f"{base}/oauth2/introspect",
    revocation_endpoint=f"{base}/oauth2/revoke",
    auth=ClientSecretBasic("taskurai", given["credential"]),
    testing=True,
)
told["live"] = client.introspect_token(given["live"])
told["garbage"] = client.introspect_token("garbage")
told["revoked"] = client.revoke_access_token(given["doomed"])
told["dead"] = client.introspect_token(given["doomed"])

session = OAuth2Session("taskurai", given["credential"], token_endpoint_auth_method="client_secret_basic")
answer = session.introspect_token(f"{base}/oauth2/introspect", token=given["live"], token_type_hint="access_token")
told["authlib"] = answer.json()

json.dump(told, sys.stdout, default=str)
