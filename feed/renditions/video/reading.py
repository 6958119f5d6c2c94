"""Frames of one stream, decoded one after the other."""

import errno
from collections.abc import Iterator
from fractions import Fraction
from typing import Generic, TypeVar

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import ThreadType
from av.container import InputContainer
from av.frame import Frame
from av.stream import Discard
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from feed.renditions.model import RenderingFailed
from feed.renditions.video.sources import PIXELS_MOST

# Both for decoding and for encoding: a worker renders one file at a time on each core.
THREADS = 2
# Of a hundred packets that are damaged so many are left out; decoders hide the gap.
_DAMAGED_MOST = 10
_OF_THE_MACHINE = frozenset({errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE})

AnyFrame = TypeVar("AnyFrame", bound=Frame)


class Frames(Generic[AnyFrame]):
    """The frames of a stream. `next`: the one that is taken next, None after the last one."""

    def __init__(self, frames: Iterator[AnyFrame]) -> None:
        self._frames = frames
        self.next = next(frames, None)

    def take(self) -> AnyFrame:
        """The next frame. Raises LookupError when there is none."""
        taken = self.next
        if taken is None:
            raise LookupError("every frame is taken")
        self.next = next(self._frames, None)
        return taken


def time_of(frame: Frame) -> Fraction | None:
    """When a frame is shown, in seconds of its file."""
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base


def video_frames(file: InputContainer, index: int) -> Iterator[VideoFrame]:
    """Raises RenderingFailed if too much of it is damaged."""
    stream = file.streams[index]
    assert isinstance(stream, VideoStream)
    for frame in _decoded(file, stream):
        assert isinstance(frame, VideoFrame)
        yield frame


def audio_frames(file: InputContainer, index: int) -> Iterator[AudioFrame]:
    """Raises RenderingFailed if too much of it is damaged."""
    stream = file.streams[index]
    assert isinstance(stream, AudioStream)
    for frame in _decoded(file, stream):
        assert isinstance(frame, AudioFrame)
        yield frame


def failure_of(error: av.FFmpegError) -> Exception:
    """What an error of FFmpeg says of the file: nothing, if the machine was at its limits. Then it is tried again."""
    return error if error.errno in _OF_THE_MACHINE else RenderingFailed("corrupt", str(error))


def _decoded(file: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Frame]:
    for other in file.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    # What a header says of the size may be another one than that of the pictures.
    stream.codec_context.options = {"max_pixels": str(PIXELS_MOST)}
    stream.codec_context.thread_count = THREADS
    stream.codec_context.thread_type = ThreadType.AUTO
    packets, damaged = 0, 0
    try:
        for packet in file.demux(stream):
            packets += 1
            try:
                for frame in packet.decode():
                    assert isinstance(frame, Frame)
                    yield frame
            except (av.InvalidDataError, av.EOFError):
                damaged += 1
    except av.FFmpegError as error:
        raise failure_of(error) from error
    if damaged * 100 > packets * _DAMAGED_MOST:
        raise RenderingFailed("corrupt", f"{damaged} of {packets} packets")
