"""What rendering costs beside the library calls that it is made of, in CPU time: the child, its limits and the checks are the rest."""

import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageOps

from bench.report import Verdict
from feed.renditions.images.pictures import JPEG, SIDES, WEBP, fitted
from feed.renditions.runner import Kind, Renderer
from feed.renditions.video.encoding import PRESET, QUALITY

_IMAGES, _VIDEOS = 8, 3
_SECONDS = 20
_SIZE = (1280, 720)
_RATE = 25


def measure_rendering() -> tuple[list[Verdict], list[str]]:
    """The share of the bare library calls in the CPU time of rendering, for a photo of 12 megapixels and for a video."""
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as directory:
        photo, video = Path(directory) / "photo.jpg", Path(directory) / "video.mp4"
        _write_photo(photo)
        _write_video(video)
        found = [
            _compare("photo of 12 megapixels", photo, "image", _IMAGES, _bare_photo),
            _compare(f"video of {_SECONDS} seconds, 720p", video, "video", _VIDEOS, _bare_video),
        ]
    return [verdict for verdict, _ in found], [remark for _, remark in found]


def _compare(
    name: str, source: Path, kind: Kind, count: int, bare: Callable[[Path, Path], None]
) -> tuple[Verdict, str]:
    bare_seconds, own_seconds = [], []
    # By turns, so that a slow phase of the machine meets both.
    for _ in range(count):
        with tempfile.TemporaryDirectory(prefix="feed-bench-") as directory:
            before = time.process_time()
            bare(source, Path(directory))
            bare_seconds.append(time.process_time() - before)
        own_seconds.append(asyncio.run(_rendered(source, kind)))
    bare_best, own_best = min(bare_seconds), min(own_seconds)
    unit = _SECONDS if kind == "video" else 1
    what = "per second of video" if kind == "video" else "each"
    remark = (
        f"{name}: {own_best / unit * 1000:.0f} ms of CPU {what}, bare library calls {bare_best / unit * 1000:.0f} ms"
    )
    share = 100 * bare_best / own_best
    return Verdict(
        name=name, what="CPU of the bare library calls", measured=share, unit="% of ours", wanted=80, at_most=False
    ), remark


async def _rendered(source: Path, kind: Kind) -> float:
    """CPU seconds of one rendering with its child, without the start of the server that it is forked from."""
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as directory:
        before = _children_seconds()
        async with Renderer() as renderer:
            await renderer.start()
        started = _children_seconds() - before
        before = _children_seconds()
        async with Renderer() as renderer:
            await renderer.render(source, kind, Path(directory))
        return max(_children_seconds() - before - started, 1e-6)


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _bare_photo(source: Path, target: Path) -> None:
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    for size in sorted(SIDES, key=SIDES.__getitem__, reverse=True):
        picture = picture.resize(fitted(picture.size, SIDES[size]), Image.Resampling.LANCZOS, reducing_gap=3.0)
        picture.save(target / f"{size}.webp", "WEBP", **WEBP)
        picture.save(target / f"{size}.jpg", "JPEG", **JPEG)


def _bare_video(source: Path, target: Path) -> None:
    with av.open(str(source)) as given, av.open(str(target / "video.mp4"), "w") as made:
        out: VideoStream = made.add_stream("libx264", rate=_RATE, options={"preset": PRESET, "crf": str(QUALITY)})
        out.width, out.height = _SIZE
        out.pix_fmt = "yuv420p"
        out.codec_context.thread_count = 2
        for frame in given.decode(video=0):
            picture = frame.reformat(format="yuv420p")
            # A decoded frame carries the kind that the source's encoder gave it, which would be forced on this one: the clip has no
            # frames that refer to later ones, and without them a file is a quarter larger and a third cheaper to make.
            picture.pict_type = 0
            made.mux(out.encode(picture))
        made.mux(out.encode(None))


def _write_photo(path: Path) -> None:
    """Soft shapes with grain, as a camera takes them: neither flat nor noise alone."""
    chance = random.Random(1)
    small = Image.frombytes("RGB", (64, 48), chance.randbytes(64 * 48 * 3))
    grain = Image.frombytes("L", (1008, 756), chance.randbytes(1008 * 756)).resize((4032, 3024))
    soft = small.resize((4032, 3024), Image.Resampling.BICUBIC)
    Image.blend(soft, Image.merge("RGB", (grain, grain, grain)), 0.08).save(path, "JPEG", quality=92)


def _write_video(path: Path) -> None:
    chance = random.Random(1)
    wide = Image.frombytes("RGB", (160, 90), chance.randbytes(160 * 90 * 3)).resize(
        (2560, 1440), Image.Resampling.BICUBIC
    )
    with av.open(str(path), "w") as made:
        stream: VideoStream = made.add_stream("libx264", rate=_RATE, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(_SECONDS * _RATE):
            left, top = 4 * number % 1200, 2 * number % 700
            picture = wide.crop((left, top, left + _SIZE[0], top + _SIZE[1]))
            frame: VideoFrame = VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
