"""The contract as a document, and a page to read it on that asks no foreign host and runs no inline script."""

from pathlib import Path
from typing import Any

import litestar_offline_docs
import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.static_files import create_static_files_router

from feed.api.dependencies import AnyRequest
from feed.api.openapi.schema import complete

_FILES = Path(litestar_offline_docs.__file__).parent / "static"
DOCS_PATH = "/docs"
_AT = f"{DOCS_PATH}/files"

# Its own files alone. Inline styles: the interface sets them on elements; pictures: its icons are data.
DOCS_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = f"""<!DOCTYPE html>
<html>
  <head>
    <title>feed</title>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link href="{_AT}/swagger-ui.css" rel="stylesheet">
    <script src="{_AT}/swagger-ui-bundle.js"></script>
    <script src="{DOCS_PATH}/start.js" defer></script>
  </head>
  <body><div id="contract"></div></body>
</html>
""".encode()
_START = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


_OPEN: dict[str, Any] = {"limit": "files"}


# The document follows from the code alone, so a process makes it once.
_whole: list[bytes] = []


class Document(JsonRenderPlugin):
    """`/openapi.json`: what the framework derives, completed."""

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        if not _whole:
            _whole.append(msgspec.json.encode(complete(openapi_schema, request.app.routes)))
        return _whole[0]


class DocsPage(OpenAPIRenderPlugin):
    """The interface, started by a script of its own, so that the policy need not allow others."""

    def __init__(self) -> None:
        super().__init__(path=DOCS_PATH)

    def receive_router(self, router: Router) -> None:
        # The page and the document are for anybody, whatever token comes along.
        router.opt |= _OPEN

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return _PAGE


@get(f"{DOCS_PATH}/start.js", include_in_schema=False, media_type="text/javascript", sync_to_thread=False)
def start_docs() -> Response[bytes]:
    """Shows the contract on the page."""
    return Response(_START, media_type="text/javascript; charset=utf-8")


OPENAPI = OpenAPIConfig(
    title="feed",
    version="1",
    description="鹏友圈 · the community section: moments, likes, comments, campaigns and prizes.",
    path="/",
    use_handler_docstrings=True,
    render_plugins=[Document(), DocsPage()],
)

files = Router(
    "/",
    route_handlers=[
        start_docs,
        create_static_files_router(path=_AT, directories=[_FILES], include_in_schema=False, name="docs-files"),
    ],
    opt=_OPEN,
)
