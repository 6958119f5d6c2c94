"""The structure of HEIC and AVIF files: boxes of ISO 14496-12. Pure; total on any bytes.

Sizes and metadata are within the boxes' boxes, and are read by the decoders, which read headers without decoding a picture.
"""

from typing import Literal

from feed.renditions.images.source import Metadata
from feed.renditions.model import RenderingFailed

_AVIF = {b"avif", b"avis"}
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
# Either of them, and formats that are not accepted.
_ANY = {b"mif1", b"msf1"}
# Beside the pictures' own metadata: manifests of C2PA (ISO 19566-5), and XMP as videos have it.
_TEXTS = {b"uuid", b"jumb"}
_KNOWN = {b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"free", b"skip", b"uuid", b"idat", b"jumb"}
_BOXES_MOST = 1_000


def heif_format(data: bytes) -> Literal["HEIF", "AVIF"] | None:
    """What a file of this family is; None for videos and everything else."""
    if data[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(data[:4], "big"), 512, len(data))
    brands = {bytes(data[at : at + 4]) for at in (8, *range(16, end - 3, 4))}
    if not (brands & (_ANY | _AVIF | _HEIF)) or data[8:12] not in _ANY | _AVIF | _HEIF:
        return None
    if brands & _AVIF and data[8:12] not in _HEIF:
        return "AVIF"
    return "HEIF" if brands & _HEIF else None


def read_boxes(data: bytes) -> tuple[int, Metadata]:
    """Where the last box ends, and what stands beside the pictures. Raises RenderingFailed if a box is not there to its end."""
    metadata, position = Metadata(), 0
    for _ in range(_BOXES_MOST):
        header = data[position : position + 8]
        if len(header) < 8 or not all(0x20 <= each < 0x7F or each == 0xA9 for each in header[4:]):
            break
        length, start = int.from_bytes(header[:4], "big"), position + 8
        if length == 1:
            length, start = int.from_bytes(data[start : start + 8], "big"), position + 16
        after = len(data) if length == 0 else position + length
        if after > len(data) and header[4:] in _KNOWN:
            raise RenderingFailed("truncated", f"box at {position}")
        if not start <= after <= len(data):
            # No box, but something that was appended.
            break
        if header[4:] in _TEXTS:
            metadata.add(data[start:after])
        position = after
    return position, metadata
