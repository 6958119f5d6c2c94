"""All files of a video: probed, transcoded, read again, and its cover."""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import av.logging

from feed.renditions.ai_labels import ai_source_of
from feed.renditions.images.perceptual_hash import hash_of
from feed.renditions.images.pictures import write_pictures
from feed.renditions.images.placeholder import placeholder_of
from feed.renditions.model import Rendered, RenderedFile
from feed.renditions.video.checks import check
from feed.renditions.video.covers import CoverChoice
from feed.renditions.video.encoding import AUDIO_ENCODER, VIDEO_ENCODER
from feed.renditions.video.reading import failure_of
from feed.renditions.video.sources import Source, probe
from feed.renditions.video.transcoder import transcode

FILE = "video.mp4"
# The parts of the work, in percent: reading through the file comes first, checking it and its cover last.
_PROBED, _TRANSCODED = 3, 95


def describe_ffmpeg() -> str:
    """Raises LookupError if it cannot write what players need."""
    absent = [name for name in (VIDEO_ENCODER, AUDIO_ENCODER) if name not in av.codecs_available]
    if absent:
        raise LookupError(f"FFmpeg {av.ffmpeg_version_info} without {', '.join(absent)}")
    return f"FFmpeg {av.ffmpeg_version_info}, PyAV {av.__version__}"


def render(source: Path, target: Path, *, cover_ms: int | None, progress: Callable[[int], None]) -> Rendered:
    """Raises RenderingFailed."""
    av.logging.set_level(None)
    found = probe(source)
    progress(_PROBED)
    choice = CoverChoice(cover_ms)
    path = target / FILE
    try:
        transcoded = transcode(
            found,
            path,
            choice,
            lambda percent: progress(_PROBED + percent * (_TRANSCODED - _PROBED) // 100),
            scratch=target,
        )
    except av.FFmpegError as error:
        raise failure_of(error) from error
    finally:
        for table in target.glob("*.cube"):
            table.unlink()
    duration_ms = check(path, transcoded.expected)
    cover = choice.picture()
    width, height = transcoded.expected.size
    video = RenderedFile("video", FILE, "video/mp4", width, height, path.stat().st_size)
    rendered = Rendered(
        width=transcoded.upright_size[0],
        height=transcoded.upright_size[1],
        duration_ms=duration_ms,
        placeholder=placeholder_of(cover),
        perceptual_hash=hash_of(cover),
        ai_source=ai_source_of(_texts(found)),
        files=[video, *write_pictures(cover, target, ("list", "page"))],
    )
    progress(100)
    return rendered


def _texts(found: Source) -> Iterator[bytes]:
    """All that is said beside the pictures: the boxes as they are, and what FFmpeg reads out of them, by key."""
    if found.layout is not None:
        yield from found.layout.metadata
    for key, value in found.metadata.items():
        yield f"{key} {value}".encode(errors="replace")
