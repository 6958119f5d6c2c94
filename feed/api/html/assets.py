"""Stylesheets, scripts and pictures of the pages, served under addresses that change with their content."""

import gzip
import hashlib
import mimetypes
from pathlib import Path

import msgspec

ASSETS_PATH = "/assets"
_FOLDER = Path(__file__).parent / "static"
_COMPRESSED = frozenset({".css", ".js", ".mjs", ".svg", ".txt"})


class Asset(msgspec.Struct, frozen=True):
    """A file; `compressed` is None where gzip saves nothing."""

    content_type: str
    content: bytes
    compressed: bytes | None
    tag: bytes


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(
        kind,
        content,
        gzip.compress(content, 9, mtime=0) if path.suffix in _COMPRESSED else None,
        hashlib.sha256(content).hexdigest()[:16].encode(),
    )


ASSETS = {path.relative_to(_FOLDER).as_posix(): _read(path) for path in sorted(_FOLDER.rglob("*")) if path.is_file()}
# One for all files: a script imports its neighbours by relative addresses.
RELEASE = hashlib.sha256(b"".join(name.encode() + each.tag for name, each in ASSETS.items())).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file. Raises KeyError for a name without a file."""
    ASSETS[name]
    return f"{ASSETS_PATH}/{RELEASE}/{name}"
