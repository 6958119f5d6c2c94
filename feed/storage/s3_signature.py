"""The signature of a request to S3 (AWS Signature Version 4), over its method, path, headers and the hash of its body. Pure."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

_ALGORITHM = "AWS4-HMAC-SHA256"


def signed_headers(
    *,
    method: str,
    path: str,
    headers: Mapping[str, str],
    sha256: str,
    at: datetime,
    region: str,
    key_id: str,
    key_secret: str,
) -> dict[str, str]:
    """The headers of a request without a query: `headers`, which include `host`, and those that sign all of them.

    `path`: escaped as it is sent. `sha256`: of the body, in hexadecimal digits.
    """
    time = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed |= {"x-amz-content-sha256": sha256, "x-amz-date": time}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{sha256}"
    to_sign = f"{_ALGORITHM}\n{time}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{key_secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return signed | {
        "authorization": f"{_ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    }
