"""The demo, run once, and its winners recomputed from the public API."""

import asyncio
import math
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from feed.embedded.processes import find_holder
from tests.support.waiting import HANG_SECONDS

# A data directory in which `feed demo` has run to its end; empty: it is played here.
PLAYED = os.environ.get("FEED_TESTS_PLAYED_DEMO", "")
# The demo's own campaign is open for up to four minutes, on a machine that does other work besides.
_PLAYED_SECONDS = 1000


@asynccontextmanager
async def _served(data: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The server of the finished demo and its output."""
    # The gate has played the demo already: then its directory is served again instead.
    given = ("up",) if PLAYED else ("demo", "--keep")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FEED_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "feed", *given, "--port", "0", "--data", str(data)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**environ, "PYTHONIOENCODING": "utf-8"},
    )
    said: list[str] = []
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_PLAYED_SECONDS):
            async for line in process.stdout:
                said.append(line.decode())
                if "Ctrl-C" in said[-1]:
                    break
        yield process, "".join(said)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.communicate()


@pytest.mark.long
async def test_the_demo_ends_well_and_its_winners_are_those_that_anybody_counts(tmp_path: Path) -> None:
    data = Path(PLAYED) if PLAYED else tmp_path / "演示 demo"
    async with _served(data) as (process, said):
        assert "Ctrl-C" in said, said
        run = msgspec.json.decode((data / "run.json").read_bytes())
        async with httpx.AsyncClient(base_url=run["base_url"], trust_env=False, timeout=HANG_SECONDS) as client:
            campaigns = (await client.get("/v1/campaigns")).json()["items"]
            result = (await client.get(f"/v1/campaigns/{campaigns[0]['id']}/result")).json()
            for winner in result["winners"][:2]:
                post = (await client.get(f"/v1/posts/{winner['post_id']}")).json()
                (row,) = [row for row in result["sheet"] if row["post_id"] == winner["post_id"]]
                assert result["people"][winner["person"]] == post["author"]["name"][:1] + "**"
                assert post["like_count"] >= row["likes_counted"] > 0
            await _require_photos(client, {row["post_id"] for row in result["sheet"]})
        assert [winner["post_id"] for winner in result["winners"]] == _counted_again(result)
    assert process.returncode == 0
    assert find_holder(data) is None
    assert not _still_running(data)


async def _require_photos(client: httpx.AsyncClient, entries: set[str]) -> None:
    """The photos stay where the demo has left them: an album of nine among others, and avatars."""
    shown, avatars = [], 0
    for post_id in entries:
        answer = await client.get(f"/v1/posts/{post_id}")
        if answer.status_code == 404:
            # Deleted after the result.
            continue
        avatars += answer.json()["author"]["avatar_url"] is not None
        shown.append([card["thumb_url"] for card in answer.json()["media"]])
    assert max(map(len, shown)) == 9
    assert avatars > 0
    for address in (each for addresses in shown for each in addresses):
        # Under the address of the run that has uploaded them: another run has another port.
        served = await client.get(httpx.URL(address).path)
        assert (served.status_code, served.headers["content-type"]) == (200, "image/webp"), address


def _counted_again(result: dict[str, Any]) -> list[str]:
    """The winners' posts by the formula of the published rules, with the logarithms of another library."""
    rules = result["campaign"]["rules"]
    weight = {name: float(value) for name, value in rules["weights"].items()}
    caps = rules["caps"]

    def score(row: dict[str, Any]) -> float:
        likes = math.log1p(min(row["likes_counted"], caps["likes"])) / math.log1p(caps["likes"])
        comments = math.log1p(min(row["commenters_counted"], caps["comments"])) / math.log1p(caps["comments"])
        return 100 * (
            weight["quality"] * float(row["quality"]) / 100 + weight["likes"] * likes + weight["comments"] * comments
        )

    best: dict[str, str] = {}
    for row in sorted(result["sheet"], key=score, reverse=True):
        assert float(row["score"]) == pytest.approx(score(row), abs=1e-6)
        if row["rank"] is not None:
            best.setdefault(row["person"], row["post_id"])
    return list(best.values())[: rules["winner_count"]]


def _still_running(data: Path) -> list[str]:
    """The processes that know of the directory, by their command lines, environments and working directories."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # The run of the tests itself knows the directory by this variable.
            environ = (process / "environ").read_bytes().replace(b"FEED_TESTS_PLAYED_DEMO=" + os.fsencode(data), b"")
            known = [(process / "cmdline").read_bytes(), environ]
            known.append(os.readlink(process / "cwd").encode())
        except OSError:
            continue
        if int(process.name) != os.getpid() and any(os.fsencode(data) in text for text in known):
            found.append(known[0].decode(errors="replace"))
    return found
