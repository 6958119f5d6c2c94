"""The stylesheet of a block in its colours, and the script that sizes its frame: for pages of other sites, at addresses that stay."""

from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.html.assets import ASSETS, RELEASE
from feed.api.pages.embed.colors import accent_on_dark, accent_on_light
from feed.api.pages.embed.options import read_options
from feed.api.pages.embed.sites import FILE_POLICY
from feed.api.responses import is_known

_VERSIONED = "public, max-age=31536000, immutable"
_LASTING = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=604800"


@get("/embed/block.css")
async def read_stylesheet(request: AnyRequest) -> Response[bytes]:
    """The stylesheet, with an accent of six hexadecimal digits if one is given."""
    given = dict(request.query_params.multi_items())
    content = ASSETS["embed.css"].content
    accent = read_options(given).accent
    if accent is not None:
        light, dark = accent_on_light(accent), accent_on_dark(accent)
        on_light = f"{{ --feed-accent: {light.color}; --feed-on-accent: {light.ink}; }}"
        on_dark = f"{{ --feed-accent: {dark.color}; --feed-on-accent: {dark.ink}; }}"
        content += (
            f".feed-block {on_light}\n.feed-block.feed-dark {on_dark}\n"
            f"@media (prefers-color-scheme: dark) {{ .feed-block.feed-auto {on_dark} }}\n"
        ).encode()
    headers = {
        "cache-control": _VERSIONED if given.get("v") == RELEASE else _LASTING,
        "content-security-policy": FILE_POLICY,
        "cross-origin-resource-policy": "cross-origin",
    }
    return Response(content, media_type="text/css; charset=utf-8", headers=headers)


@get("/embed/frame.js")
async def read_frame_script(request: AnyRequest) -> Response[bytes]:
    """The script for the page around a frame: it gives the frame the height that the block says."""
    asset = ASSETS["embed-frame.js"]
    headers = {
        "cache-control": _LASTING,
        "content-security-policy": FILE_POLICY,
        "cross-origin-resource-policy": "cross-origin",
        "etag": f'"{asset.tag.decode()}"',
    }
    if is_known(request.scope, b'"%b"' % asset.tag):
        return Response(b"", status_code=304, headers=headers)
    return Response(asset.content, media_type="text/javascript; charset=utf-8", headers=headers)
