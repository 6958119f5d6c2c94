"""Decodes a photo that has been read: upright, in sRGB, and not larger than it is needed."""

import struct
import warnings
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageChops, ImageCms, ImageFile, ImageFilter

from feed.renditions.colors import SIZE, Primaries, Transfer, coded_colors, table
from feed.renditions.images.exif import orientation_of
from feed.renditions.images.pictures import SIDES, fitted
from feed.renditions.images.source import PIXELS_MOST, Metadata, Source, check_size
from feed.renditions.model import RenderingFailed

# A file of half the size of one side more is decoded at half its size, which libjpeg does for nothing: 2,016 for 4,032 pixels.
_ENOUGH = 2_000
# What decoders raise on hostile bytes; the memory limit of the child is not among them.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_THREADS = 2


def load() -> None:
    """Loads the decoders, once for all children."""
    Image.init()
    Image.MAX_IMAGE_PIXELS = PIXELS_MOST
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    AvifImagePlugin.DEFAULT_MAX_THREADS = _THREADS
    pillow_heif.options.DECODE_THREADS = _THREADS
    # Neither a depth map nor an old thumbnail is the picture.
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False


def decode(source: Source) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, RGB or RGBA, upright, in sRGB, within the largest size that is served; and its own upright size.

    Raises RenderingFailed.
    """
    try:
        # With all conversions: some colours turn out to be broken only there.
        return _upright(source)
    except _BROKEN as error:
        raise RenderingFailed("truncated" if "truncated" in str(error) else "corrupt", repr(error)) from error


def _upright(source: Source) -> tuple[Image.Image, tuple[int, int]]:
    picture = _plain(_decoded(source))
    picture = picture.resize(fitted(picture.size, SIDES["full"]), Image.Resampling.LANCZOS, reducing_gap=3.0)
    picture = _in_srgb(picture, source.metadata)
    # The decoder of HEIC turns the picture itself.
    orientation = 1 if source.format == "HEIF" else orientation_of(source.metadata.exif)
    size = source.width, source.height
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    return picture, size[::-1] if orientation >= 5 else size


def _decoded(source: Source) -> Image.Image:
    if source.format == "HEIF":
        return _decoded_heif(source)
    # One format, named: nothing else is tried.
    picture: Image.Image = Image.open(BytesIO(source.content), formats=[source.format])
    if source.format == "AVIF":
        source.width, source.height = picture.size
        source.frames = getattr(picture, "n_frames", 1)
        check_size(*picture.size, source.frames)
        _take_info(source, picture.info)
        source.metadata.color_numbers = _numbers_of_avif(source.content)
    elif source.format == "JPEG" and not source.same_if_whole:
        picture.draft(None, fitted(picture.size, _ENOUGH))
    elif source.format == "GIF":
        source.width, source.height = picture.size
    check_size(*picture.size)
    picture.load()
    if source.same_if_whole:
        with Image.open(BytesIO(source.same_if_whole), formats=[source.format]) as other:
            if not _equal(picture, other):
                raise RenderingFailed("truncated", "the last scan is not complete")
    return picture


def _equal(picture: Image.Image, other: Image.Image) -> bool:
    # In bands: a third picture of this size would be the largest of all that is in memory.
    for top in range(0, picture.height, 256):
        band = (0, top, picture.width, min(top + 256, picture.height))
        if ImageChops.difference(picture.crop(band), other.crop(band)).getbbox(alpha_only=False):
            return False
    return True


def _decoded_heif(source: Source) -> Image.Image:
    opened = pillow_heif.open_heif(BytesIO(source.content), convert_hdr_to_8bit=True)
    primary = opened[opened.primary_index]
    source.frames = len(opened)
    check_size(*primary.size, source.frames)
    _take_info(source, primary.info)
    source.metadata.color_numbers = _numbers_of(primary.info)
    picture: Image.Image = primary.to_pillow()
    source.width, source.height = picture.size
    return picture


def _numbers_of(info: Mapping[Any, Any]) -> tuple[int, int] | None:
    found = info.get("nclx_profile") or {}
    return (found["color_primaries"], found["transfer_characteristics"]) if found else None


def _numbers_of_avif(content: bytes) -> tuple[int, int] | None:
    """By the other library, which reads the headers of both formats: Pillow says nothing of them."""
    try:
        opened = pillow_heif.open_heif(BytesIO(content))
        return _numbers_of(opened[opened.primary_index].info)
    except _BROKEN:
        return None


def _take_info(source: Source, info: Mapping[Any, Any]) -> None:
    """Metadata that the decoder has found within the file."""
    given = {name: value for name, value in info.items() if isinstance(value, bytes)}
    source.metadata.exif = given.get("exif", b"")
    source.metadata.color_profile = given.get("icc_profile", b"")
    for name in ("exif", "xmp"):
        source.metadata.add(given.get(name, b""))


def _plain(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be resized: L, LA, RGB, RGBA or CMYK."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # A conversion would clip, and make a photo white.
        picture = picture.point(lambda level: level * (1 / 256)).convert("L")
    if picture.has_transparency_data:
        picture = picture if picture.mode == "LA" else picture.convert("RGBA")
    elif picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    return picture


def _in_srgb(picture: Image.Image, metadata: Metadata) -> Image.Image:
    """The picture as RGB or RGBA in sRGB. A profile that is broken or of another kind of colours is ignored."""
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    colors = picture.convert({"LA": "L", "RGBA": "RGB"}[picture.mode]) if alpha else picture
    converted = _converted(colors, metadata.color_profile) if metadata.color_profile else None
    if converted is None and metadata.color_numbers is not None:
        converted = _decoded_colors(colors.convert("RGB"), *coded_colors(*metadata.color_numbers))
    colors = converted or colors.convert("RGB")
    # A channel that hides nothing costs bytes in each file.
    if alpha is not None and alpha.getextrema() != (255, 255):
        colors.putalpha(alpha)
    return colors


def _decoded_colors(colors: Image.Image, transfer: Transfer, primaries: Primaries) -> Image.Image:
    """Colours of HDR, or wider than those of a screen, that no profile describes."""
    if (transfer, primaries) == ("sdr", "bt709"):
        return colors
    steps = [each for color in table(transfer, primaries) for each in color]
    return colors.filter(ImageFilter.Color3DLUT(SIZE, steps))


def _converted(colors: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile))
        if colors.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(own):
            return None
        return ImageCms.profileToProfile(colors, own, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
