"""Tencent Cloud's request signature TC3-HMAC-SHA256 over content type, host and the hash of the body, with a daily key."""

import hashlib
import hmac
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"
_SIGNED = "content-type;host"


def authorization(
    *, key_id: str, key_secret: str, service: str, host: str, content_type: str, body: bytes, at: datetime
) -> str:
    """The value of the `Authorization` header for a POST to `/`. `at` is the time in `X-TC-Timestamp`."""
    stamp = int(at.timestamp())
    day = f"{at.astimezone(UTC):%Y-%m-%d}"
    headers = f"content-type:{content_type}\nhost:{host}\n"
    canonical = "\n".join(("POST", "/", "", headers, _SIGNED, hashlib.sha256(body).hexdigest()))
    scope = f"{day}/{service}/tc3_request"
    string_to_sign = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{key_secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, string_to_sign.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}"
