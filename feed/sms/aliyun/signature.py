"""ACS3-HMAC-SHA256, by which Aliyun knows who asks: over method, path, query, headers and the body's hash."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def encoded(query: Mapping[str, str]) -> str:
    """The one spelling of a query that is signed: sorted, and escaped as RFC 3986 has it."""
    return "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))


def authorization(
    *, key_id: str, key_secret: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> str:
    """The value of `authorization`: over all of `headers`, which hold `x-acs-content-sha256` already."""
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = "\n".join((method, path, query, lines, names, hashlib.sha256(body).hexdigest()))
    stated = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(key_secret.encode(), stated.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
