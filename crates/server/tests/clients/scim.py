"""scim2-tester checks a running server against RFC 7643 and RFC 7644.

Arguments: the server's address. Standard input: one JSON object with a token. Prints what each check came to, as
JSON; the test looks at it.
"""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

base = sys.argv[1]
given = json.load(sys.stdin)
client = Client(base_url=f"{base}/scim/v2", headers={"Authorization": f"Bearer {given['token']}"}, trust_env=False)
results = check_server(SyncSCIMClient(client))
told = [
    {"status": result.status.name, "title": result.title, "of": result.resource_type, "reason": result.reason}
    for result in results
]
json.dump(told, sys.stdout)
