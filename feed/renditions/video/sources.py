"""What a file holds: which container it is, which of its streams count, and how long they really are."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Literal

import av
import av.stream
import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from feed.renditions.model import RenderingFailed
from feed.renditions.polyglots import is_document
from feed.renditions.video.boxes import Layout, is_mp4, read_layout
from feed.renditions.video.elements import is_webm, segment_end

SECONDS_MOST = 300
# The last frame of a video of five minutes may end a little later.
_SECONDS_TOLERATED = Fraction(1, 2)
# Five minutes of slow motion, 240 frames per second.
FRAMES_MOST = 72_000
_PACKETS_MOST = 1_000_000
# 4096 × 2304: what phones call 4K. What is greater needs more memory than a worker has.
PIXELS_MOST = 4096 * 2304
_SIDE_MOST = 8192

# Decoders by their names in FFmpeg; some have two.
_VIDEO_CODECS = frozenset(
    ["h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mjpeg", "prores", "mpeg4", "h263"]
)
_AUDIO_CODECS = frozenset(
    [
        "aac",
        "aac_fixed",
        "mp3",
        "mp3float",
        "opus",
        "libopus",
        "vorbis",
        "alac",
        "flac",
        "ac3",
        "eac3",
        "amrnb",
        "amrwb",
        "libopencore_amrnb",
        "libopencore_amrwb",
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_s32le",
        "pcm_s32be",
        "pcm_f32le",
        "pcm_f32be",
        "pcm_f64le",
        "pcm_f64be",
        "pcm_u8",
        "pcm_s8",
        "pcm_mulaw",
        "pcm_alaw",
    ]
)

Container = Literal["mov", "matroska"]
_NOT_SEEN = (
    av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails | av.stream.Disposition.still_image
)


class Times(msgspec.Struct):
    """When the packets of a stream begin and end, in seconds, and how many there are."""

    start: Fraction | None = None
    end: Fraction = Fraction(0)
    count: int = 0
    damaged: int = 0


class Source(msgspec.Struct, frozen=True):
    """A file that can be transcoded. `video` and `audio`: the indices of its streams."""

    path: Path
    container: Container
    layout: Layout | None
    metadata: dict[str, str]
    video: int
    audio: int | None
    duration: Fraction


@contextmanager
def opened(path: Path, container: Container) -> Iterator[InputContainer]:
    """The file, read as this container and nothing else; closed in every case.

    The format and the codecs are named, so that no playlist and no exotic decoder is reached by what a file says of itself.
    """
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": "mov,matroska" if container == "mov" else "matroska,webm",
        "codec_whitelist": ",".join(sorted(_VIDEO_CODECS | _AUDIO_CODECS)),
        "max_streams": "64",
        # While the format is looked at; decoders get the limit that counts.
        "max_pixels": str(8 * PIXELS_MOST),
    }
    opened_file = av.open(str(path), "r", format=container, options=options, metadata_errors="replace")
    try:
        yield opened_file
    finally:
        opened_file.close()


def probe(path: Path) -> Source:
    """Opens the file and reads through its packets without decoding them. Raises RenderingFailed."""
    container, layout = _recognize(path)
    try:
        with opened(path, container) as file:
            metadata = dict(file.metadata)
            for stream in file.streams:
                metadata.update({key: value for key, value in stream.metadata.items() if key not in metadata})
            video = _choose_video(file)
            audio = _choose_audio(file, video)
            duration = _measure(file, video, audio, path.stat().st_size)
            return Source(
                path, container, layout, metadata, video.index, None if audio is None else audio.index, duration
            )
    except av.FFmpegError as error:
        raise RenderingFailed("corrupt", str(error)) from error


def _recognize(path: Path) -> tuple[Container, Layout | None]:
    with path.open("rb") as file:
        head = file.read(4096)
        if is_mp4(head):
            layout = read_layout(file)
            if layout.has_index and layout.encrypted:
                raise RenderingFailed("unsupported_codec", "encrypted")
            if layout.dolby_vision is not None and layout.dolby_vision.compatibility == 0:
                raise RenderingFailed("unsupported_codec", f"Dolby Vision profile {layout.dolby_vision.profile}")
            if not layout.has_index or not layout.complete:
                raise RenderingFailed("truncated", "the index or the end of the data is missing")
            _require_no_document(file, layout.end)
            return "mov", layout
        if is_webm(head):
            end, size = segment_end(file), file.seek(0, 2)
            if end is not None and end > size:
                raise RenderingFailed("truncated", f"{end} bytes expected")
            _require_no_document(file, size if end is None else end)
            return "matroska", None
    raise RenderingFailed("unsupported_type", "neither MP4 nor QuickTime nor WebM")


def _require_no_document(file: BinaryIO, end: int) -> None:
    if is_document(file, end):
        raise RenderingFailed("polyglot", f"after {end} bytes")


def _choose_video(file: InputContainer) -> VideoStream:
    pictures = [stream for stream in file.streams if isinstance(stream, VideoStream)]
    moving = [stream for stream in pictures if not stream.disposition & _NOT_SEEN]
    if not moving:
        raise RenderingFailed("no_video")
    known = [stream for stream in moving if _is_known(stream, _VIDEO_CODECS)]
    if not known:
        raise RenderingFailed("unsupported_codec", "video")
    chosen = max(
        known,
        key=lambda stream: (bool(stream.disposition & av.stream.Disposition.default), stream.width * stream.height),
    )
    if chosen.width * chosen.height > PIXELS_MOST or max(chosen.width, chosen.height) > _SIDE_MOST:
        raise RenderingFailed("too_many_pixels", f"{chosen.width} × {chosen.height}")
    return chosen


def _choose_audio(file: InputContainer, video: VideoStream) -> AudioStream | None:
    """One that can be decoded: phones write the same sound a second time in codecs of their own."""
    sounds = [stream for stream in file.streams if isinstance(stream, AudioStream)]
    known = [stream for stream in sounds if _is_known(stream, _AUDIO_CODECS)]
    if sounds and not known:
        raise RenderingFailed("unsupported_codec", "audio")
    best = file.streams.best("audio", related=video)
    return next((stream for stream in known if stream is best), known[0] if known else None)


def _is_known(stream: VideoStream | AudioStream, codecs: frozenset[str]) -> bool:
    context: object = stream.codec_context  # None for what no decoder is known of.
    return context is not None and stream.codec_context.name in codecs


def _measure(file: InputContainer, video: VideoStream, audio: AudioStream | None, size: int) -> Fraction:
    """The length by the packets: headers lie. Raises RenderingFailed if there is nothing, too much, or not all."""
    times = {video.index: Times()} if audio is None else {video.index: Times(), audio.index: Times()}
    for stream in file.streams:
        if stream.index not in times:
            stream.discard = av.stream.Discard.all
    for number, packet in enumerate(file.demux([file.streams[index] for index in times])):
        if packet.size == 0 and packet.pts is None:
            continue
        if number > _PACKETS_MOST:
            raise RenderingFailed("too_many_frames")
        seen = times[packet.stream_index]
        seen.count += 1
        seen.damaged += packet.is_corrupt
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and not packet.is_discard:
            at = stamp * packet.time_base
            seen.start = at if seen.start is None else min(seen.start, at)
            seen.end = max(seen.end if seen.count > 1 else at, at + (packet.duration or 0) * packet.time_base)
        if times[video.index].count > FRAMES_MOST:
            raise RenderingFailed("too_many_frames")
        if _length(times) > SECONDS_MOST + _SECONDS_TOLERATED:
            raise RenderingFailed("too_long", f"{float(_length(times)):.1f} s")
    if times[video.index].count == 0:
        raise RenderingFailed("no_video", "no frame")
    ends = [entry.pos + entry.size for index in times for entry in file.streams[index].index_entries]
    if file.format.name.startswith("mov") and max(ends, default=0) > size:
        raise RenderingFailed("truncated", "the index refers to what is behind the end")
    if any(seen.damaged * 10 > seen.count for seen in times.values()):
        raise RenderingFailed("truncated", "packets are cut off")
    return _length(times)


def _length(times: dict[int, Times]) -> Fraction:
    starts = [seen.start for seen in times.values() if seen.start is not None]
    return max((seen.end for seen in times.values() if seen.start is not None), default=Fraction(0)) - min(
        starts, default=Fraction(0)
    )
