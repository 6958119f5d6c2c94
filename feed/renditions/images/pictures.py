"""Pictures as they are served: sizes, formats, and no byte that is not of the picture. Photos, and the covers of videos."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from PIL import Image

from feed.renditions.model import RenderedFile

PictureSize = Literal["list", "page", "full"]

# The square that a picture fits into. It is never enlarged.
SIDES: dict[PictureSize, int] = {"list": 480, "page": 1080, "full": 2048}
# What is seen through a transparent picture in a format without transparency.
BACKDROP = (255, 255, 255)
# Method 4 and above makes files that are a few percent smaller, for several times the processor time.
WEBP = {"quality": 80, "method": 2}
JPEG = {"quality": 82, "optimize": True, "progressive": True}


def fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size of a picture within a square: never larger, and never without a row or a column."""
    width, height = size
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def write_pictures(picture: Image.Image, target: Path, sizes: Iterable[PictureSize]) -> list[RenderedFile]:
    """Writes a picture, RGB or RGBA and upright, to the folder `target`, largest size first; each as WebP and as JPEG.

    A size that would be the same picture as the next larger one is written all the same: clients ask for it by its name.
    """
    files: list[RenderedFile] = []
    picture = picture.copy()
    # Nothing that its file said besides: a comment would be written.
    picture.info.clear()
    # Each size is made from the one before, which is at least twice as large in the usual case.
    for size in sorted(sizes, key=SIDES.__getitem__, reverse=True):
        within = fitted(picture.size, SIDES[size])
        if within != picture.size:
            picture = picture.resize(within, Image.Resampling.LANCZOS, reducing_gap=3.0)
        files += [_write_webp(picture, target, size), _write_jpeg(picture, target, size)]
    return files


def without_alpha(picture: Image.Image) -> Image.Image:
    """The picture on the backdrop."""
    if picture.mode != "RGBA":
        return picture
    plain = Image.new("RGB", picture.size, BACKDROP)
    plain.paste(picture, mask=picture.getchannel("A"))
    return plain


def _write_webp(picture: Image.Image, target: Path, size: PictureSize) -> RenderedFile:
    path = target / f"{size}.webp"
    picture.save(path, "WEBP", **WEBP)
    return _described(path, size, "image/webp", picture)


def _write_jpeg(picture: Image.Image, target: Path, size: PictureSize) -> RenderedFile:
    path = target / f"{size}.jpg"
    without_alpha(picture).save(path, "JPEG", **JPEG)
    return _described(path, f"{size}_jpeg", "image/jpeg", picture)


def _described(path: Path, name: str, content_type: str, picture: Image.Image) -> RenderedFile:
    return RenderedFile(name, path.name, content_type, picture.width, picture.height, path.stat().st_size)
