"""Files of photos, made by Pillow and by hand."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import pillow_heif
from PIL import Image

from feed.renditions.images import decoding
from feed.renditions.images.render import render_image
from feed.renditions.model import Rendered

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "HEIF", "AVIF"]

decoding.load()
pillow_heif.register_heif_opener()


def rendered(content: bytes, folder: Path) -> Rendered:
    """Renders a file in this process."""
    (folder / "source").write_bytes(content)
    (folder / "target").mkdir(exist_ok=True)
    return render_image(folder / "source", folder / "target", progress=lambda _: None)


def full(content: bytes, folder: Path, file: str = "full.jpg") -> Image.Image:
    """The largest rendition of a file."""
    rendered(content, folder)
    with Image.open(folder / "target" / file) as picture:
        picture.load()
        return picture


def saved(picture: Image.Image, format_name: str, **options: object) -> bytes:
    content = BytesIO()
    picture.save(content, format_name, **options)
    return content.getvalue()


def segment(code: int, payload: bytes) -> bytes:
    """A segment of a JPEG file."""
    return bytes([0xFF, code]) + (len(payload) + 2).to_bytes(2, "big") + payload


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG file with segments at its beginning."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(kind: bytes, payload: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG file with chunks after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def png(width: int, height: int, depth: int, color_type: int, rows: Iterable[bytes]) -> bytes:
    """A PNG file from its rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    compressor = zlib.compressobj(9)
    parts = [compressor.compress(b"\x00" + row) for row in rows]
    data = b"".join([*parts, compressor.flush()])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def exif_with_gps(orientation: int | None = None) -> bytes:
    """EXIF data of 22°32'35.15" N, 114°3'28.31" E, with a maker's note."""
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    exif[0x010F] = "PLANTED camera"
    exif[0x8769] = {0x927C: b"PLANTED maker note", 0x9286: b"ASCII\x00\x00\x00PLANTED comment"}
    exif[0x8825] = {1: "N", 2: (22.0, 32.0, 35.15), 3: "E", 4: (114.0, 3.0, 28.31), 29: "2026:07:01"}
    return exif.tobytes()


XMP_WITH_GPS = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    b' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="22,32.5858N" exif:GPSLongitude="114,3.4718E" PLANTED="1"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
# The position in decimals, in the notation of XMP, as rationals of either byte order, and the word that stands beside it everywhere.
PLANTED = (
    b"PLANTED",
    b"22.543",
    b"114.057",
    b"22,32.58",
    b"114,3.47",
    b"GPS",
    struct.pack(">IIII", 22, 1, 32, 1),
    struct.pack("<IIII", 22, 1, 32, 1),
    struct.pack(">IIII", 114, 1, 3, 1),
    struct.pack("<IIII", 114, 1, 3, 1),
)


def matrix_profile(primaries: Sequence[Sequence[float]], gamma: float, description: bytes = b"PLANTED wide") -> bytes:
    """An ICC profile (version 2) of colours with these primaries, in XYZ at D50."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    curve = b"curv\x00\x00\x00\x00" + struct.pack(">IH", 1, round(gamma * 256)) + b"\x00\x00"
    tags = {
        b"desc": b"desc\x00\x00\x00\x00" + struct.pack(">I", len(description) + 1) + description + bytes(80),
        b"cprt": b"text\x00\x00\x00\x00none\x00",
        b"wtpt": b"XYZ \x00\x00\x00\x00" + b"".join(map(fixed, (0.9642, 1.0, 0.8249))),
        **{
            name + b"XYZ": b"XYZ \x00\x00\x00\x00" + b"".join(map(fixed, values))
            for name, values in zip((b"r", b"g", b"b"), primaries, strict=True)
        },
        **{name + b"TRC": curve for name in (b"r", b"g", b"b")},
    }
    body, table = b"", struct.pack(">I", len(tags))
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s4sI", 2026, 1, 1, 0, 0, 0, b"acsp", b"none", 0) + bytes(20) + bytes(4)
    header += b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return header.ljust(128, b"\x00") + table + body


DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
