"""Photos in the sandbox: every decoder works there, and leaves nothing."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

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


@pytest.mark.parametrize("format_name", ["JPEG", "WEBP"])
async def test_the_largest_photo_has_enough_memory(format_name: str, renderer: Renderer, tmp_path: Path) -> None:
    options: dict[str, object] = {"progressive": True} if format_name == "JPEG" else {"method": 0}
    content = saved(photo(128, 96).resize((8160, 6120)), format_name, **options)
    assert (await render(renderer, content, tmp_path)).width == 8160


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
