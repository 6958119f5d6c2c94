"""The ZIP of an export, written in pieces: what is in memory is what has not been taken yet."""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

FORMAT = "feed-export-1"
_EXACT = 2**53
_README = """这是您在鹏友圈的个人信息副本。manifest.json 列出每个文件的行数和 SHA-256，以及未包含的数据及原因；时间为 UTC。您的照片和视频在 media 目录中，按 media.json 里的编号存放。
This is a copy of what is stored about your account. manifest.json lists each file with its number of rows and its SHA-256,
and what is left out and why. Times are in UTC. Your photos and videos are in the folder media, by their ids in media.json.
"""


class _Sink(io.RawIOBase):
    """A file that is only written; its bytes are taken from time to time."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        self._held += data
        self._written += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken

    def held(self) -> int:
        return len(self._held)


class Archive:
    """A ZIP with a JSON list for each table, photos and videos, and a manifest of all of them."""

    def __init__(self, account_id: int, made_at: datetime) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)
        self._manifest: dict[str, Any] = {
            "format": FORMAT,
            "account_id": str(account_id),
            "made_at": made_at,
            "tables": [],
            "files": [],
            "missing": [],
        }
        self._member: Any = None
        self._table = ""
        self._rows = 0
        self._bytes = 0
        self._sha256 = hashlib.sha256()

    def held(self) -> int:
        """The number of bytes that can be taken."""
        return self._sink.held()

    def begin_table(self, name: str) -> None:
        """Begins the file of a table."""
        self._table, self._rows, self._sha256 = name, 0, hashlib.sha256()
        self._member = self._zip.open(f"{name}.json", "w", force_zip64=True)
        self._write(b"[")

    def add_rows(self, rows: Iterable[Any]) -> None:
        """Adds rows to the table, each with its columns by name."""
        for row in rows:
            self._write(b",\n" if self._rows else b"\n")
            self._write(msgspec.json.encode({name: _plain(value) for name, value in row.items()}))
            self._rows += 1

    def end_table(self) -> None:
        """Ends the file of the table and lists it in the manifest."""
        self._write(b"\n]\n")
        self._member.close()
        self._manifest["tables"].append(
            {
                "table": self._table,
                "file": f"{self._table}.json",
                "rows": self._rows,
                "sha256": self._sha256.hexdigest(),
            }
        )

    def begin_file(self, name: str) -> None:
        """Begins a photo or video, which is compressed already."""
        self._table, self._bytes, self._sha256 = name, 0, hashlib.sha256()
        self._member = self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True)

    def add_bytes(self, data: bytes) -> None:
        """Adds bytes to the photo or video."""
        self._write(data)
        self._bytes += len(data)

    def end_file(self) -> None:
        """Ends the photo or video and lists it in the manifest."""
        self._member.close()
        self._manifest["files"].append({"file": self._table, "bytes": self._bytes, "sha256": self._sha256.hexdigest()})

    def add_missing(self, name: str) -> None:
        """Lists a photo or video in the manifest that was removed meanwhile."""
        self._manifest["missing"].append(name)

    def close(self, left_out: Mapping[str, str]) -> None:
        """Adds the manifest, with the reasons of the tables that are left out, and ends the ZIP."""
        self._manifest["left_out"] = [{"table": table, "reason": reason} for table, reason in left_out.items()]
        self._zip.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(self._manifest)))
        self._zip.writestr("README.txt", _README)
        self._zip.close()

    def take(self) -> bytes:
        """The bytes since the last time."""
        return self._sink.take()

    def _write(self, data: bytes) -> None:
        self._member.write(data)
        self._sha256.update(data)


def _plain(value: Any) -> Any:
    """The value as JSON of which nothing is lost: large integers and decimals as texts."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _EXACT:
        return str(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
