"""What a worker's child does with an uploaded video. FFmpeg is needed for it: the extra `feed[media]`."""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from feed.renditions.model import Rendered, RenderingFailed

INSTALL = "pip install 'feed[media]'"


def is_installed() -> bool:
    """Whether FFmpeg is there, without loading it."""
    return importlib.util.find_spec("av") is not None


def load() -> ModuleType | None:
    """Loads FFmpeg, in a process that children are forked from or in one of these. None if it is not installed or does not load."""
    try:
        return importlib.import_module("feed.renditions.video.outcome")
    except ImportError:
        return None


def describe() -> str:
    """FFmpeg and its version, for the operator. Raises LookupError, which says what is missing."""
    outcome = load()
    if outcome is None:
        raise LookupError(f"PyAV: {INSTALL}")
    described: str = outcome.describe_ffmpeg()
    return described


def render_video(source: Path, target: Path, *, cover_ms: int | None, progress: Callable[[int], None]) -> Rendered:
    """Transcodes the video into the folder `target`, with its cover. `progress` gets percents, never falling.

    `cover_ms`: the time of the frame that is to be the cover; None: the first one that shows something. Raises RenderingFailed;
    files that are left in the folder then are to be removed with it.
    """
    outcome = load()
    if outcome is None:
        raise RenderingFailed("unsupported_type", f"videos need FFmpeg: {INSTALL}")
    rendered: Rendered = outcome.render(source, target, cover_ms=cover_ms, progress=progress)
    return rendered
