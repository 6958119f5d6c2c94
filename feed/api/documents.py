"""The contract as a document, and a page to read it on that asks no foreign host."""

from pathlib import Path

import litestar_offline_docs
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

_FILES = Path(litestar_offline_docs.__file__).parent / "static"
_AT = "/docs/files"

OPENAPI = OpenAPIConfig(
    title="feed",
    version="1",
    description="鹏友圈 · the community section: moments, likes, comments, campaigns and prizes.",
    path="/",
    use_handler_docstrings=True,
    render_plugins=[
        SwaggerRenderPlugin(
            path="/docs",
            js_url=f"{_AT}/swagger-ui-bundle.js",
            css_url=f"{_AT}/swagger-ui.css",
            standalone_preset_js_url=f"{_AT}/swagger-ui-standalone-preset.js",
            favicon="",
        )
    ],
)

files = create_static_files_router(path=_AT, directories=[_FILES], include_in_schema=False, name="docs-files")
