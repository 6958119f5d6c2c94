"""Aliyun's request signature ACS3-HMAC-SHA256 over method, path, query, headers and the hash of the body."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def encoded(query: Mapping[str, str]) -> str:
    """The canonical query string: sorted by name, escaped as in RFC 3986."""
    return "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))


def authorization(
    *, key_id: str, key_secret: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> str:
    """The value of the `authorization` header. Signs all of `headers`, which must include `x-acs-content-sha256`."""
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = "\n".join((method, path, query, lines, names, hashlib.sha256(body).hexdigest()))
    string_to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(key_secret.encode(), string_to_sign.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
