"""`make clients`: clients in Python and TypeScript from the served document, and the demo's story told by the first of them."""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from feed.commands.supervisor import run_installation
from feed.demo.output import Output
from feed.demo.runner import play
from tests.clients.line import GeneratedLine

PACKAGE = "feed_client"
_TYPESCRIPT = ["openapi-typescript@7.10.1", "typescript@5.9.3"]


def generate(document: Path, into: Path, generator: Path) -> None:
    """The Python client, as a package; whatever the generator could not make of the document ends this."""
    made = subprocess.run(
        [
            generator,
            "generate",
            "--path",
            document,
            "--meta",
            "none",
            "--output-path",
            into / PACKAGE,
            "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{generator.parent}{os.pathsep}{os.environ['PATH']}"},
    )
    if made.returncode:
        raise SystemExit(f"The Python client could not be generated:\n{made.stdout}{made.stderr}")


def generate_typescript(document: Path, into: Path) -> bool:
    """Types for TypeScript, checked by its compiler; False where there is no npm."""
    if shutil.which("npm") is None:
        return False
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", into, *_TYPESCRIPT], check=True
    )
    bin_ = into / "node_modules/.bin"
    subprocess.run([bin_ / "openapi-typescript", document, "-o", into / "feed.d.ts"], check=True, capture_output=True)
    subprocess.run([bin_ / "tsc", "--noEmit", "--strict", into / "feed.d.ts"], check=True)
    return True


async def tell_story(directory: Path, generator: Path) -> None:
    """Plays the demo through the generated client on an installation of its own."""
    environ = {**os.environ, "FEED_SMS_QUIET_HOURS": "off"}
    async with run_installation(directory / "data", port=0, environ=environ) as there:
        async with httpx.AsyncClient(base_url=there.base_url, trust_env=False) as client:
            document = (await client.get("/openapi.json")).json()
        path = directory / "openapi.json"
        path.write_text(json.dumps(document), "utf-8")
        generate(path, directory, generator)
        sys.path.insert(0, str(directory))
        line = GeneratedLine(there.base_url, PACKAGE, document)
        await play(
            Output("en"),
            line=line,
            data=there.data,
            keys_dir=there.settings.keys_dir,
            kill_api=there.api.kill,
        )
    operations = sum(len(item) for item in document["paths"].values())
    print(
        f"Python: {operations} operations generated, {len(line.used)} of them used by the story in {line.requests:,} requests."
    )
    made = generate_typescript(path, directory)
    print("TypeScript: generated and compiled." if made else "TypeScript: left out, there is no npm here.")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("--generator", type=Path, required=True, help="the path of openapi-python-client")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="feed-clients-") as directory:
        asyncio.run(tell_story(Path(directory), given.generator.absolute()))


if __name__ == "__main__":
    main()
