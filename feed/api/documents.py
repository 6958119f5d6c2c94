"""The contract as a document, and a page to read it on that asks no foreign host."""

from pathlib import Path
from typing import Any

import litestar_offline_docs
import msgspec
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from feed.api.contract import complete
from feed.api.inputs import AnyRequest

_FILES = Path(litestar_offline_docs.__file__).parent / "static"
_AT = "/docs/files"
# The document follows from the code alone, so a process makes it once.
_whole: dict[str, Any] = {}


def whole(request: AnyRequest, derived: dict[str, Any]) -> dict[str, Any]:
    """The document that is served, from the one that the framework derives."""
    if not _whole:
        _whole.update(complete(derived, request.app.routes))
    return _whole


class Document(JsonRenderPlugin):
    """`/openapi.json`."""

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        """The whole contract as JSON."""
        return msgspec.json.encode(whole(request, openapi_schema))


class Reader(SwaggerRenderPlugin):
    """`/docs`."""

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        """The page over the whole contract."""
        return super().render(request, whole(request, openapi_schema))


OPENAPI = OpenAPIConfig(
    title="feed",
    version="1",
    description="鹏友圈 · the community section: moments, likes, comments, campaigns and prizes.",
    path="/",
    use_handler_docstrings=True,
    render_plugins=[
        Document(),
        Reader(
            path="/docs",
            js_url=f"{_AT}/swagger-ui-bundle.js",
            css_url=f"{_AT}/swagger-ui.css",
            standalone_preset_js_url=f"{_AT}/swagger-ui-standalone-preset.js",
            favicon="",
        ),
    ],
)

files = create_static_files_router(path=_AT, directories=[_FILES], include_in_schema=False, name="docs-files")
