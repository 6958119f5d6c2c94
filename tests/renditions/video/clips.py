"""Small videos that the tests make, and a knife for their boxes."""

import random
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import av
import msgspec
from av.audio.frame import AudioFrame
from av.filter import Graph
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw

from feed.renditions.model import Rendered
from feed.renditions.video.covers import picture_of
from feed.renditions.video.rendering import render_video

P = ParamSpec("P")
R = TypeVar("R")

# Divides the usual frame rates, and is small enough for every codec.
CLOCK = 60_000
Picture = Callable[[float], Image.Image]
# Codes of H.273.
HLG = {"primaries": 9, "transfer": 18, "matrix": 9}
PQ = {"primaries": 9, "transfer": 16, "matrix": 9}
BT601 = {"primaries": 6, "transfer": 6, "matrix": 6}
BT709 = {"primaries": 1, "transfer": 1, "matrix": 1}


def moving(size: tuple[int, int] = (320, 180)) -> Picture:
    """Something that changes, on a ground that is neither black nor flat."""

    def draw(time: float) -> Image.Image:
        image = Image.new("RGB", size, (90, 120, 150))
        x = int(time * 60) % size[0]
        ImageDraw.Draw(image).rectangle((x, size[1] // 4, x + size[0] // 5, size[1] // 2), fill=(220, 200, 40))
        return image

    return draw


def scenery(seed: int, size: tuple[int, int] = (320, 180)) -> Picture:
    """Something with details everywhere, which stays as it is."""
    noise = random.Random(seed)
    image = Image.new("RGB", size)
    for _ in range(150):
        x, y = noise.randrange(size[0]), noise.randrange(size[1])
        fill = (noise.randrange(256), noise.randrange(256), noise.randrange(256))
        ImageDraw.Draw(image).rectangle((x - 20, y - 20, x + noise.randrange(60), y + noise.randrange(60)), fill=fill)
    return lambda _: image


def corners(size: tuple[int, int] = (320, 180)) -> Picture:
    """Red, green, blue and white in the corners, from the top left on."""

    def draw(_: float) -> Image.Image:
        width, height = size[0] // 2, size[1] // 2
        image = Image.new("RGB", size, "white")
        for at, color in (((0, 0), "#d01010"), ((width, 0), "#10b010"), ((0, height), "#1010d0")):
            image.paste(Image.new("RGB", (width, height), color), at)
        return image

    return draw


def flat(color: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> Picture:
    return lambda _: Image.new("RGB", size, color)


def even_times(seconds: float, rate: float) -> list[float]:
    return [number / rate for number in range(round(seconds * rate))]


class Sound(msgspec.Struct, frozen=True):
    """A tone in every channel. `from_` and `until`: in seconds; it is heard from `heard_from` on."""

    codec: str = "aac"
    layout: str = "stereo"
    rate: int = 44_100
    start: float = 0.0
    until: float = 2.0
    heard_from: float = 0.0


def _in_a_thread_of_its_own(function: Callable[P, R]) -> Callable[P, R]:
    """SVT-AV1 gives the thread that opens it real-time priority under root, for good. Children inherit that of the main thread, and
    all other processes of the machine starve beside them.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(function, *args, **kwargs).result()

    return run


@_in_a_thread_of_its_own
def make(
    path: Path,
    picture: Picture | None = None,
    *,
    times: Sequence[float] = (),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    sound: Sound | None = None,
    options: dict[str, str] | None = None,
    colors: dict[str, int] = BT709,
    full_range: bool = False,
    pixel_aspect: Fraction | None = None,
    offset: float = 0.0,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A file in the container of its suffix; 2 s at 10 frames per second without `times`."""
    picture = picture or moving()
    times = times or even_times(2, 10)
    size = picture(0).size
    rate = Fraction(1 / (times[1] - times[0])).limit_denominator(1000) if len(times) > 1 and times[1] > times[0] else 30
    with av.open(str(path), "w", options={"movflags": "+use_metadata_tags"} if path.suffix != ".webm" else {}) as file:
        file.metadata.update(metadata or {})
        video: Any = file.add_stream(codec, rate=rate, options=options or _quick(codec))
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        video.codec_context.time_base = video.time_base = Fraction(1, CLOCK if path.suffix != ".webm" else 1000)
        # Frames in the order of their times, packets too: what the tests say of times is what is in the file.
        video.codec_context.max_b_frames = 0
        if pixel_aspect is not None:
            video.codec_context.sample_aspect_ratio = pixel_aspect
        matrix = colors["matrix"]
        video.codec_context.color_primaries, video.codec_context.color_trc = colors["primaries"], colors["transfer"]
        video.codec_context.colorspace = matrix
        video.codec_context.color_range = 2 if full_range else 1
        audio: Any = None
        if sound is not None:
            audio = file.add_stream(sound.codec, rate=sound.rate, layout=sound.layout)
        for frame in _pictures(picture, times, pix_fmt, matrix, full_range, video.codec_context.time_base, offset):
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if sound is not None:
            for tone in _tones(sound, offset):
                file.mux(audio.encode(tone))
            file.mux(audio.encode(None))
    return path


def _quick(codec: str) -> dict[str, str]:
    return {
        "libx264": {"preset": "ultrafast", "crf": "18"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=1", "crf": "10"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b:v": "0"},
        "libvpx": {"deadline": "realtime", "cpu-used": "8"},
        "libsvtav1": {"preset": "10", "svtav1-params": "lp=1:pred-struct=1"},
    }.get(codec, {})


def _pictures(
    picture: Picture,
    times: Iterable[float],
    pix_fmt: str,
    matrix: int,
    full_range: bool,
    time_base: Fraction,
    offset: float,
) -> Iterator[VideoFrame]:
    for time in times:
        frame = frame_of(picture(time)).reformat(
            format=pix_fmt,
            dst_colorspace={1: "ITU709", 5: "ITU601", 6: "ITU601", 9: "BT2020"}[matrix],
            src_color_range="JPEG",
            dst_color_range="JPEG" if full_range else "MPEG",
        )
        frame.pts, frame.time_base = round((time + offset) / time_base), time_base
        yield frame


def frame_of(image: Image.Image) -> VideoFrame:
    """The picture as a frame in RGB."""
    frames: Any = VideoFrame
    frame: VideoFrame = frames.from_image(image)
    return frame


def _tones(sound: Sound, offset: float) -> Iterator[AudioFrame]:
    graph = Graph()
    channels = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8}[sound.layout]
    wave = f"if(gte(t,{sound.heard_from - sound.start}),0.4*sin(440*2*PI*t),0)"
    duration = sound.until - sound.start
    steps = [
        graph.add("aevalsrc", f"exprs='{'|'.join([wave] * channels)}':c={sound.layout}:s={sound.rate}:d={duration}"),
        graph.add("aformat", f"sample_fmts={'s16' if 'pcm' in sound.codec else 'fltp'}"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*steps).configure()
    while True:
        try:
            frame: Any = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return
        frame.pts += round((sound.start + offset) * sound.rate)
        yield frame


class Box(msgspec.Struct):
    """A box with its payload, or with boxes inside."""

    kind: bytes
    payload: bytes = b""
    inside: list["Box"] | None = None

    def find(self, *path: bytes) -> "Box":
        found = self
        for kind in path:
            found = next(box for box in found.inside or [] if box.kind == kind)
        return found

    def packed(self) -> bytes:
        payload = self.payload if self.inside is None else b"".join(box.packed() for box in self.inside)
        return struct.pack(">I", 8 + len(payload)) + self.kind + payload


_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"dinf", b"edts"}


def parse(payload: bytes) -> list[Box]:
    boxes = []
    while payload:
        length, kind = struct.unpack(">I4s", payload[:8])
        content, payload = payload[8:length], payload[length:]
        boxes.append(Box(kind, inside=parse(content)) if kind in _CONTAINERS else Box(kind, content))
    return boxes


def edit(path: Path, change: Callable[[Box], object]) -> Path:
    """Changes the index of a file that has it at the end: nothing else moves."""
    boxes = parse(path.read_bytes())
    assert boxes[-1].kind == b"moov"
    change(boxes[-1])
    path.write_bytes(b"".join(box.packed() for box in boxes))
    return path


def turn(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Sets the matrix of the first track."""
    matrix = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)

    def change(moov: Box) -> None:
        header = moov.find(b"trak", b"tkhd")
        header.payload = header.payload[:40] + matrix + header.payload[76:]

    return edit(path, change)


def rendered(
    path: Path, cover_ms: int | None = None, on_progress: Callable[[int], None] = lambda _: None
) -> tuple[Rendered, Path]:
    """What becomes of a file, and the folder with it."""
    target = path.parent / f"{path.name}.renditions"
    target.mkdir(exist_ok=True)
    progress: list[int] = []

    def follow(percent: int) -> None:
        progress.append(percent)
        on_progress(percent)

    result = render_video(path, target, cover_ms=cover_ms, progress=follow)
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert sorted(each.name for each in target.iterdir()) == sorted(file.file for file in result.files)
    return result, target


class Stream(msgspec.Struct):
    """When a stream begins and ends, by its packets, and the times between, in seconds."""

    times: list[float]
    until: float


def streams(path: Path) -> dict[str, Stream]:
    """By type of stream."""
    with av.open(str(path)) as file:
        found: dict[str, Stream] = {stream.type: Stream([], 0.0) for stream in file.streams}
        assert len(found) == len(file.streams)
        for packet in file.demux():
            if packet.pts is not None and packet.size and not packet.is_discard:
                stream = found[packet.stream.type]
                stream.times.append(float(packet.pts * packet.time_base))
                stream.until = max(stream.until, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    if path.suffix != ".webm":
        # In MP4 the length of a packet is the distance to the next one that is stored, not to the next one that is shown.
        moov = next(box for box in parse(path.read_bytes()) if box.kind == b"moov")
        scale = int.from_bytes(moov.find(b"mvhd").payload[12:16])
        tracks = [box for box in moov.inside or [] if box.kind == b"trak"]
        for stream, track in zip(found.values(), tracks, strict=True):
            stream.until = int.from_bytes(track.find(b"tkhd").payload[20:24]) / scale
    for stream in found.values():
        stream.times.sort()
    return found


def frames(path: Path) -> list[tuple[float, Image.Image]]:
    """Every frame with its time."""
    with av.open(str(path)) as file:
        return [(float(frame.time or 0), picture_of(frame)) for frame in file.decode(video=0)]
