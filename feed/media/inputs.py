"""What clients say of photos and videos that they upload, its limits, and how a file is cut into parts. Pure."""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from feed.errors import FieldError
from feed.media.model import Kind
from feed.texts import has_controls, opaque, prose

ALT = prose(500, required=False, shown_as="alt")

# Of a file that is sent to the object storage in parts. The longest videos that phones make in five minutes, at 1080p and 60
# frames a second, have 450 MB; the largest photos that are decoded (50 megapixels) are well below 50 MB.
IMAGE_BYTES_MOST = 50 * 1024 * 1024
VIDEO_BYTES_MOST = 512 * 1024 * 1024
# Sent again as a whole after an interruption, so not too large for a slow network: 64 seconds at 1 Mbit/s.
PART_BYTES = 8 * 1024 * 1024
PARTS_MOST = -(-VIDEO_BYTES_MOST // PART_BYTES)
# The longest video; a later cover than this is in none.
VIDEO_MS_MOST = 300_000

# Until when all parts of an upload have to be there, and how long a URL for a part works.
UPLOAD_HOURS = 24
URL_MINUTES = 60

# Of all accounts of a person: files that are attached to nothing, and bytes in 24 hours.
UNUSED_MOST = 60
BYTES_PER_DAY = 3 * 1024 * 1024 * 1024

_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_ETAG_LONGEST = 200

CoverMs = Annotated[int, Meta(ge=0, le=VIDEO_MS_MOST)]


class MediaForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a photo or video that is sent through the API, beside the file itself."""

    kind: Kind | None = None
    alt: Annotated[str, ALT.bound] = ""
    cover_ms: CoverMs | None = None


class NewMedia(MediaForm, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A photo or video that is sent through the API: a form with the file, at most 20 MB."""

    file: Annotated[str, Meta(extra_json_schema={"format": "binary"})]


class NewUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A photo or video that is to be sent to the object storage in parts."""

    kind: Kind
    content_type: Annotated[str, opaque(100)]
    bytes: Annotated[int, Meta(ge=1, le=VIDEO_BYTES_MOST)]
    sha256: Annotated[str, opaque(64)]
    alt: Annotated[str, ALT.bound] = ""
    cover_ms: CoverMs | None = None


class SentPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part that was sent. `etag`: as the object storage answered."""

    number: Annotated[int, Meta(ge=1, le=PARTS_MOST)]
    etag: Annotated[str, opaque(_ETAG_LONGEST)] | None = None


class SentParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All parts of a file that was sent to the object storage."""

    parts: Annotated[list[SentPart], Meta(min_length=1, max_length=PARTS_MOST)]


class MediaChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the owner of a photo or video changes. What is left out, or null, stays as it is."""

    alt: Annotated[str, ALT.bound] | None = None
    cover_ms: CoverMs | None = None


class Part(msgspec.Struct, frozen=True):
    """A part of a file: its number, from 1, and its size."""

    number: int
    byte_count: int


def list_parts(byte_count: int, part_bytes: int) -> list[Part]:
    """The parts of a file: all of the same size but the last one."""
    return [
        Part(at // part_bytes + 1, min(part_bytes, byte_count - at)) for at in range(0, max(byte_count, 1), part_bytes)
    ]


def upload_problems(upload: NewUpload) -> list[FieldError]:
    """What is wrong with an announced upload, beside what its type says."""
    problems = []
    if upload.kind == "image" and upload.bytes > IMAGE_BYTES_MOST:
        problems.append(FieldError("bytes", "out_of_range", {"least": 1, "most": IMAGE_BYTES_MOST}))
    if has_controls(upload.content_type):
        problems.append(FieldError("content_type", "forbidden_character"))
    if _SHA256.fullmatch(upload.sha256) is None:
        problems.append(FieldError("sha256", "not_sha256"))
    return problems + cover_problems(upload.kind, upload.cover_ms)


def cover_problems(kind: Kind, cover_ms: int | None) -> list[FieldError]:
    """A photo has no cover."""
    return [FieldError("cover_ms", "videos_only")] if kind == "image" and cover_ms is not None else []


def parts_problems(sent: Sequence[SentPart], *, count: int) -> list[FieldError]:
    """Numbers of parts that are beyond the last one, repeated or left out."""
    problems, seen = [], set()
    for place, part in enumerate(sent):
        if part.number > count:
            problems.append(FieldError(f"parts[{place}].number", "out_of_range", {"least": 1, "most": count}))
        elif part.number in seen:
            problems.append(FieldError(f"parts[{place}].number", "repeated"))
        seen.add(part.number)
    if not problems and len(seen) < count:
        problems.append(FieldError("parts", "parts_missing", {"count": count}))
    return problems


def plain_etag(etag: str) -> str:
    """An entity tag without its quotes, and without the mark of a weak one: proxies add it."""
    return etag.strip().removeprefix("W/").strip('"')
