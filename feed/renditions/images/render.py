"""The renditions of a photo."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from feed.renditions.ai_labels import ai_source_of
from feed.renditions.images import gif, jpeg, png, webp
from feed.renditions.images.decoding import decode
from feed.renditions.images.heif import heif_format, read_boxes
from feed.renditions.images.perceptual_hash import hash_of
from feed.renditions.images.pictures import write_pictures
from feed.renditions.images.placeholder import placeholder_of
from feed.renditions.images.source import Source
from feed.renditions.model import Rendered, RenderingFailed
from feed.renditions.polyglots import is_document

# More than fifty megapixels have in any format but one that is not compressed.
_BYTES_MOST = 160 * 1024 * 1024


def render_image(source: Path, target: Path, *, progress: Callable[[int], None]) -> Rendered:
    """Writes the renditions of a photo to the folder `target`. Raises RenderingFailed."""
    if source.stat().st_size > _BYTES_MOST:
        raise RenderingFailed("too_many_pixels", "the file is too large")
    read = read_image(source.read_bytes())
    progress(5)
    picture, (width, height) = decode(read)
    progress(40)
    files = write_pictures(picture, target, ("list", "page", "full"))
    progress(90)
    return Rendered(
        width=width,
        height=height,
        duration_ms=None,
        placeholder=placeholder_of(picture),
        perceptual_hash=hash_of(picture),
        ai_source=ai_source_of(read.metadata.texts),
        files=files,
    )


def read_image(data: bytes) -> Source:
    """The structure of a photo, by its content. Raises RenderingFailed."""
    if data.startswith(jpeg.SIGNATURE):
        read = jpeg.read_jpeg(data)
    elif data.startswith(png.SIGNATURE):
        read = png.read_png(data)
    elif data.startswith(gif.SIGNATURES):
        read = gif.read_gif(data)
    elif webp.is_webp(data):
        read = webp.read_webp(data)
    elif found := heif_format(data):
        end, metadata = read_boxes(data)
        # Sizes are known when the decoder has read the headers.
        read = Source(found, 0, 0, 1, data, end, metadata)
    else:
        raise RenderingFailed("unsupported_type", "no format of photos")
    if is_document(BytesIO(data), read.end):
        raise RenderingFailed("polyglot", f"after {read.end} of {len(data)} bytes")
    return read
