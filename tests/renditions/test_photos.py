"""Photos in the sandbox: every decoder works there, and leaves nothing."""

import random
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from PIL import Image

from feed.media.inputs import IMAGE_BYTES_MOST
from feed.renditions.model import Rendered
from feed.renditions.runner import Renderer
from tests.renditions.images.files import FORMATS, saved
from tests.renditions.images.photos import photo


@pytest.fixture(scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with Renderer(parallel=2) as running:
        yield running


async def render(renderer: Renderer, content: bytes, folder: Path) -> Rendered:
    (folder / "source").write_bytes(content)
    (folder / "target").mkdir(exist_ok=True)
    told: list[int] = []
    found = await renderer.render(folder / "source", "image", folder / "target", on_progress=told.append)
    assert told == sorted(told)
    return found


@pytest.mark.parametrize("format_name", FORMATS)
async def test_every_decoder_works_in_the_sandbox(format_name: str, renderer: Renderer, tmp_path: Path) -> None:
    found = await render(renderer, saved(photo(1300, 900), format_name), tmp_path)
    assert (found.width, found.height) == (1300, 900)
    assert sorted(each.file for each in found.files) == sorted(each.name for each in (tmp_path / "target").iterdir())
    assert len(found.files) == 6


def soft() -> Image.Image:
    """A picture of 50 megapixels, RGB, that is quickly encoded."""
    return photo(128, 96).resize((8160, 6120))


def transparent() -> Image.Image:
    """The same with an alpha channel."""
    picture = photo(128, 96).convert("RGBA")
    picture.putalpha(photo(128, 96, seed=2).convert("L"))
    return picture.resize((8160, 6120))


def inks() -> Image.Image:
    """The same in four inks with so much noise that its JPEG is about as long as a file may be."""
    chance = random.Random(1)
    inks = []
    for channel in soft().convert("CMYK").split():
        tile, noise = Image.frombytes("L", (1024, 1024), chance.randbytes(1 << 20)), Image.new("L", channel.size)
        for left in range(0, channel.width, 1024):
            for top in range(0, channel.height, 1024):
                noise.paste(tile, (left, top))
        inks.append(Image.blend(channel, noise, 0.25))
    return Image.merge("CMYK", inks)


# Of each format what takes most memory: passes over coefficients, an alpha channel, a second library.
LARGEST: dict[str, Callable[[], bytes]] = {
    "progressive jpeg": lambda: saved(soft(), "JPEG", progressive=True),
    "progressive jpeg of inks": lambda: saved(inks(), "JPEG", progressive=True, quality=72),
    "png": lambda: saved(transparent(), "PNG", compress_level=1),
    "gif": lambda: saved(soft().quantize(64), "GIF"),
    "webp": lambda: saved(transparent(), "WEBP", method=0),
    "heic": lambda: saved(soft(), "HEIF", quality=40, enc_params={"preset": "ultrafast"}),
    "avif": lambda: saved(transparent(), "AVIF", quality=40, speed=10),
}


@pytest.mark.parametrize("kind", LARGEST)
async def test_the_largest_photo_of_each_format_has_enough_memory_and_time(
    kind: str, renderer: Renderer, tmp_path: Path
) -> None:
    content = LARGEST[kind]()
    assert len(content) <= IMAGE_BYTES_MOST
    found = await render(renderer, content, tmp_path)
    assert found.width == 8160
    # Row 33: what an AVIF of this size would take to encode is not spent.
    assert {Path(each.file).suffix for each in found.files} == {".webp", ".jpg"}


async def test_memory_and_temporary_files_stay_flat_over_many_photos(renderer: Renderer, tmp_path: Path) -> None:
    contents = [saved(photo(320, 240), format_name) for format_name in FORMATS]
    before = set(Path(tempfile.gettempdir()).iterdir())
    for content in contents:
        await render(renderer, content, tmp_path)
    assert renderer._server is not None
    server = psutil.Process(renderer._server._process.pid)
    rss, own = server.memory_info().rss, psutil.Process().memory_info().rss
    for _ in range(8):
        for content in contents:
            await render(renderer, content, tmp_path)
    assert server.memory_info().rss - rss < 2 << 20
    assert psutil.Process().memory_info().rss - own < 16 << 20
    assert not {
        each
        for each in set(Path(tempfile.gettempdir()).iterdir()) - before
        if "heif" in each.name or "PIL" in each.name
    }
    assert server.children() == []
