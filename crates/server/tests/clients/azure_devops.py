"""Calls of the real Python client of Azure DevOps: `azure_devops.py BASE` with {token, scheme, calls} on stdin.

A call is [client, method, arguments]. What each came to is a line of the answer's list: {"is": …} or {"error", "says"}.
"""

import json
import sys

from azure.devops.connection import Connection
from msrest.authentication import BasicAuthentication, BasicTokenAuthentication


def plain(value):
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.as_dict() if hasattr(value, "as_dict") else value


def argument(value):
    """A body for which the client wants a type of its own is given as {"model": [module, name], …}."""
    if isinstance(value, list):
        return [argument(item) for item in value]
    if isinstance(value, dict) and "model" in value:
        module, name = value.pop("model")
        models = __import__(f"azure.devops.v7_1.{module}.models", fromlist=[name])
        return getattr(models, name)(**{member: argument(given) for member, given in value.items()})
    return value


def outcome(connection, client, method, arguments):
    try:
        if client == "connection":
            return {"is": plain(getattr(connection, method)())}
        found = getattr(connection.clients_v7_1, f"get_{client}_client")()
        given = {name: argument(value) for name, value in arguments.items()}
        return {"is": plain(getattr(found, method)(**given))}
    except Exception as error:
        return {"error": type(error).__name__, "says": str(error)}


given = json.load(sys.stdin)
token = given["token"]
if given["scheme"] == "basic":
    credentials = BasicAuthentication("", token)
else:
    credentials = BasicTokenAuthentication({"access_token": token})
connection = Connection(base_url=sys.argv[1], creds=credentials)
json.dump([outcome(connection, *call) for call in given["calls"]], sys.stdout)
