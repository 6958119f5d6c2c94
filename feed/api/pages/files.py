"""Serves the stylesheets, scripts and pictures of the pages."""

from litestar import Response, get
from litestar.params import FromPath

from feed.api.client_address import header
from feed.api.dependencies import AnyRequest
from feed.api.html.assets import ASSETS, ASSETS_PATH, RELEASE
from feed.api.responses import is_known
from feed.errors import NotFound

_FOREVER = "public, max-age=31536000, immutable"
# A page of another release asks for a file by its old address: it gets the present one, and nothing remembers it under that address.
_OTHER_RELEASE = "no-cache"


class AssetNotFound(NotFound):
    """There is no such file."""


@get(f"{ASSETS_PATH}/{{release:str}}/{{name:path}}")
async def read_asset(release: FromPath[str], name: FromPath[str], request: AnyRequest) -> Response[bytes]:
    """A file of the pages, compressed if the browser takes it so."""
    found = ASSETS.get(str(name).lstrip("/"))
    if found is None:
        raise AssetNotFound
    tag = b'"%b"' % found.tag
    headers = {
        "cache-control": _FOREVER if release == RELEASE else _OTHER_RELEASE,
        "etag": tag.decode(),
        "vary": "Accept-Encoding",
    }
    if is_known(request.scope, tag):
        return Response(b"", status_code=304, headers=headers)
    content = found.content
    if found.compressed is not None and "gzip" in (header(request.scope, b"accept-encoding") or ""):
        content = found.compressed
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=found.content_type, headers=headers)
