"""The cover shows something, or what its owner has chosen."""

import gc
import resource
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from feed.renditions.images.perceptual_hash import distance
from tests.renditions.video import clips
from tests.renditions.video.clips import Sound


def cover_of(target: Path) -> Image.Image:
    return Image.open(target / "page.jpg").convert("RGB")


def color(image: Image.Image) -> tuple[int, ...]:
    return tuple(image.crop((160, 90, 161, 91)).tobytes())


def fading_in(time: float) -> Image.Image:
    """Black, then white without anything, then a picture."""
    if time < 1.0:
        return Image.new("RGB", (320, 180), "black")
    if time < 1.5:
        return Image.new("RGB", (320, 180), "white")
    return clips.scenery(1)(time)


def test_black_and_flat_beginnings_are_passed_over(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "a.mp4", fading_in, times=clips.even_times(3, 10))
    result, target = clips.rendered(source)
    assert cover_of(target).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) not in ((0, 0, 0), (255, 255, 255))
    assert result.perceptual_hash is not None
    assert result.placeholder


@pytest.mark.parametrize("shade", ["black", "white", "#808080"])
def test_a_video_that_shows_nothing_has_a_cover_of_it(tmp_path: Path, shade: str) -> None:
    source = clips.make(tmp_path / "a.mp4", lambda _: Image.new("RGB", (320, 180), shade))
    result, target = clips.rendered(source)
    assert cover_of(target).size == (320, 180)
    assert result.perceptual_hash is None


def test_a_long_black_beginning_gives_what_shows_most_of_the_window(tmp_path: Path) -> None:
    def draw(time: float) -> Image.Image:
        image = Image.new("RGB", (320, 180), "black")
        if 4 <= time < 5:
            ImageDraw.Draw(image).rectangle((10, 10, 60, 40), fill="white")
        return image if time < 12 else clips.corners()(time)

    source = clips.make(tmp_path / "a.mp4", draw, times=clips.even_times(14, 5))
    _, target = clips.rendered(source)
    assert cover_of(target).convert("L").getextrema()[1] > 200  # type: ignore[operator]
    assert cover_of(target).crop((200, 100, 300, 170)).convert("L").getextrema()[1] < 30  # type: ignore[operator]


@pytest.mark.parametrize(
    ("cover_ms", "expected"),
    [(0, 0), (950, 9), (1000, 10), (1049, 10), (1100, 11), (1900, 19), (60_000, 19), (2**31, 19), (-5, 0)],
)
def test_the_chosen_frame_is_the_cover(tmp_path: Path, cover_ms: int, expected: int) -> None:
    source = clips.make(tmp_path / "a.mp4", lambda time: Image.new("RGB", (320, 180), (200, 12 * round(time * 10), 60)))
    _, target = clips.rendered(source, cover_ms)
    assert abs(color(cover_of(target))[1] - 12 * expected) <= 5


def test_the_cover_comes_in_two_sizes_and_two_formats(tmp_path: Path) -> None:
    result, target = clips.rendered(clips.make(tmp_path / "a.mp4", clips.corners((1280, 720)), times=[0, 0.1]))
    sizes = {file.name: (file.width, file.height, file.content_type) for file in result.files}
    assert sizes == {
        "video": (1280, 720, "video/mp4"),
        "page": (1080, 608, "image/webp"),
        "page_jpeg": (1080, 608, "image/jpeg"),
        "list": (480, 270, "image/webp"),
        "list_jpeg": (480, 270, "image/jpeg"),
    }
    for file in result.files:
        assert (target / file.file).stat().st_size == file.byte_count


def test_copies_of_a_video_have_hashes_that_are_near(tmp_path: Path) -> None:
    one, _ = clips.rendered(clips.make(tmp_path / "a.mp4", clips.scenery(1)))
    same, _ = clips.rendered(clips.make(tmp_path / "b.webm", clips.scenery(1), codec="libvpx-vp9"))
    other, _ = clips.rendered(clips.make(tmp_path / "c.mp4", clips.scenery(2)))
    assert one.perceptual_hash is not None
    assert same.perceptual_hash is not None
    assert other.perceptual_hash is not None
    assert distance(one.perceptual_hash, same.perceptual_hash) <= 26
    assert distance(one.perceptual_hash, other.perceptual_hash) > 26


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_does_not_grow_with_files(tmp_path: Path) -> None:
    """In one process, where a child would hide it."""
    source = clips.make(tmp_path / "a.mp4", times=clips.even_times(0.5, 10), sound=Sound(until=0.5))
    for _ in range(10):
        clips.rendered(source)
    gc.collect()
    before = memory()
    for _ in range(30):
        clips.rendered(source)
    gc.collect()
    assert memory() - before < 12 << 20


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """Neither a decoder nor the choice of the cover nor the writer holds what has passed."""
    size = (640, 360)
    short = clips.make(tmp_path / "a.mp4", clips.moving(size), times=clips.even_times(3, 30), sound=Sound(until=3))
    long = clips.make(tmp_path / "b.mp4", clips.moving(size), times=clips.even_times(20, 30), sound=Sound(until=20))
    clips.rendered(short)
    clips.rendered(short)
    gc.collect()
    before = memory()
    most = 0

    def look(_: int) -> None:
        nonlocal most
        most = max(most, memory())

    clips.rendered(long, on_progress=look)
    # 17 s more are 180 MB of pictures.
    assert most - before < 48 << 20
