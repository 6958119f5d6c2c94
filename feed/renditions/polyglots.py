"""Files that are a photo or a video and a document of another kind as well. Total on any bytes.

No byte of an original is ever served, so such a file could do nothing here. It is refused because no camera makes one. What
phones and cameras append is no document: a second picture, a clip, a depth map, a vendor's own block, texts about the camera, zeros.
HTML within a comment or a pixel is nothing either: it is in the place of metadata, and is removed with them.
"""

import re
import struct
from typing import BinaryIO

# Programs that open such a document look for its signature a little way into a file.
_PDF_WITHIN = 1024
# The end of a ZIP archive, a JAR or an office document, which is read from its end.
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_ZIP_END_BYTES = 22
_ZIP_COMMENT_MOST = 65_535
# So much of what is appended is looked at; a TAR archive has its signature behind the name of its first file.
_APPENDED_BYTES = 1024
# Markup of any kind, the end of a comment in which a script hides the picture, archives, programs, documents.
_TEXT = re.compile(
    rb"\s{0,64}(?:<\s{0,8}[!?/a-z%]|\*/|%PDF-|%!PS|#!\s?/|\{\\rtf|MIME-Version:|From:\s|Content-Type:)", re.IGNORECASE
)
_BINARY = re.compile(
    rb"PK\x03\x04|PK\x05\x06|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b\x08|BZh[1-9](?:1AY&SY|\x17rE8P)|\xfd7zXZ\x00|\x28\xb5\x2f\xfd"
    rb"|MSCF\x00|\x7fELF|MZ.{58}|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|\x00asm|dex\n0|[FCZ]WS[\x01-\x40]|\xd0\xcf\x11\xe0|SQLite format 3"
    rb"|.{257}ustar",
    re.DOTALL,
)
_MARKS_OF_ORDER = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def is_document(file: BinaryIO, end: int) -> bool:
    """Whether a file whose photo or video ends at `end` is a document as well."""
    return (
        b"%PDF-" in _read(file, 0, _PDF_WITHIN)
        or _begins_document(_read(file, end, _APPENDED_BYTES))
        or _is_archive(file)
    )


def _begins_document(appended: bytes) -> bool:
    plain = appended
    for mark in _MARKS_OF_ORDER:
        plain = plain.removeprefix(mark)
    # Also a text of two bytes a character, and one behind zeros.
    return _BINARY.match(appended) is not None or _TEXT.match(plain.replace(b"\x00", b"")) is not None


def _is_archive(file: BinaryIO) -> bool:
    """Whether there is an end of an archive whose list of entries is where it says."""
    size = file.seek(0, 2)
    lowest = max(0, size - _ZIP_END_BYTES - _ZIP_COMMENT_MOST)
    tail = _read(file, lowest, size - lowest)
    position = len(tail)
    while (position := tail.rfind(_ZIP_END, 0, position)) >= 0:
        if len(tail) - position < _ZIP_END_BYTES:
            continue
        entries, length = struct.unpack_from("<HI", tail, position + 10)
        if (entries == 0 and length == 0) or _read(file, max(0, lowest + position - length), 4) == _ZIP_ENTRY:
            return True
    return False


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)
