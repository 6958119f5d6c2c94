"""Forms with one file (`multipart/form-data`), read piece by piece: the file goes to disk, and memory stays flat.

The framework reads a form as a whole before the handler, and keeps files of several fields in memory. Names of files are never
looked at: they may have any bytes.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    content_disposition_unquote,
    parse_options_header,
)

from feed.api.errors import BodyTooSlow, NotMultipart
from feed.decoding.problems import unknown_field
from feed.errors import FieldError, Invalid, MalformedBody
from feed.media.model import DIRECT_BYTES_MOST, FileTooLarge, UnsupportedMedia
from feed.media.sniffing import HEAD_BYTES, Sniffed, sniff
from feed.media.temporary_files import TemporaryFile

# The name of the field with the file.
FILE = "file"
# What a form has beside the file: boundaries, headers and the other fields.
FORM_BYTES = 64 * 1024
_SEGMENTS_MOST = 16
# A name of 4 KB, percent-encoded; it is skipped.
_HEADER_LONGEST = 16 * 1024
# The longest text of a field, in bytes: 500 characters of four bytes, each decomposed into four.
_VALUE_LONGEST = 8_000


class ReadForm(msgspec.Struct, frozen=True):
    """A form that was read: what its file is by its content, and the other fields as JSON."""

    sniffed: Sniffed
    fields: bytes


class _Fields:
    """The fields of a form while it is read."""

    def __init__(self, known: tuple[str, ...], integers: frozenset[str]) -> None:
        self._known = known
        self._integers = integers
        self._values: dict[str, Any] = {}
        self._raw = bytearray()
        self.name = ""
        self.has_file = False

    def begin(self, name: str) -> None:
        """Begins a field."""
        self._raw.clear()
        if name in self._values or (name == FILE and self.has_file):
            raise Invalid(FieldError(name, "repeated"))
        if name != FILE and name not in self._known:
            raise Invalid(unknown_field(name, [FILE, *self._known]))
        self.name = name
        self.has_file = self.has_file or name == FILE

    def extend(self, piece: bytes | bytearray) -> None:
        """Adds a piece of the field's value."""
        if len(self._raw) + len(piece) > _VALUE_LONGEST:
            raise Invalid(FieldError(self.name, "too_long", {"longest": _VALUE_LONGEST // 4}))
        self._raw += piece

    def end(self) -> None:
        """Ends the field."""
        if self.name == FILE:
            return
        try:
            text = self._raw.decode()
        except UnicodeDecodeError:
            raise Invalid(FieldError(self.name, "forbidden_character")) from None
        is_number = self.name in self._integers and text.isascii() and text.isdecimal() and len(text) < 16
        self._values[self.name] = int(text) if is_number else text

    def encoded(self) -> bytes:
        """The values of the fields but the file, as a JSON object."""
        return msgspec.json.encode(self._values)


async def read_form(
    request: Request[Any, Any, Any], file: TemporaryFile, *, known: tuple[str, ...], integers: frozenset[str]
) -> ReadForm:
    """Reads a form with one file, which is written to `file`, and with fields of the `known` names.

    Raises NotMultipart, MalformedBody, Invalid, FileTooLarge, UnsupportedMedia as soon as the first bytes say so, and BodyTooSlow if
    the client leaves.
    """
    fields = _Fields(known, integers)
    form = PushMultipartParser(
        _boundary(request.headers.get("content-type", "")),
        max_header_size=_HEADER_LONGEST,
        max_segment_count=_SEGMENTS_MOST,
        # Every sequence of bytes is a text in it, so that no name of a file is malformed.
        header_charset="latin1",
    )
    sniffed: Sniffed | None = None
    try:
        with form:
            async for piece in _pieces(request):
                for event in form.parse(piece):
                    if isinstance(event, MultipartSegment):
                        fields.begin(event.name)
                    elif event and fields.name == FILE:
                        await file.write(event)
                        if file.byte_count > DIRECT_BYTES_MOST:
                            raise FileTooLarge
                        if sniffed is None and file.byte_count >= HEAD_BYTES:
                            sniffed = _sniffed(file)
                    elif event:
                        fields.extend(event)
                    else:
                        fields.end()
    except MultipartError:
        raise MalformedBody from None
    if not file.byte_count:
        raise Invalid(FieldError(FILE, "required"))
    await file.flush()
    return ReadForm(sniffed or _sniffed(file), fields.encoded())


def _sniffed(file: TemporaryFile) -> Sniffed:
    found = sniff(file.head)
    if found is None:
        raise UnsupportedMedia
    return found


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type, unquote=content_disposition_unquote)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data":
        raise NotMultipart
    # RFC 2046: at most 70 characters.
    if not 1 <= len(boundary) <= 70 or not boundary.isascii() or "\n" in boundary or "\r" in boundary:
        raise MalformedBody
    return str(boundary).encode()


async def _pieces(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body in pieces, at most so much as a form may have. Raises BodyTooSlow if the client closes the connection."""
    total = 0
    while True:
        event = await request.receive()
        if event["type"] != "http.request":
            raise BodyTooSlow
        total += len(event["body"])
        if total > DIRECT_BYTES_MOST + FORM_BYTES:
            raise FileTooLarge
        if event["body"]:
            # An empty piece would be the end of the form.
            yield event["body"]
        if not event.get("more_body", False):
            return
