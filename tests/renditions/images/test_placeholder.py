"""A placeholder for every picture that there may be."""

from base64 import b64decode

import pytest
import thumbhash
from PIL import Image

from feed.renditions.images.placeholder import placeholder_of
from tests.renditions.images.photos import photo


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000), (92, 1200), (1500, 80), (5000, 3000)])
def test_every_shape_has_a_placeholder_that_is_about_as_wide(size: tuple[int, int]) -> None:
    found = b64decode(placeholder_of(photo(100, 100).resize(size)))
    ratio = thumbhash.thumb_hash_to_approximate_aspect_ratio(list(found))
    assert (ratio > 1) == (size[0] > size[1])


def test_the_average_color_is_kept() -> None:
    red = thumbhash.thumb_hash_to_average_rgba(
        list(b64decode(placeholder_of(Image.new("RGB", (40, 30), (200, 30, 30)))))
    )
    assert [round(255 * each, -1) for each in red[:3]] == pytest.approx([200, 30, 30], abs=12)
    assert red[3] == 1
    clear = Image.new("RGBA", (40, 30), (200, 30, 30, 0))
    assert thumbhash.thumb_hash_to_average_rgba(list(b64decode(placeholder_of(clear)))) == pytest.approx(
        (1, 1, 1, 1), abs=0.02
    )
