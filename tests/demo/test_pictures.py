"""The photos and the video of the demo: what they show, and what the camera writes beside it."""

import io
from itertools import combinations
from typing import Any

import av
import pytest
from PIL import Image, ImageOps

from feed.demo.pictures.camera import CLIP_MS, take_clip, take_photo, traces_in
from feed.demo.pictures.scenes import SCENES, draw_scene
from feed.demo.texts import FILMED, MOMENTS, OTHER_PHOTOS, PHOTOS
from feed.media.model import IMAGES_MOST
from feed.renditions.images.perceptual_hash import hash_of, is_near


@pytest.mark.parametrize("scene", SCENES)
def test_a_photo_has_its_position_and_is_the_same_in_each_run(scene: str) -> None:
    content = take_photo(scene, 3)
    assert content == take_photo(scene, 3)
    assert len(traces_in(content)) >= 4
    photo = Image.open(io.BytesIO(content))
    assert photo.getexif().get_ifd(0x8825)[2] == (22.0, 33.0, 29.0)
    assert ImageOps.exif_transpose(photo).size == draw_scene(scene, 3).size
    out = io.BytesIO()
    draw_scene(scene, 3).save(out, "JPEG")
    assert traces_in(out.getvalue()) == []


def test_scenes_differ_as_reviewers_see_them() -> None:
    hashes = {scene: hash_of(draw_scene(scene, 1)) for scene in SCENES if scene != "blurred"}
    assert None not in hashes.values()
    assert [pair for pair in combinations(hashes, 2) if is_near(hashes[pair[0]], hashes[pair[1]])] == []


def test_the_upright_photo_is_stored_on_its_side() -> None:
    stored = Image.open(io.BytesIO(take_photo("leaf", 1)))
    assert stored.width > stored.height
    assert stored.getexif()[0x0112] == 6
    upright = ImageOps.exif_transpose(stored)
    assert upright.getpixel((450, 20))[2] > upright.getpixel((450, 1190))[2]  # type: ignore[index]


def test_the_clip_has_its_size_its_length_and_its_position() -> None:
    content = take_clip(900_000)
    assert len(content) == 900_000
    assert traces_in(content, is_clip=True) == [b"loci"]
    opened: Any = av.open(io.BytesIO(content))
    with opened as file:
        frames = len(list(file.decode(video=0)))
        assert (frames, file.duration // 1000) == (45, CLIP_MS)


def test_posts_have_up_to_nine_photos_or_the_video() -> None:
    moments = {moment.key for moment in MOMENTS}
    assert PHOTOS.keys() <= moments
    assert FILMED in moments - PHOTOS.keys()
    assert not OTHER_PHOTOS.keys() & moments
    assert max(map(len, PHOTOS.values())) == IMAGES_MOST == 9
    assert {scene for scenes in PHOTOS.values() for scene in scenes} | {
        scene for _, scene in OTHER_PHOTOS.values()
    } <= set(SCENES)
