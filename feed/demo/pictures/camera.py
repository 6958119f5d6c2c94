"""Files as a phone writes them: JPEG photos with EXIF and XMP, and a short video, each with the position where it was taken."""

import io
import random
import struct
from typing import Any

from PIL import Image, ImageDraw

from feed.demo.pictures.scenes import STORM, draw_scene, skyline

# Lianhuashan park; the words that stand beside the position are looked for as well.
_NORTH, _EAST = (22, 33, 29), (114, 3, 21)
_CAMERA = "demo-camera"
_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    b' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="22,33.4833N" exif:GPSLongitude="114,3.3500E"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
_ISO_6709 = "+22.5581+114.0558/"
# What a file has that still tells the position: texts, and the numbers of EXIF in either byte order. Shorter ones would be found in
# compressed pixels by chance.
_TRACES = (
    b"Exif\0\0",
    b"22,33.48",
    b"22.5581",
    _CAMERA.encode(),
    struct.pack(">IIII", _NORTH[0], 1, _NORTH[1], 1),
    struct.pack("<IIII", _NORTH[0], 1, _NORTH[1], 1),
)
# The boxes in which videos have it.
_TRACES_OF_CLIPS = (b"loci", b"\xa9xyz")

_ORIENTATION, _MAKE, _GPS = 0x0112, 0x010F, 0x8825
_CLIP_SIZE, _CLIP_SECONDS, _FRAMES_PER_SECOND = (640, 360), 3, 15
CLIP_MS = 1000 * _CLIP_SECONDS


def traces_in(content: bytes, *, is_clip: bool = False) -> list[bytes]:
    """What is left of the position, and of the other metadata that the camera has written."""
    return [trace for trace in (*_TRACES, *(_TRACES_OF_CLIPS if is_clip else ())) if trace in content]


def take_photo(scene: str, number: int) -> bytes:
    """A photo of the scene with its position. Upright scenes are stored on their side, as phones do, which EXIF says."""
    image = draw_scene(scene, number)
    exif = Image.Exif()
    exif[_MAKE] = _CAMERA
    exif[_GPS] = {1: "N", 2: tuple(map(float, _NORTH)), 3: "E", 4: tuple(map(float, _EAST))}
    if image.height > image.width:
        image, exif[_ORIENTATION] = image.transpose(Image.Transpose.ROTATE_90), 6
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88, exif=exif, xmp=_XMP)
    return out.getvalue()


def take_clip(byte_count: int) -> bytes:
    """A video of rain over the city with its position, as MP4 of `byte_count` bytes. PyAV is needed for it."""
    import av  # An extra, loaded when it is needed.

    chance = random.Random(11)  # noqa: S311 (the same rain in each run)
    town = skyline(chance, STORM).resize(_CLIP_SIZE, Image.Resampling.LANCZOS)
    drops = [(chance.randrange(640), chance.randrange(360), chance.randint(10, 26)) for _ in range(170)]
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        file.metadata["location"] = _ISO_6709
        stream: Any = file.add_stream("libx264", rate=_FRAMES_PER_SECOND, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *_CLIP_SIZE, "yuv420p"
        for number in range(_CLIP_SECONDS * _FRAMES_PER_SECOND):
            frame: Any = av.VideoFrame
            file.mux(stream.encode(frame.from_image(_rain(town, drops, number))))
        file.mux(stream.encode(None))
    content = out.getvalue()
    # Space that a camera has reserved and not used.
    spare = byte_count - len(content)
    return content + struct.pack(">I", spare) + b"free" + bytes(spare - 8)


def _rain(town: Image.Image, drops: list[tuple[int, int, int]], number: int) -> Image.Image:
    image = town.copy()
    draw = ImageDraw.Draw(image)
    for x, y, length in drops:
        top = (y + number * (length + 8)) % 380 - 20
        left = (x - number * 3) % 650
        draw.line((left, top, left - 3, top + length), fill=(206, 216, 224), width=1)
    return image
