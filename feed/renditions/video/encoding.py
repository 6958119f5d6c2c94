"""Writing the transcoded file: H.264 and AAC in MP4, with its index first and nothing in it about where it comes from."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from feed.renditions.video.reading import THREADS
from feed.renditions.video.timeline import CLOCK

# docs/decisions/0077: what these cost and how they look.
VIDEO_ENCODER: Final = "libx264"
AUDIO_ENCODER: Final = "aac"
PRESET = "veryfast"
QUALITY = 23
# At most, for a player on a phone's network; in bits per second.
_RATE_MOST = 3_000_000
_AUDIO_RATES = {"mono": 64_000, "stereo": 128_000}
# A player that seeks has to decode from a key frame on.
_KEY_FRAME_SECONDS = 4
_BT709 = 1
_LIMITED_RANGE = 1
# Supplemental information: x264 writes its name and its settings there, and captions would be copied into it.
_WITHOUT_SUPPLEMENTS = "filter_units=remove_types=6"


class Encoder:
    """A file that is written; complete only after `finish`."""

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction, sound: tuple[str, int] | None) -> None:
        """`sound`: the layout and the rate of its samples."""
        self.frame_count = 0
        self._durations: dict[int, int] = {}
        self._waiting: VideoFrame | None = None
        self._file: OutputContainer = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact", "write_tmcd": "0"}
        )
        try:
            self._video = self._add_video(size, rate)
            self._audio = None if sound is None else self._add_audio(*sound)
            self._clean = BitStreamFilterContext(_WITHOUT_SUPPLEMENTS, self._video)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def add_pictures(self, frames: Iterable[VideoFrame]) -> None:
        """Frames of the size of the file, their times in ticks and rising."""
        for frame in frames:
            self._encode_waiting(until=frame.pts)
            self._waiting = frame

    def add_sound(self, frames: Iterable[AudioFrame]) -> None:
        """Frames of the layout and rate of the file."""
        assert self._audio is not None
        for frame in frames:
            self._file.mux(self._audio.encode(frame))

    def finish(self, until: int) -> None:
        """Writes what is still inside, and the index. `until`: when the last picture ends, in ticks."""
        self._encode_waiting(until)
        self._write(self._video.encode(None))
        for packet in self._clean.filter(None):
            self._mux(packet)
        if self._audio is not None:
            self._file.mux(self._audio.encode(None))
        self._file.close()

    def _add_video(self, size: tuple[int, int], rate: Fraction) -> VideoStream:
        stream: VideoStream = self._file.add_stream(
            VIDEO_ENCODER,
            rate=rate,
            options={
                "preset": PRESET,
                "crf": str(QUALITY),
                "maxrate": str(_RATE_MOST),
                "bufsize": str(2 * _RATE_MOST),
                "a53cc": "0",
                "udu_sei": "0",
            },
        )
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = stream.time_base = Fraction(1, CLOCK)
        context.gop_size = max(12, round(rate * _KEY_FRAME_SECONDS))
        context.thread_count = THREADS
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED_RANGE
        context.flags |= Flags.bitexact
        return stream

    def _add_audio(self, layout: str, rate: int) -> AudioStream:
        stream: AudioStream = self._file.add_stream(
            AUDIO_ENCODER, rate=rate, layout=layout, bit_rate=_AUDIO_RATES[layout]
        )
        stream.codec_context.flags |= Flags.bitexact
        return stream

    def _encode_waiting(self, until: int | None) -> None:
        """Encodes the frame before this time: only now is it known how long it is shown."""
        frame = self._waiting
        if frame is None or frame.pts is None or until is None:
            return
        self._durations[frame.pts] = until - frame.pts
        frame.time_base = Fraction(1, CLOCK)
        frame.pict_type = 0  # The encoder decides, not the source.
        self.frame_count += 1
        self._waiting = None
        self._write(self._video.encode(frame))

    def _write(self, packets: "list[Packet[VideoStream]]") -> None:
        for packet in packets:
            for cleaned in self._clean.filter(packet):
                self._mux(cleaned)

    def _mux(self, packet: "Packet[VideoStream]") -> None:
        duration = self._durations.pop(packet.pts, None) if packet.pts is not None else None
        if duration is not None:
            packet.duration = duration
        packet.stream = self._video
        self._file.mux(packet)
