"""Whether a transcoded file is what it has to be, read again from the disk."""

from fractions import Fraction
from pathlib import Path

import av
import msgspec
from av.video.frame import VideoFrame

from feed.renditions.video.boxes import read_layout
from feed.renditions.video.sources import opened

# Of the length of a stream, beside what was put into it.
_SECONDS_TOLERATED = Fraction(1, 10)
_KINDS = [b"ftyp", b"moov", b"mdat"]
# What the muxer writes if there is nothing to write: a handler, and an empty list.
_NO_METADATA = b"\0\0\0\x35meta" + bytes(4) + b"\0\0\0\x21hdlr" + bytes(8) + b"mdirappl" + bytes(9) + b"\0\0\0\x08ilst"


class WrongOutput(Exception):
    """The encoder has not written what it was given: an error of this program or of the machine, not of the file."""


class Expected(msgspec.Struct, frozen=True):
    """What was put into the file. `last` and `until`: when its last frame begins and ends, in seconds."""

    size: tuple[int, int]
    frame_count: int
    has_sound: bool
    last: Fraction
    until: Fraction


def check(path: Path, expected: Expected) -> int:
    """The length of the file in milliseconds. Raises WrongOutput."""
    with path.open("rb") as file:
        layout = read_layout(file)
    kinds = [kind for kind in layout.kinds if kind != b"free"]
    _require(layout.complete and kinds == _KINDS and layout.index_first, f"boxes {layout.kinds}")
    _require(not layout.rotated and all(payload == _NO_METADATA for payload in layout.metadata), "a matrix or metadata")
    # By the header of the track: FFmpeg's reader counts the end of the last frame in another way where frames are irregular.
    end = next(iter(layout.track_seconds), Fraction(0))
    _require(abs(end - expected.until) <= _SECONDS_TOLERATED, f"ends at {float(end):.3f} s, not {expected.until}")
    try:
        with opened(path, "mov") as container:
            streams = container.streams
            _require(len(streams) == len(streams.video) + len(streams.audio) == 1 + expected.has_sound, "streams")
            video = streams.video[0]
            _require(
                (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p"),
                f"{video.codec_context.name} {video.pix_fmt}",
            )
            _require((video.width, video.height) == expected.size, f"{video.width} × {video.height}")
            _require(all(sound.codec_context.name == "aac" for sound in streams.audio), "sound")
            count, last, first = 0, Fraction(0), None
            for packet in container.demux():
                if packet.pts is None or packet.size == 0:
                    continue
                _require(not packet.is_corrupt, "a packet is cut off")
                if packet.stream_index == video.index:
                    count += 1
                    last = max(last, packet.pts * packet.time_base)
                    if first is None:
                        first = packet.decode() or video.codec_context.decode(None)
            _require(count == expected.frame_count, f"{count} of {expected.frame_count} frames")
            _require(abs(last - expected.last) <= _SECONDS_TOLERATED, f"the last frame is at {float(last):.3f} s")
            _require(bool(first) and isinstance((first or [None])[0], VideoFrame), "the first frame cannot be decoded")
            return round((container.duration or 0) / 1000)
    except av.FFmpegError as error:
        raise WrongOutput(str(error)) from error


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise WrongOutput(otherwise)
