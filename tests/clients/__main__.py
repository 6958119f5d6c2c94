"""`make clients`: lints the served document, generates clients in four languages, and plays campaigns through two of them."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from feed.commands.supervisor import RunningInstallation, run_installation
from feed.demo.output import Output
from feed.demo.runner import play
from tests.clients import examples
from tests.clients.generators import PACKAGE, Tools, generate_python, generate_typescript, generate_with_java
from tests.clients.line import GeneratedLine
from tests.clients.linting import lint
from tests.support.waiting import HANG_SECONDS


async def check_clients(directory: Path, bin_: Path) -> None:
    """Runs every check on an installation of its own; the first one that fails ends the program."""
    environ = {**os.environ, "FEED_SMS_QUIET_HOURS": "off"}
    tools = await asyncio.to_thread(Tools, bin_, directory)
    async with run_installation(directory / "data", port=0, environ=environ) as there:
        async with httpx.AsyncClient(base_url=there.base_url, trust_env=False, timeout=HANG_SECONDS) as client:
            document: dict[str, Any] = (await client.get("/openapi.json")).json()
        path = directory / "openapi.json"
        path.write_text(json.dumps(document), "utf-8")
        await asyncio.to_thread(lint, path, tools)
        print("Document: redocly and spectral have no findings.")
        await asyncio.to_thread(_generate, path, document, directory, tools)
        for name, run in (("Python", examples.run_python), ("TypeScript", examples.run_typescript)):
            said = await asyncio.to_thread(run, there, directory, tools)
            print(f"{name}: the campaign of docs/examples:", *said.strip().splitlines(), sep="\n  ")
        await _play_demo(there, document, directory)


def _generate(path: Path, document: dict[str, Any], directory: Path, tools: Tools) -> None:
    generate_python(path, directory, tools)
    print("Python: generated without a warning.")
    generate_typescript(path, directory, tools)
    print("TypeScript: generated and compiled.")
    for name, language in (("Kotlin", "kotlin"), ("Swift", "swift6")):
        count = generate_with_java(path, document, directory, tools, language)
        print(f"{name}: generated, all {count} operations.")


async def _play_demo(there: RunningInstallation, document: dict[str, Any], directory: Path) -> None:
    """Plays the whole demo through the generated Python client."""
    sys.path.insert(0, str(directory))
    line = GeneratedLine(there.base_url, PACKAGE, document)
    await play(Output("en"), line=line, data=there.data, keys_dir=there.settings.keys_dir, kill_api=there.api.kill)
    count = sum(len(item) for item in document["paths"].values())
    print(f"Python: {len(line.used)} of {count} operations used by the demo in {line.requests:,} requests.")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("--bin", type=Path, required=True, help="the folder of the generators' programs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="feed-clients-") as directory:
        asyncio.run(check_clients(Path(directory), given.bin.absolute()))


if __name__ == "__main__":
    main()
