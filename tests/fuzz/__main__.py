"""`make fuzz`: schemathesis over a live server, in every role, until it has asked often enough."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from feed.commands.supervisor import run_installation
from tests.fuzz import seed_data

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


async def fuzz(*, least: int, seed: int, tell: Any = print) -> int:
    """Asks at least `least` requests of a fresh installation; 0 when every answer was one that the document promises."""
    with tempfile.TemporaryDirectory(prefix="feed-fuzz-") as directory:
        async with run_installation(
            Path(directory) / "data", port=0, environ={**os.environ, **seed_data.ENVIRON}, notify=tell
        ) as place:
            asked, rounds, failed = 0, 0, 0
            while asked < least and not failed:
                known = await seed_data.make(place, rounds)
                failed = await _round(place.base_url, known, seed=seed + rounds, least=least)
                rounds += 1
                asked = await _asked(place.base_url)
                tell(f"round {rounds} (seed {seed + rounds - 1}): {asked:,} of {least:,} requests answered")
            if failed:
                tell(f"Say SEED={seed + rounds - 1} to ask the same again.")
            return failed


async def _round(url: str, known: seed_data.Known, *, seed: int, least: int) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url),
        *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing,stateful"),
        *("--max-examples", str(min(EXAMPLES, max(1, least // 100))), "--seed", str(seed), "--continue-on-failure"),
        *("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off", "--workers", "2"),
        *("--request-timeout", "15", "--no-color", "--max-failures", "40"),
        env={**os.environ, "SCHEMATHESIS_HOOKS": _HOOKS, "FEED_FUZZ": json.dumps(known._asdict()), "NO_PROXY": "*"},
    )
    return await process.wait()


async def _asked(url: str) -> int:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return int(sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("feed_requests_total{")))


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="at least so many (default 20,000)")
    parser.add_argument("--seed", type=int, default=1, help="what a round begins from (default 1)")
    given = parser.parse_args()
    return asyncio.run(fuzz(least=given.requests, seed=given.seed))


if __name__ == "__main__":
    sys.exit(main())
