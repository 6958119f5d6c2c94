"""Answers that are encoded already: a handler hands over bytes, the document says what they hold."""

from typing import Any

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

PUBLIC = "public, max-age=0, s-maxage=1"
PRIVATE = "private, no-store"


def encoded(body: bytes, *, status: int = 200, public: bool = False) -> Response[bytes]:
    """A JSON answer from its bytes; `public` for what everybody without a token gets alike."""
    headers = {"cache-control": PUBLIC if public else PRIVATE, "vary": "Authorization"}
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def answers(kind: Any, *, status: int = 200, description: str = "") -> dict[int, ResponseSpec]:
    """The `responses` entry of a handler whose answer is encoded already."""
    return {
        status: ResponseSpec(
            data_container=kind,
            description=description or "The answer.",
            generate_examples=False,
            media_type="application/json",
        )
    }
