"""What a file is by its first bytes: the name and the type that a client declares decide nothing. Pure, and total on any bytes."""

import msgspec

from feed.media.model import Kind

# So many bytes of the start of a file are looked at.
HEAD_BYTES = 4096

# Brands of the ISO base media format (ISO/IEC 14496-12; HEIF: ISO/IEC 23008-12, annex B; AVIF 1.1).
_AVIF = frozenset({b"avif", b"avis"})
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_QUICKTIME = b"qt  "
_MP4 = frozenset(
    {
        *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9"),
        *(b"mp41", b"mp42", b"mp71", b"avc1", b"hvc1", b"hev1", b"av01", b"dby1", b"MSNV", b"XAVC"),
        *(b"M4V ", b"M4VH", b"M4VP", b"f4v ", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a"),
    }
)
# Sound only, whatever it is compatible with.
_AUDIO = frozenset({b"M4A ", b"M4B ", b"M4P "})
# The first atom of QuickTime files that were written before there were brands.
_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


class Sniffed(msgspec.Struct, frozen=True):
    """What a file is by its content."""

    kind: Kind
    content_type: str


def sniff(head: bytes) -> Sniffed | None:
    """What the file that begins with these bytes is; None for anything but the formats that are accepted."""
    if head.startswith(b"\xff\xd8\xff"):
        # Also the files of several pictures (MPO) that some cameras and phones write.
        return Sniffed("image", "image/jpeg")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Sniffed("image", "image/png")
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Sniffed("image", "image/gif")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Sniffed("image", "image/webp")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return Sniffed("video", "video/webm") if _document_type(head) == b"webm" else None
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    return Sniffed("video", "video/quicktime") if head[4:8] in _ATOMS else None


def _of_brands(head: bytes) -> Sniffed | None:
    size = int.from_bytes(head[:4])
    major, compatible = head[8:12], {head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4)}
    if major in _AUDIO:
        return None
    if major in _AVIF or (major in _HEIF and compatible & _AVIF):
        return Sniffed("image", "image/avif")
    if major in _HEIF:
        return Sniffed("image", "image/heic")
    if major == _QUICKTIME:
        return Sniffed("video", "video/quicktime")
    return Sniffed("video", "video/mp4") if major in _MP4 or compatible & _MP4 else None


def _document_type(head: bytes) -> bytes:
    """The DocType of an EBML header: element 0x4282, a size of one byte, and the text."""
    at = head.find(b"\x42\x82", 4, 64)
    if at < 0 or at + 3 > len(head):
        return b""
    length = head[at + 2] & 0x7F
    return head[at + 3 : at + 3 + length].rstrip(b"\0")
