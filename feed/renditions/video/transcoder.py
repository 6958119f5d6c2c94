"""From an uploaded video to the one that every player shows."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import msgspec
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from feed.renditions.model import RenderingFailed
from feed.renditions.video.checks import Expected
from feed.renditions.video.covers import CoverChoice
from feed.renditions.video.encoding import Encoder
from feed.renditions.video.picture_filter import PictureFilter
from feed.renditions.video.reading import Frames, audio_frames, time_of, video_frames
from feed.renditions.video.sound_filter import SoundFilter
from feed.renditions.video.sources import Source, opened
from feed.renditions.video.timeline import CLOCK, Timeline, origin_of

Progress = Callable[[int], None]
_RATE_GUESSED = Fraction(30)
_RATE_MOST = Fraction(60)


class Transcoded(msgspec.Struct, frozen=True):
    """`upright_size`: of the original as it is to be seen. `expected`: what the file must hold now."""

    upright_size: tuple[int, int]
    expected: Expected


def transcode(source: Source, target: Path, cover: CoverChoice, progress: Progress, *, scratch: Path) -> Transcoded:
    """Writes the file `target`. `scratch`: a folder for what is not kept. Raises RenderingFailed.

    The source is open twice, once for each stream, and the one that is behind is read: so little waits in memory however the streams
    are interleaved.
    """
    with ExitStack() as stack:
        file = stack.enter_context(opened(source.path, source.container))
        stream = file.streams[source.video]
        assert isinstance(stream, VideoStream)
        pictures = Frames(video_frames(file, stream.index))
        if pictures.next is None:
            raise RenderingFailed("corrupt", "no frame can be decoded")
        sounds: Frames[AudioFrame] = Frames(iter(()))
        if source.audio is not None:
            sounds = Frames(audio_frames(stack.enter_context(opened(source.path, source.container)), source.audio))
        work = _Transcoding(source, stream, pictures, sounds, cover, progress, scratch)
        return work.write(target)


class _Transcoding:
    """One file on its way."""

    def __init__(
        self,
        source: Source,
        stream: VideoStream,
        pictures: Frames[VideoFrame],
        sounds: Frames[AudioFrame],
        cover: CoverChoice,
        progress: Progress,
        scratch: Path,
    ) -> None:
        assert pictures.next is not None
        self._pictures, self._sounds, self._cover, self._progress = pictures, sounds, cover, progress
        self._rate = _rate_of(stream)
        self._origin = origin_of(time_of(pictures.next), None if sounds.next is None else time_of(sounds.next))
        self._length = source.duration
        self._timeline = Timeline(self._origin, self._rate, most=source.duration + 1)
        self._picture_filter = PictureFilter(scratch, stream.sample_aspect_ratio, pictures.next)
        self._sound_filter = None if sounds.next is None else SoundFilter(sounds.next)
        self._shown_from = self._shown_until = 0

    def write(self, target: Path) -> Transcoded:
        """Writes the new file, to its end. Returns what it holds. Raises RenderingFailed."""
        sound = None if self._sound_filter is None else (self._sound_filter.layout, self._sound_filter.rate)
        with Encoder(target, self._picture_filter.size, min(self._rate, _RATE_MOST), sound) as encoder:
            while self._pictures.next is not None or self._sounds.next is not None:
                if self._picture_is_next():
                    encoder.add_pictures(self._seen(self._convert_picture(self._pictures.take())))
                else:
                    encoder.add_sound(self._convert_sound(self._sounds.take()))
            encoder.add_pictures(self._seen(self._picture_filter.finish()))
            if self._sound_filter is not None:
                encoder.add_sound(self._sound_filter.finish())
            encoder.finish(self._shown_until)
        expected = Expected(
            size=self._picture_filter.size,
            frame_count=encoder.frame_count,
            has_sound=sound is not None,
            last=Fraction(self._shown_from, CLOCK),
            until=Fraction(self._shown_until, CLOCK),
        )
        return Transcoded(self._picture_filter.upright_size, expected)

    def _picture_is_next(self) -> bool:
        if self._pictures.next is None or self._sounds.next is None:
            return self._sounds.next is None
        picture, sound = time_of(self._pictures.next), time_of(self._sounds.next)
        return picture is None or sound is None or picture <= sound

    def _convert_picture(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        tick = self._timeline.place(time_of(frame))
        if tick is None:
            return
        own = frame.duration * frame.time_base if frame.duration and frame.time_base else None
        self._shown_from, self._shown_until = tick, tick + self._timeline.duration_of(own)
        self._progress(min(100, int(100 * tick / (CLOCK * self._length))) if self._length > 0 else 0)
        yield from self._picture_filter.convert(frame, tick)

    def _convert_sound(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        time = time_of(frame)
        since = None if time is None else time - self._origin
        if self._sound_filter is not None and since is not None and 0 <= since <= self._length + 1:
            yield from self._sound_filter.convert(frame, since)

    def _seen(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        for frame in frames:
            self._cover.see(frame)
            yield frame


def _rate_of(stream: VideoStream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate is not None and 1 <= rate <= 1000:
            return rate
    return _RATE_GUESSED
