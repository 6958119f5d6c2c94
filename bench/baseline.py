"""The baseline: a hello and constant bodies through the same server and framework, and nothing else."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler

from feed.embedded.processes import free_port


@get("/hello")
async def hello() -> dict[str, str]:
    """The minimal handler."""
    return {"hello": "world"}


def constant(length: int) -> HTTPRouteHandler:
    """A handler that returns a prebuilt body of `length` bytes, at its own path, as parsing a parameter has a cost."""
    body = b"x" * length

    @get(f"/constant/{length}")
    async def handler() -> Response[bytes]:
        return Response(body, media_type="application/json")

    return handler


def application() -> Litestar:
    """The application with only these handlers."""
    lengths = [int(length) for length in os.environ.get("BENCH_BODY_BYTES", "10000").split(",")]
    return Litestar([hello, *(constant(length) for length in lengths)], openapi_config=None, logging_config=None)


@asynccontextmanager
async def baseline(lengths: Iterable[int], log: Path) -> AsyncIterator[str]:
    """Runs the baseline on the same server with the settings of one worker of `feed api`. Yields its URL."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop", "--workers", "1",
        "--http", "1", "--no-ws", "--host", "127.0.0.1", "--port", str(port), "bench.baseline:application",
    ]  # fmt: skip
    with log.open("wb") as out:
        server = subprocess.Popen(
            command,
            env={**os.environ, "BENCH_BODY_BYTES": ",".join(str(length) for length in sorted(set(lengths)))},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        base_url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(200):
                try:
                    await client.get(f"{base_url}/hello")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            else:
                raise RuntimeError(log.read_text())
        yield base_url
    finally:
        server.terminate()
        server.wait(10)
