"""The plain Go service for comparison: built, run on the installation's database, and measured."""

import asyncio
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from bench.installation import Scene
from bench.lines import Case
from bench.load import load_of
from feed.embedded.processes import free_port
from feed.postgres import Pool

_SOURCE = Path(__file__).with_name("plain_go") / "main.go"
# Where Debian's packages of Go libraries are.
_GOPATH = "/usr/share/gocode"
_PACKAGES = "golang-go golang-github-jackc-pgx-v4-dev"
_SECONDS = 86_400


class GoMissing(Exception):
    """The Go compiler or the library pgx is not installed."""


def build(directory: Path) -> Path:
    """Builds the service. Returns the program. Raises GoMissing."""
    program = directory / "plain-go"
    go = shutil.which("go")
    if go is None or not (Path(_GOPATH) / "src/github.com/jackc/pgx").exists():
        raise GoMissing(f"The plain Go service needs Go and pgx (Debian: apt-get install {_PACKAGES}).")
    environ = os.environ | {"GO111MODULE": "off", "GOPATH": _GOPATH, "GOCACHE": str(directory / "go-cache")}
    subprocess.run([go, "build", "-o", str(program), str(_SOURCE)], env=environ, check=True)
    return program


@asynccontextmanager
async def plain_service(program: Path, database_url: str, secret: str, log: Path) -> AsyncIterator[str]:
    """Runs the service on a database. Yields its URL."""
    address = f"127.0.0.1:{free_port()}"
    environ = os.environ | {"PLAIN_DATABASE_URL": database_url, "PLAIN_SECRET": secret, "PLAIN_ADDRESS": address}
    with log.open("wb") as out:
        server = subprocess.Popen([str(program)], env=environ, stdout=out, stderr=subprocess.STDOUT)
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(200):
                try:
                    await client.get(f"http://{address}/hello")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            else:
                raise RuntimeError(log.read_text())
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(10)


def make_secret() -> str:
    """A new secret for signing tokens."""
    return secrets.token_hex(16)


async def plain_cases(scene: Scene, pool: Pool, secret: str) -> list[Case]:
    """The cases of the service: its page and its like, by as many accounts as there are tokens."""
    rows = await pool.fetch("SELECT id FROM accounts ORDER BY id LIMIT $1", len(scene.tokens))
    tokens = _tokens([row["id"] for row in rows], secret)
    body = f"constant {scene.body_bytes['latest']}"
    return [
        Case(
            key="go latest",
            name="plain Go: latest page of 20, signed in",
            base=body,
            load=load_of("GET", "/v1/feeds/latest", tokens=tokens),
        ),
        Case(
            key="go like",
            name="plain Go: like, spread over posts",
            base="hello",
            load=load_of("PUT", "/v1/posts/{post}/like", posts=scene.post_ids, tokens=tokens),
        ),
    ]


def _tokens(accounts: Sequence[int], secret: str) -> list[str]:
    key = OctKey.import_key(secret.encode())
    expires = int(time.time()) + _SECONDS
    return [jwt.encode({"alg": "HS256"}, {"sub": str(account), "exp": expires}, key) for account in accounts]
