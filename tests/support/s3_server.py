"""A server that speaks the protocol of S3 and checks signatures, as strict as the strictest of those that sites use.

It refuses bodies in signed chunks, trailing checksums and removals in bulk, as OSS does, and knows a bucket by its path and by
its host. What it was asked is in `requests`; `failing` makes it answer 503, `failures` so often, and `holding` read no further into bodies.
"""

import asyncio
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from nanio.app import build_app  # type: ignore[import-untyped]
from nanio.auth.credentials import StaticCredentialResolver  # type: ignore[import-untyped]
from nanio.config import Settings as ServerSettings  # type: ignore[import-untyped]
from starlette.middleware import Middleware

from feed.storage.s3 import S3Storage
from feed.storage.s3_bucket import S3Bucket
from tests.support.waiting import HANG_SECONDS

KEY_ID = "AKIDTESTTESTTEST"
KEY_SECRET = "a secret of the test server"
REGION = "cn-test-1"
# Of virtual addressing: the bucket is the first label. Nobody resolves the name: requests go through the server as their proxy.
HOST = "s3.test"


class Request(msgspec.Struct, frozen=True):
    """What was asked, with the length of the body."""

    method: str
    path: str
    host: str
    headers: dict[str, str]


class S3Server:
    """The running server, with a folder for each bucket."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.refused: list[str] = []
        self.failing = False
        self.failures = 0
        self.holding = False
        self._folder = folder

    def make_bucket(self, name: str) -> None:
        (self._folder / name).mkdir()

    def bucket(self, name: str, **changed: Any) -> S3Bucket:
        """How the bucket is addressed by its path."""
        given = {
            "name": name,
            "endpoint": self.url,
            "region": REGION,
            "key_id": KEY_ID,
            "key_secret": KEY_SECRET,
            "addressing": "path",
        }
        return S3Bucket(**given | changed)

    def storage(self, name: str, **changed: Any) -> S3Storage:
        return S3Storage(self.bucket(name, **changed))


class _Strict:
    """Before the signature is checked: notes the request, and refuses what strict servers do not know."""

    def __init__(self, app: Any, *, server: S3Server) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self._server.requests.append(Request(scope["method"], scope["path"], headers.get("host", ""), headers))
        wrong = [
            name
            for name, is_wrong in (
                ("aws-chunked", "aws-chunked" in headers.get("content-encoding", "")),
                ("streaming", headers.get("x-amz-content-sha256", "").startswith("STREAMING")),
                ("trailer", "x-amz-trailer" in headers or "trailer" in headers),
                ("length", scope["method"] == "PUT" and "content-length" not in headers),
                ("bulk", scope["method"] == "POST" and b"delete" in scope["query_string"].split(b"&")),
            )
            if is_wrong
        ]
        self._server.refused += wrong
        failed, self._server.failures = self._server.failures > 0, max(0, self._server.failures - 1)
        if self._server.failing or failed or wrong:
            code = "NotImplemented" if wrong else "ServiceUnavailable"
            body = f"<Error><Code>{code}</Code></Error>".encode()
            await send({"type": "http.response.start", "status": 501 if wrong else 503, "headers": []})
            await send({"type": "http.response.body", "body": body})
            return

        async def receive_some() -> Any:
            while self._server.holding:
                await asyncio.sleep(0.01)
            return await receive()

        await self._app(scope, receive_some, send)


class _VirtualHosts:
    """After the signature was checked: a bucket in the host becomes one in the path."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope.get("headers", ())).get(b"host", b"").decode().partition(":")[0]
        bucket, _, rest = host.partition(".")
        if scope["type"] == "http" and rest == HOST:
            path = f"/{bucket}{scope['path']}"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


@contextmanager
def serving_s3() -> Iterator[S3Server]:
    """Runs the server in a thread."""
    with tempfile.TemporaryDirectory(prefix="feed-s3-") as folder, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = S3Server(f"http://127.0.0.1:{listening.getsockname()[1]}", Path(folder))
        credentials = StaticCredentialResolver({KEY_ID: KEY_SECRET})
        app = build_app(ServerSettings(data_dir=Path(folder), region=REGION, credentials=credentials))
        app.user_middleware.insert(0, Middleware(_Strict, server=server))
        app.user_middleware.append(Middleware(_VirtualHosts))
        running = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, loop="asyncio", lifespan="off", timeout_keep_alive=60
            )
        )
        thread = threading.Thread(target=lambda: asyncio.run(running.serve([listening])), daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        try:
            yield server
        finally:
            running.should_exit = running.force_exit = True
            thread.join(10)


async def until_asked(server: S3Server, count: int) -> None:
    """Waits until the server has been asked so often."""
    async with asyncio.timeout(HANG_SECONDS):
        while len(server.requests) < count:
            await asyncio.sleep(0.01)
