"""A photo as its file describes it, before anything is decoded: which format, how large, and what metadata. Pure."""

from typing import Literal

import msgspec

from feed.renditions.model import RenderingFailed

ImageFormat = Literal["JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF"]

# Of a phone: 48 megapixels. Checked before decoding, and again by the decoder.
PIXELS_MOST = 50_000_000
# An animated file has its still shown, but a file that asks for more than this of a decoder is taken for hostile.
FRAMES_MOST = 2_000
FRAME_PIXELS_MOST = 2_000_000_000
# All metadata of a file that are looked at together, and a colour profile.
METADATA_BYTES = 4 * 1024 * 1024


class Metadata(msgspec.Struct):
    """What a file says beside its picture; it is read, and never written again.

    `color_numbers`: primaries and transfer by ITU-T H.273. `texts`: XMP, IPTC, comments, manifests.
    """

    exif: bytes = b""
    color_profile: bytes = b""
    color_numbers: tuple[int, int] | None = None
    texts: list[bytes] = []
    text_bytes: int = 0

    def add(self, text: bytes) -> None:
        """Adds what may say something of how the picture was made, as far as there is room."""
        kept = text[: METADATA_BYTES - self.text_bytes]
        if kept:
            self.texts.append(kept)
            self.text_bytes += len(kept)


class Source(msgspec.Struct):
    """A file that has been read. `content`: a file of the same format with the picture alone, for the decoder.

    `end`: where the picture's own file ends; what follows may be a second picture, a clip, or a document of another kind.
    `same_if_whole`: the same with other bytes after its data: the same picture, unless the decoder needs more data than there are.
    """

    format: ImageFormat
    width: int
    height: int
    frames: int
    content: bytes
    end: int
    metadata: Metadata
    same_if_whole: bytes = b""


def check_size(width: int, height: int, frames: int = 1) -> None:
    """Raises RenderingFailed if a decoder would need too much for it."""
    if width < 1 or height < 1:
        raise RenderingFailed("corrupt", f"{width} × {height}")
    if width * height > PIXELS_MOST:
        raise RenderingFailed("too_many_pixels", f"{width} × {height}")
    if frames > FRAMES_MOST or width * height * frames > FRAME_PIXELS_MOST:
        raise RenderingFailed("too_many_frames", f"{frames} of {width} × {height}")
