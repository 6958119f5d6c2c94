"""What runs in a child: the renditions of one file of either kind."""

from collections.abc import Callable
from pathlib import Path

from feed.renditions.child import Job
from feed.renditions.images import decoding
from feed.renditions.images.render import render_image
from feed.renditions.model import Rendered
from feed.renditions.video.rendering import load, render_video

# Once, for all children.
load()
decoding.load()


def render_file(job: Job, progress: Callable[[int], None]) -> Rendered:
    """Renders a file. Raises RenderingFailed."""
    source, target = Path(job.source), Path(job.target)
    if job.kind == "video":
        return render_video(source, target, cover_ms=job.cover_ms, progress=progress)
    return render_image(source, target, progress=progress)
