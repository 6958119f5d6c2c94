"""`make bench`: what a request costs, against a hello and a constant body on the same server, in one run."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from bench import load, processes
from bench.load import http_request
from bench.seed import Seeded, seed
from feed.commands.running import Running, running
from feed.keys import open_keys
from feed.postgres import open_pool
from feed.processes import free_port

# Away from a terminal the table would be folded into nothing readable.
console = Console(width=None if sys.stdout.isatty() else 130)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured line. CPU in microseconds per request."""

    name: str
    per_second: float
    p50_ms: float
    p99_ms: float
    api_cpu_us: float
    postgres_cpu_us: float
    failed: int
    base: str


async def measure(
    name: str, base_url: str, requests: Sequence[bytes], *, seconds: float, connections: int, directory: Path, base: str
) -> Figure:
    """One run of the load, with the CPU that it cost whom."""
    before = processes.cpu_seconds()
    done = await load.run(base_url, requests, seconds=seconds, connections=connections, directory=directory)
    spent = processes.cpu_seconds()
    spent.subtract(before)
    count = max(done.requests, 1)
    served = "baseline" if base == "" else "api"
    return Figure(
        name=name,
        per_second=done.per_second,
        p50_ms=done.p50 / 1000,
        p99_ms=done.p99 / 1000,
        api_cpu_us=spent[served] / count * 1e6,
        postgres_cpu_us=spent["postgres"] / count * 1e6,
        failed=done.failed,
        base=base,
    )


def scenarios(seeded: Seeded) -> list[tuple[str, str, list[bytes]]]:
    """Name, base and requests of everything that is measured on `feed`."""
    tokens, posts = seeded.tokens, seeded.post_ids
    each = range(4000)

    def token(n: int) -> str:
        return tokens[n % len(tokens)]

    def like(n: int, post_id: int) -> bytes:
        # Like and unlike in turn, so that every request changes a row.
        return http_request("DELETE" if n // len(tokens) % 2 else "PUT", f"/v1/posts/{post_id}/like", token=token(n))

    page = "/v1/feeds/latest"
    text = "今天在书店坐了一下午 #爱读书的深圳人# 很值得"
    return [
        ("latest page of 20, anonymous", "constant", [http_request("GET", page)]),
        ("latest page of 20, signed in", "constant", [http_request("GET", page, token=token(n)) for n in each]),
        ("like, spread over posts", "hello", [like(n, posts[n * 7 % len(posts)]) for n in each]),
        ("like, all on one post", "hello", [like(n, posts[0]) for n in each]),
        (
            "comment",
            "hello",
            [
                http_request(
                    "POST",
                    f"/v1/posts/{posts[n % len(posts)]}/comments",
                    token=token(n),
                    body=msgspec.json.encode({"text": "写得真好，明天也去看看"}),
                )
                for n in each
            ],
        ),
        (
            "post",
            "hello",
            [http_request("POST", "/v1/posts", token=token(n), body=msgspec.json.encode({"text": text})) for n in each],
        ),
    ]


async def serve_baseline(body_bytes: int, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The bare application on the same server, with the same settings as `feed api`."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop", "--workers", "1",
        "--no-ws", "--host", "127.0.0.1", "--port", str(port), "bench.baseline:application",
    ]  # fmt: skip
    server = subprocess.Popen(
        command,
        env={**os.environ, "BENCH_BODY_BYTES": str(body_bytes)},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    base_url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(200):
            try:
                await client.get(f"{base_url}/hello")
                return server, base_url
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    raise RuntimeError(log.read_text())


async def collect(place: Running, directory: Path, options: argparse.Namespace) -> list[Figure]:
    """Every figure, the bases first."""
    keys = open_keys(place.settings.keys_dir, create=False)
    pool = await open_pool(place.settings.database_url, size=2, statement_seconds=300)
    console.print(f"Writing {options.posts:,} posts and {options.accounts:,} accounts …")
    seeded = await seed(pool, keys, accounts=options.accounts, posts=options.posts)
    await pool.close()
    async with httpx.AsyncClient(trust_env=False) as client:
        body_bytes = len((await client.get(f"{place.base_url}/v1/feeds/latest")).content)
    baseline, baseline_url = await serve_baseline(body_bytes, directory / "baseline.log")
    how = {"connections": options.connections, "directory": directory}
    figures = []
    try:
        for name in ("hello", "constant"):
            console.print(f"Measuring {name} …")
            request = [http_request("GET", f"/{name}")]
            await load.run(baseline_url, request, seconds=1, **how)
            figures.append(await measure(name, baseline_url, request, seconds=options.seconds, base="", **how))
        for name, base, requests in scenarios(seeded):
            console.print(f"Measuring {name} …")
            await load.run(place.base_url, requests, seconds=1, **how)
            figures.append(await measure(name, place.base_url, requests, seconds=options.seconds, base=base, **how))
        console.print(
            f"API worker: {processes.resident_bytes('api') / 1e6:.0f} MB resident; page: {body_bytes:,} bytes"
        )
    finally:
        baseline.terminate()
        baseline.wait(10)
    return figures


def show(figures: list[Figure]) -> None:
    """The table: absolute figures, and the ratios that carry over to other machines."""
    bases = {figure.name: figure for figure in figures}
    table = Table(title="One API worker; CPU in µs per request, read from /proc")
    for column in ("", "requests/s", "p50 ms", "p99 ms", "API µs", "× base", "% of base/s", "Postgres µs", "failed"):
        table.add_column(column, justify="left" if not column else "right")
    for figure in figures:
        base = bases.get(figure.base)
        table.add_row(
            figure.name,
            f"{figure.per_second:,.0f}",
            f"{figure.p50_ms:.1f}",
            f"{figure.p99_ms:.1f}",
            f"{figure.api_cpu_us:.0f}",
            f"{figure.api_cpu_us / base.api_cpu_us:.1f} × {figure.base}" if base else "",
            f"{100 * figure.per_second / base.per_second:.0f} %" if base else "",
            f"{figure.postgres_cpu_us:.0f}" if base else "",
            str(figure.failed),
        )
    console.print(table)


async def main() -> None:
    """Measures everything once."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="per figure (default 5)")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as temporary:
        directory = Path(temporary)
        # Counted as ever, and never reached.
        environ = {**os.environ, "FEED_LIMITS_SCALE": "100000"}
        async with running(directory / "data", port=0, workers=1, environ=environ) as place:
            figures = await collect(place, directory, options)
    show(figures)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except load.LoadToolMissing as missing:
        sys.exit(str(missing))
