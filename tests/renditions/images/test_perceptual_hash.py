"""Copies of a picture are near to it, other pictures are far."""

from collections.abc import Callable
from io import BytesIO
from itertools import combinations

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from feed.renditions.images.perceptual_hash import HASH_BYTES, distance, hash_of, is_near
from feed.renditions.model import NEAR
from tests.renditions.images.photos import photo


def saved(picture: Image.Image, format_name: str, quality: int) -> Image.Image:
    content = BytesIO()
    picture.save(content, format_name, quality=quality)
    opened = Image.open(content)
    opened.load()
    return opened.convert("RGB")


def cropped(picture: Image.Image, part: float) -> Image.Image:
    width, height = picture.size
    left, top = round(width * part), round(height * part)
    return picture.crop((left, top, width - left, height - top))


def marked(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    ImageDraw.Draw(copy).text((5, 5), "(c) somebody", fill="white")
    return copy


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg 40": lambda picture: saved(picture, "JPEG", 40),
    "webp 30": lambda picture: saved(picture, "WEBP", 30),
    "smaller": lambda picture: picture.resize((160, 120), Image.Resampling.LANCZOS),
    "larger": lambda picture: picture.resize((1500, 1125), Image.Resampling.BICUBIC),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.8),
    "contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.2),
    "grey": lambda picture: picture.convert("L").convert("RGB"),
    "cropped": lambda picture: cropped(picture, 0.01),
    "marked": marked,
    "other shape": lambda picture: picture.resize((620, 480)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_near(change: str) -> None:
    for seed in range(20):
        picture = photo(seed=seed)
        assert is_near(hash_of(picture), hash_of(CHANGES[change](picture))), seed


def test_different_photos_are_far() -> None:
    hashes = [hash_of(photo(320, 240, seed=seed)) for seed in range(60)]
    found = [distance(one, other) for one, other in combinations(hashes, 2) if one and other]
    assert len(found) == 60 * 59 // 2
    assert min(found) > 2 * NEAR


def test_a_flat_picture_is_near_to_nothing_not_even_to_itself() -> None:
    sky = Image.linear_gradient("L").resize((640, 480)).point(lambda value: 200 + value // 32).convert("RGB")
    line = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(line).line((100, 100, 300, 100), fill="black", width=3)
    for flat in (Image.new("RGB", (640, 480), "white"), Image.new("RGB", (1, 1)), sky, line):
        assert hash_of(flat) is None
        assert not is_near(hash_of(flat), hash_of(flat))


def test_pages_of_text_are_told_apart() -> None:
    pages = []
    for words in ("深圳 reading day, the first page of many", "lost: a grey cat, near the library"):
        page = Image.new("RGB", (640, 480), "white")
        for line in range(12):
            ImageDraw.Draw(page).text(
                (20, 20 + 35 * line), (words * 3)[line : line + 60 - 4 * line], fill="black", font_size=22
            )
        pages.append(hash_of(page))
    one, other = pages
    assert None not in (one, other)
    assert not is_near(one, other)


def test_a_hash_has_its_size_whatever_the_picture_has() -> None:
    for size in ((1, 3000), (3000, 1), (17, 8), (2, 2)):
        found = hash_of(photo(100, 100).resize(size))
        assert found is None or len(found) == HASH_BYTES
    transparent = photo().convert("RGBA")
    transparent.putalpha(0)
    assert hash_of(transparent) is None
