"""Memory that the API takes for an upload of 20 MB."""

import os
import tempfile
from pathlib import Path

import httpx

from bench import processes
from bench.installation import Scene
from bench.report import Verdict
from feed.media.model import DIRECT_BYTES_MOST

_UPLOADS = 5
# A form's own bytes: boundary, headers, name.
_FORM_BYTES = 4096


async def measure_upload(scene: Scene) -> tuple[list[Verdict], list[str]]:
    """How far the resident memory of the API worker rises above what it was, over several uploads in a row."""
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as directory:
        photo = Path(directory) / "photo.jpg"
        photo.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + os.urandom(DIRECT_BYTES_MOST - _FORM_BYTES))
        async with httpx.AsyncClient(base_url=scene.place.base_url, trust_env=False, timeout=60) as client:
            # The first one also loads what uploads need, once for all.
            rises = [await _rise(client, photo, token) for token in scene.tokens[-_UPLOADS - 1 :]]
    most = max(rises[1:])
    return (
        [Verdict(name="upload of 20 MB", what="memory of the API worker", measured=most / 1e6, unit="MB", wanted=2)],
        ["upload of 20 MB: the API worker grows by " + ", ".join(f"{each / 1e6:.1f}" for each in rises) + " MB"],
    )


async def _rise(client: httpx.AsyncClient, photo: Path, token: str) -> int:
    before = processes.reset_peak("api")
    with photo.open("rb") as file:
        answer = await client.post(
            "/v1/media",
            files={"file": ("photo.jpg", file, "image/jpeg")},
            headers={"authorization": f"Bearer {token}", "idempotency-key": os.urandom(16).hex()},
        )
    if answer.status_code != 201:
        raise RuntimeError(f"the upload answers {answer.status_code}: {answer.text[:500]}")
    return max(processes.peak_bytes("api") - before, 0)
