"""Serves the OpenAPI document, and a page that displays it without other hosts and inline scripts."""

from pathlib import Path
from typing import Any

import litestar_offline_docs
import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Contact, License, Server
from litestar.static_files import create_static_files_router
from litestar.types import Scope

from feed.api.dependencies import AnyConnection, AnyRequest
from feed.api.openapi.schema import complete
from feed.errors import NotFound
from feed.screens.posts.page_render import Rendered, rendered

_STATIC = Path(litestar_offline_docs.__file__).parent / "static"
_FILES = frozenset(path.name for path in _STATIC.iterdir())
DOCS_PATH = "/docs"
_FILES_PATH = f"{DOCS_PATH}/files"

# Own files only. Swagger UI sets inline styles on elements, and its icons are data URLs.
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
    <link href="{_FILES_PATH}/swagger-ui.css" rel="stylesheet">
    <script src="{_FILES_PATH}/swagger-ui-bundle.js"></script>
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

DOCUMENT_PATH = "/openapi.json"

# The document depends on the code only and is built once per process.
_document: list[Rendered] = []


def _stored_tag(scope: Scope) -> bytes | None:
    return b'"%b"' % _document[0].tag if _document and scope["path"] == DOCUMENT_PATH else None


_OPTIONS: dict[str, Any] = {"limit": "files"}


class Document(JsonRenderPlugin):
    """`/openapi.json`: the document of the framework, completed."""

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        return _encoded(openapi_schema, request.app)


def _encoded(openapi_schema: dict[str, Any], app: Litestar) -> bytes:
    if not _document:
        _document.append(rendered(msgspec.json.encode(complete(openapi_schema, app.routes))))
    return _document[0].body


def prepare_document(app: Litestar) -> None:
    """Builds the document before it is requested, in a thread: it takes a quarter of a second, in which the event loop would be held."""
    provider: Any = next(plugin for plugin in app.plugins.receive_route if hasattr(plugin, "provide_openapi_schema"))
    _encoded(provider.provide_openapi_schema(), app)


class DocsPage(OpenAPIRenderPlugin):
    """Swagger UI, started by a script file, so that the policy need not allow inline scripts."""

    def __init__(self) -> None:
        super().__init__(path=DOCS_PATH)

    def receive_router(self, router: Router) -> None:
        # Page and document are public: tokens are not verified.
        router.opt |= {**_OPTIONS, "conditional": True, "stored_tag": _stored_tag}
        # The framework's page for unknown paths, which would answer for all of one segment.
        router.routes[:] = [route for route in router.routes if route.path_format != "/{path}"]

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return _PAGE


@get(f"{DOCS_PATH}/start.js", include_in_schema=False, media_type="text/javascript", sync_to_thread=False)
def start_docs() -> Response[bytes]:
    """Starts Swagger UI on the page."""
    return Response(_START, media_type="text/javascript; charset=utf-8")


OPENAPI = OpenAPIConfig(
    title="feed",
    version="1",
    description="鹏友圈 · the community section: moments, likes, comments, campaigns and prizes.",
    path="/",
    license=License(name="Apache 2.0", identifier="Apache-2.0"),
    contact=Contact(name="The operator of this site"),
    servers=[Server(url="/", description="This site.")],
    use_handler_docstrings=True,
    # The first one is also the page of the root.
    render_plugins=[DocsPage(), Document()],
)


async def require_known_file(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard: only the names of Swagger UI's files reach the file system. Raises NotFound."""
    if str(connection.path_params["file_path"]).lstrip("/") not in _FILES:
        raise NotFound


docs_files = Router(
    "/",
    route_handlers=[
        start_docs,
        create_static_files_router(
            path=_FILES_PATH,
            directories=[_STATIC],
            include_in_schema=False,
            name="docs-files",
            guards=[require_known_file],
        ),
    ],
    opt=_OPTIONS,
)
