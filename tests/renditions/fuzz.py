"""Mutated photos and videos, each rendered in a child: `python -m tests.renditions.fuzz --photos 10000 --videos 300`.

Whatever a file is, it is rendered or it fails with a code, within its time. A decoder that crashes ends one child, and is reported;
an error of ours, or a file that takes up its time, fails the run and is kept.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from feed.media.model import Kind
from feed.renditions.model import RenderingFailed
from feed.renditions.runner import ChildCrashed, ChildTimedOut, Renderer
from feed.renditions.sandbox import Limits
from tests.renditions.images.files import DISPLAY_P3, XMP_WITH_GPS, exif_with_gps, matrix_profile, saved
from tests.renditions.images.photos import photo
from tests.renditions.video import fuzz as videos

# Of the processor: what a small file may use. The other limit is for a decoder that waits.
LIMITS: dict[Kind, Limits] = {
    "image": Limits(memory_bytes=1 << 30, cpu_seconds=20, wall_seconds=120, file_bytes=32 << 20),
    "video": Limits(memory_bytes=1 << 30, cpu_seconds=30, wall_seconds=300, file_bytes=64 << 20),
}
_NUMBERS = (
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x00\x00\x00\x01",
    b"\x80\x00",
    b"\xff\xff",
    b"\x00",
)


def seeds() -> dict[str, bytes]:
    """Small real files, with everything that a parser may trip over."""
    picture = photo(96, 64)
    frames = [Image.new("RGB", (32, 24), color) for color in ("red", "green", "blue")]
    profile = matrix_profile(DISPLAY_P3, 2.2)
    more = {"exif": exif_with_gps(6), "icc_profile": profile}
    animated = {"save_all": True, "append_images": frames[1:], "duration": 50}
    return {
        "jpeg": saved(picture, "JPEG", **more),
        "progressive": saved(picture, "JPEG", progressive=True, **more),
        "restarts": saved(picture, "JPEG", restart_marker_rows=1),
        "inks": saved(picture.convert("CMYK"), "JPEG"),
        "mpo": saved(picture, "MPO", save_all=True, append_images=[picture]),
        "png": saved(picture, "PNG", **more),
        "palette": saved(picture.quantize(16), "PNG", transparency=3),
        "apng": saved(frames[0], "PNG", **animated),
        "gif": saved(picture, "GIF", comment=b"a comment"),
        "animated gif": saved(frames[0], "GIF", **animated),
        "webp": saved(picture, "WEBP", xmp=XMP_WITH_GPS, **more),
        "lossless webp": saved(picture.convert("RGBA"), "WEBP", lossless=True),
        "animated webp": saved(frames[0], "WEBP", **animated),
        "heic": saved(picture, "HEIF", xmp=XMP_WITH_GPS, **more),
        "avif": saved(picture, "AVIF", xmp=XMP_WITH_GPS, **more),
        "avifs": saved(frames[0], "AVIF", **animated),
    }


def mutations(files: dict[str, bytes], seed: int) -> Iterator[tuple[str, bytes]]:
    """Files with one to six changes each, without an end. The same ones for the same seed."""
    chance = random.Random(seed)
    names = sorted(files)
    changes: tuple[Callable[[bytearray], None], ...] = (
        lambda data: _flip(data, chance),
        lambda data: _flip(data, chance),
        lambda data: _overwrite(data, chance),
        lambda data: _cut_out(data, chance),
        lambda data: _repeat(data, chance),
        lambda data: _splice(data, files[chance.choice(names)], chance),
        lambda data: data.__delitem__(slice(chance.randrange(1 + len(data)), None)),
    )
    while True:
        name = chance.choice(names)
        data = bytearray(files[name])
        for _ in range(chance.randint(1, 6)):
            # The end is cut off rarely: a reader sees that at once.
            chance.choices(changes, (6, 6, 6, 2, 2, 1, 1))[0](data)
        yield name, bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    # Headers are at the beginning, and more can be wrong in them.
    return chance.randrange(1 + (min(len(data), 400) if chance.random() < 0.6 else len(data)))


def _flip(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    if at < len(data):
        data[at] ^= 1 << chance.randrange(8) if chance.random() < 0.5 else chance.randrange(1, 256)


def _overwrite(data: bytearray, chance: random.Random) -> None:
    at, number = _place(data, chance), chance.choice(_NUMBERS)
    data[at : at + len(number)] = number


def _cut_out(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 2, 4, 16, 100))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at, length = _place(data, chance), chance.choice((1, 4, 32, 300))
    data[at:at] = data[at : at + length] * chance.choice((1, 2, 30))


def _splice(data: bytearray, other: bytes, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:] = other[chance.randrange(1 + len(other)) :]


async def run(kind: Kind, count: int, seed: int, kept: Path, *, parallel: int = 2) -> Counter[str]:
    """Renders `count` mutated files. Returns how often each outcome was; files of outcomes that must not be are in `kept`."""
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="feed-fuzz-") as folder:
        given = mutations(seeds(), seed) if kind == "image" else videos.mutations(videos.seeds(Path(folder)), seed)
        async with Renderer(parallel=parallel) as renderer:

            async def work(worker: int) -> None:
                source, target = Path(folder) / f"{worker}", Path(folder) / f"{worker}.target"
                for name, content in given:
                    if outcomes.total() >= count:
                        return
                    source.write_bytes(content)
                    target.mkdir()
                    outcome = await _outcome(renderer, kind, source, target)
                    outcomes[outcome] += 1
                    if not outcome.startswith(("rendered", "failed")):
                        (kept / f"{seed}-{outcomes.total()}-{name.replace(' ', '-')}").write_bytes(content)
                    for each in target.iterdir():
                        each.unlink()
                    target.rmdir()

            await asyncio.gather(*(work(number) for number in range(parallel)))
    return outcomes


def wrong(outcomes: Counter[str]) -> list[str]:
    """The outcomes that must not be: errors of ours, and files that take up their time."""
    return [each for each in outcomes if each.startswith(("error", "timed out"))]


async def _outcome(renderer: Renderer, kind: Kind, source: Path, target: Path) -> str:
    try:
        await renderer.render(source, kind, target, limits=LIMITS[kind])
    except RenderingFailed as failure:
        outcome = f"failed: {failure.code}"
    except ChildTimedOut:
        outcome = "timed out"
    except ChildCrashed as crash:
        lines = str(crash).strip().splitlines()
        outcome = f"crashed: {lines[0].split(',')[1].strip()}" if len(lines) == 1 else f"error: {lines[-1][:80]}"
    else:
        outcome = "rendered"
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--videos", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "feed-fuzz-kept")
    parser.add_argument("--parallel", type=int, default=2)
    given = parser.parse_args()
    given.kept.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    counts: dict[Kind, int] = {"image": given.photos, "video": given.videos}
    for kind, count in counts.items():
        began = time.monotonic()
        outcomes = asyncio.run(run(kind, count, given.seed, given.kept, parallel=given.parallel))
        print(f"{kind}: {outcomes.total()} in {time.monotonic() - began:.0f} s, seed {given.seed}")
        for outcome, times in outcomes.most_common():
            print(f"{times:7}  {outcome}")
        found += wrong(outcomes)
    if found:
        raise SystemExit(f"Files are in {given.kept}.")


if __name__ == "__main__":
    main()
