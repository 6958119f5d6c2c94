"""Small real photos and videos, and forms that carry them."""

import hashlib
import io
from typing import Any

import av
import httpx
import pillow_heif
from PIL import Image

from tests.support.api import Person


def picture(image_format: str = "PNG", *, size: tuple[int, int] = (32, 24), colour: str = "red", **more: Any) -> bytes:
    """A picture of one colour."""
    image, out = Image.new("RGB", size, colour), io.BytesIO()
    if image_format == "HEIF":
        pillow_heif.from_pillow(image).save(out)
    elif image_format == "MPO":
        # As phones write a photo with its depth or its other eye: JPEGs one after the other.
        image.save(out, "MPO", save_all=True, append_images=[Image.new("RGB", size, "blue")])
    else:
        image.save(out, image_format, **more)
    return out.getvalue()


def clip(container: str = "mp4", *, codec: str = "libx264", frames: int = 5) -> bytes:
    """A video of some frames."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for number in range(frames):
            frame: Any = av.VideoFrame
            file.mux(stream.encode(frame.from_image(Image.new("RGB", (32, 32), (40 * number, 90, 90)))))
        file.mux(stream.encode(None))
    return out.getvalue()


def large_picture(byte_count: int) -> bytes:
    """A JPEG of so many bytes: what follows its end is noise, as far as its first bytes are concerned."""
    return picture("JPEG").ljust(byte_count, b"\x5a")


async def upload(
    person: Person, content: bytes, *, name: str = "photo.jpg", kind: str = "image/jpeg", key: str = "", **fields: str
) -> httpx.Response:
    """Sends a file with `POST /v1/media`."""
    headers = {"idempotency-key": key} if key else {}
    return await person("POST", "/media", files={"file": (name, content, kind)}, data=fields, headers=headers)


def announced(content: bytes, *, kind: str = "video", **more: Any) -> dict[str, Any]:
    """The body of `POST /v1/media/uploads`."""
    return {
        "kind": kind,
        "content_type": "video/mp4",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **more,
    }
