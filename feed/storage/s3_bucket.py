"""Where a bucket is, and how it is addressed. Pure."""

from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec


class S3Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bucket is and how it is addressed. `public_endpoint`: as clients reach it; empty: as we do."""

    name: str
    endpoint: str
    public_endpoint: str = ""
    region: str
    key_id: str
    key_secret: str
    addressing: Literal["virtual", "path"]

    def __repr__(self) -> str:
        return f"S3Bucket({self.name!r}, endpoint={self.endpoint!r})"


def server_address(bucket: S3Bucket, endpoint: str) -> str:
    """The endpoint without a slash at its end. Of virtual addressing: with the bucket in the host, which the library does not add."""
    if bucket.addressing == "path":
        return endpoint.rstrip("/")
    parts = urlsplit(endpoint)
    host = parts.netloc if parts.netloc.startswith(f"{bucket.name}.") else f"{bucket.name}.{parts.netloc}"
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
