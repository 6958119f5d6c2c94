"""TC3-HMAC-SHA256, by which Tencent Cloud knows who asks: a key of the day over content type, host and the body's hash."""

import hashlib
import hmac
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"
_SIGNED = "content-type;host"


def authorization(
    *, key_id: str, key_secret: str, service: str, host: str, content_type: str, body: bytes, at: datetime
) -> str:
    """The value of `Authorization` for a POST to `/`; `at` is what `X-TC-Timestamp` says."""
    stamp = int(at.timestamp())
    day = f"{at.astimezone(UTC):%Y-%m-%d}"
    headers = f"content-type:{content_type}\nhost:{host}\n"
    canonical = "\n".join(("POST", "/", "", headers, _SIGNED, hashlib.sha256(body).hexdigest()))
    scope = f"{day}/{service}/tc3_request"
    stated = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{key_secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, stated.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}"
