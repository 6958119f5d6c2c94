"""Renditions: what an uploaded file is turned into, and why it may be refused. Pure."""

from typing import Literal

import msgspec

# Why a file has no renditions. Stable: clients translate it, and `feed.reasons` has the words.
FailureCode = Literal[
    "unsupported_type",  # By its content: no photo or video of the formats that are accepted.
    "truncated",  # The end of the file is missing.
    "corrupt",  # It cannot be decoded.
    "polyglot",  # It is a document of another kind as well.
    "too_many_pixels",
    "too_many_frames",
    "too_long",  # A video of more than five minutes.
    "no_video",  # Sound only.
    "unsupported_codec",
    "size_mismatch",  # Other bytes than were announced.
    "checksum_mismatch",
    "upload_expired",
    "took_too_long",
    "processing_crashed",  # It has ended its process each time.
    "not_processed",  # Not within the time that a file may wait.
    "taken_down",  # A picture that moderators have taken down.
]
# Of the 256 bits of perceptual hashes: pictures that differ in so few are near-duplicates. Unrelated ones differ in about 128, and rarely
# in less than 70.
NEAR = 26
AiSource = Literal["declared_ai", "composite_ai"]


class RenderingFailed(Exception):
    """The file has no renditions, and will not have any if it is tried again."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code: FailureCode = code
        self.detail = detail


class RenderedFile(msgspec.Struct, frozen=True):
    """A file in the target folder. `file`: its name there, `list.webp`."""

    name: str
    file: str
    content_type: str
    width: int
    height: int
    byte_count: int


class Rendered(msgspec.Struct, frozen=True):
    """The renditions of a file. Width and height are those of the upright original.

    `placeholder`: a ThumbHash in base64. `perceptual_hash`: 32 bytes, of the cover for a video; null for a flat picture.
    `ai_source`: what its metadata said about being made by AI.
    """

    width: int
    height: int
    duration_ms: int | None
    placeholder: str
    perceptual_hash: bytes | None
    ai_source: AiSource | None
    files: list[RenderedFile]
