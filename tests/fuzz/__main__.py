"""`make fuzz`: schemathesis over a live server, in every role, until it has asked often enough."""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from feed.commands.supervisor import RunningInstallation, run_installation
from tests.fuzz import extremes, seed_data
from tests.support.waiting import HANG_SECONDS

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "problem_code_is_documented",
    "problem_is_whole",
)
# What a round generates differs each time; rounds go on until enough was asked.
EXAMPLES = 60
_HOOKS = "tests.fuzz.hooks"
_CONFIG = Path(__file__).with_name("schemathesis.toml")
# What is measured in the API itself, in seconds.
HELD, LATE = "feed_loop_held_longest_seconds", "feed_loop_late_longest_seconds"
HELD_MOST = 0.1
MEMORY_MOST = 250 << 20


async def fuzz(*, least: int, seed: int, tell: Any = print) -> int:
    """Asks at least `least` requests of a fresh installation; 0 when every answer was one that the document promises.

    A part of each round comes from the document, the rest is extremes that its generator does not know. Also fails when a
    request held the event loop for more than 100 ms, or a process of the API grew beyond 250 MB.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="feed-fuzz-") as directory:
        async with run_installation(
            Path(directory) / "data", port=0, environ={**os.environ, **seed_data.ENVIRON}, notify=tell
        ) as place:
            asked, rounds, failed, sizes = 0, 0, 0, [_memory(place)]
            while asked < least and not failed:
                known = await seed_data.make(place, rounds)
                failed = await _round(place.base_url, known, seed=seed + rounds, least=least)
                from_document = await _asked(place.base_url) - asked
                count = min(3 * from_document, max(0, least - asked - from_document)) or 200
                outcome = await extremes.send(place.base_url, known, count=count, seed=seed + rounds, tell=tell)
                for failure in outcome.failures:
                    tell(failure)
                failed = failed or len(outcome.failures)
                rounds += 1
                asked += from_document + outcome.statuses.total()
                sizes.append(_memory(place))
                tell(
                    f"round {rounds} (seed {seed + rounds - 1}): {asked:,} of {least:,} requests answered in "
                    f"{time.monotonic() - began:.0f} s; {await _held(place.base_url)}, memory {sizes[-1] >> 20} MB"
                )
            statuses = await _statuses(place.base_url)
            tell("statuses: " + ", ".join(f"{status} {count:,}" for status, count in sorted(statuses.items())))
            tell("memory of the largest API process by round, MB: " + " ".join(str(size >> 20) for size in sizes))
            if failed:
                tell(f"Say SEED={seed + rounds - 1} to ask the same again.")
            return failed or _too_much(await _gauge(place.base_url, HELD), max(sizes), tell)


def _too_much(held: float, size: int, tell: Any) -> int:
    if held > HELD_MOST:
        tell(f"FAILED: the event loop was held for {held * 1000:.0f} ms")
    if size > MEMORY_MOST:
        tell(f"FAILED: a process of the API had {size >> 20} MB")
    return int(held > HELD_MOST or size > MEMORY_MOST)


def _memory(place: RunningInstallation) -> int:
    """The largest resident memory of the API's processes now, in bytes."""
    pids = [place.api.process.pid]
    for pid in pids:
        children = Path(f"/proc/{pid}/task/{pid}/children")
        pids += [int(child) for child in children.read_text().split()] if children.exists() else []
    return max(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") for pid in pids)


async def _held(url: str) -> str:
    return (
        f"the event loop was held for {await _gauge(url, HELD) * 1000:.0f} ms at most "
        f"({await _gauge(url, LATE) * 1000:.0f} by the clock)"
    )


async def _gauge(url: str, name: str) -> float:
    return next((float(line.rsplit(" ", 1)[1]) for line in await _metrics(url) if line.startswith(f"{name} ")), 0.0)


async def _statuses(url: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for line in await _metrics(url):
        if found := re.match(r'feed_requests_total\{.*status="(\d+)".*\} ([\d.e+]+)', line):
            counted[found[1]] += int(float(found[2]))
    return counted


async def _round(url: str, known: seed_data.Known, *, seed: int, least: int) -> int:
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(_CONFIG),
            "run",
            f"{url}/openapi.json",
            "--url",
            url,
        ),
        *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing,stateful"),
        *("--max-examples", str(min(EXAMPLES, max(1, least // 100))), "--seed", str(seed), "--continue-on-failure"),
        *("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off", "--workers", "2"),
        # A stream of events does not end.
        *("--exclude-path", "/v1/events"),
        *("--request-timeout", "15", "--no-color", "--max-failures", "40"),
        env={**os.environ, "SCHEMATHESIS_HOOKS": _HOOKS, "FEED_FUZZ": json.dumps(known._asdict()), "NO_PROXY": "*"},
    )
    return await process.wait()


async def _asked(url: str) -> int:
    return (await _statuses(url)).total()


async def _metrics(url: str) -> list[str]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=HANG_SECONDS) as client:
        return (await client.get("/metrics")).text.splitlines()


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="at least so many (default 20,000)")
    parser.add_argument("--seed", type=int, default=1, help="what a round begins from (default 1)")
    given = parser.parse_args()
    return asyncio.run(fuzz(least=given.requests, seed=given.seed))


if __name__ == "__main__":
    sys.exit(main())
