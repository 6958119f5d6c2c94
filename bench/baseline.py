"""What the machine can do at all: a hello and a constant body through the same server and framework, and nothing else."""

import os

from litestar import Litestar, Response, get

_BODY = b"x" * int(os.environ.get("BENCH_BODY_BYTES", "10000"))


@get("/hello")
async def hello() -> dict[str, str]:
    """The least that a handler can do."""
    return {"hello": "world"}


@get("/constant")
async def constant() -> Response[bytes]:
    """A body of a page's size that is there already."""
    return Response(_BODY, media_type="application/json")


def application() -> Litestar:
    """The bare application."""
    return Litestar([hello, constant], openapi_config=None, logging_config=None)
