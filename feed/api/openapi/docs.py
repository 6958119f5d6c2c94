"""Serves the OpenAPI document, and a page that displays it without other hosts and inline scripts."""

import asyncio
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
from feed.api.html.assets import ASSETS, asset
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
<html lang="zh-CN">
  <head>
    <title>鹏友圈 接口文档 · API</title>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="{asset("icon.svg")}" type="image/svg+xml">
    <link href="{_FILES_PATH}/swagger-ui.css" rel="stylesheet">
    <link href="{asset("docs.css")}" rel="stylesheet">
    <script src="{_FILES_PATH}/swagger-ui-bundle.js"></script>
    <script src="{DOCS_PATH}/start.js" defer></script>
  </head>
  <body>
    <header class="docs-top">
      <h1>鹏友圈 接口文档 · API</h1>
      <nav><a href="/">首页 Home</a> <a href="{DOCS_PATH}?lang=zh" data-to="zh" lang="zh-CN">中文</a>
        <a href="{DOCS_PATH}?lang=en" data-to="en" lang="en">English</a> <a href="/openapi.json">openapi.json</a></nav>
      <p data-lang="zh">没有锁的接口不需要令牌；带锁的要先点「Authorize」填入令牌，锁随即合上。令牌由 App 签发，或用
        <code>POST /v1/auth/codes</code> 和 <code>POST /v1/auth/tokens</code> 以手机号登录取得；自己的部署可以运行 <code>feed token</code>。</p>
      <p data-lang="en" lang="en" hidden>Operations without a lock need no token. For those with a lock press “Authorize” and enter one: the lock closes.
        Tokens come from the app, or by phone from <code>POST /v1/auth/codes</code> and <code>POST /v1/auth/tokens</code>; on an installation of
        your own, <code>feed token</code> prints one.</p>
    </header>
    <main id="contract"><noscript><p class="docs-top">需要脚本才能显示；文档本身在 <a href="/openapi.json">/openapi.json</a>。</p></noscript></main>
  </body>
</html>
""".encode()

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


async def require_document(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard: the document is built, by the first request for it and in a thread. It takes most of a second, for which neither the
    start of a process nor any other request waits."""
    if _document:
        return
    state = connection.app.state
    # One that has failed is tried again.
    if "building_document" not in state or state.building_document.done():
        building = asyncio.to_thread(_build_document, connection.app)
        state.building_document = asyncio.create_task(building, name="OpenAPI document")
    # A client that leaves ends no one else's request.
    await asyncio.shield(state.building_document)


def _build_document(app: Litestar) -> None:
    provider: Any = next(plugin for plugin in app.plugins.receive_route if hasattr(plugin, "provide_openapi_schema"))
    _encoded(provider.provide_openapi_schema(), app)


class DocsPage(OpenAPIRenderPlugin):
    """Swagger UI, started by a script file, so that the policy need not allow inline scripts."""

    def __init__(self) -> None:
        super().__init__(path=DOCS_PATH)

    def receive_router(self, router: Router) -> None:
        router.guards = [*router.guards, require_document]
        # Page and document are public: tokens are not verified.
        router.opt |= {**_OPTIONS, "conditional": True, "stored_tag": _stored_tag}
        # The framework's page for unknown paths, which would answer for all of one segment, and the root, which is for people.
        router.routes[:] = [route for route in router.routes if route.path_format not in ("/{path}", "/")]

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return _PAGE


@get(f"{DOCS_PATH}/start.js", include_in_schema=False, media_type="text/javascript", sync_to_thread=False)
def start_docs() -> Response[bytes]:
    """Starts Swagger UI on the page."""
    return Response(ASSETS["docs.js"].content, media_type="text/javascript; charset=utf-8")


OPENAPI = OpenAPIConfig(
    title="feed",
    version="1",
    description="鹏友圈 · the community section: moments, likes, comments, campaigns and prizes.",
    path="/",
    license=License(name="Apache 2.0", identifier="Apache-2.0"),
    contact=Contact(name="The operator of this site"),
    servers=[Server(url="/", description="This site.")],
    use_handler_docstrings=True,
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
