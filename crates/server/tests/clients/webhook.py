"""A receiver's check of a webhook, as docs/notices.md has it, with nothing but Python's own library."""
import base64
import hashlib
import hmac
import json
import sys


def verify(secret, headers, body, now, tolerance=300):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(now - int(timestamp)) > tolerance:
        return False
    signed = f"{message_id}.{timestamp}.{body}".encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [part.removeprefix("v1,") for part in headers["webhook-signature"].split() if part.startswith("v1,")]
    return any(hmac.compare_digest(expected, signature) for signature in given)


given = json.load(sys.stdin)
json.dump([verify(**call) for call in given], sys.stdout)
