"""Files that browsers and search engines ask for by fixed addresses: icons, the manifest, and what is to be indexed."""

from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec
from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.html.assets import ASSETS, asset
from feed.api.html.formats import topic_path
from feed.api.pages.calls import call
from feed.api.pages.page import state_of

_DAY = {"cache-control": "public, max-age=86400"}
_HOUR = {"cache-control": "public, max-age=3600"}
# Pages of one user or of staff, forms, and the API.
_NOT_INDEXED = ("/console", "/me", "/inbox", "/prizes", "/write", "/sign-in", "/report", "/appeal", "/v1/")
# Of each kind: what is newest or most used is enough for a search engine to find the rest by links.
_LISTED_MOST = 50
_COLOR = "#0b6b50"


@get("/favicon.ico")
async def read_favicon() -> Response[bytes]:
    """The icon for browsers that take no SVG."""
    found = ASSETS["favicon.ico"]
    return Response(found.content, media_type="image/x-icon", headers=_DAY)


@get("/site.webmanifest")
async def read_manifest() -> Response[bytes]:
    """The name and the icons for a home screen."""
    manifest = {
        "name": "鹏友圈",
        "short_name": "鹏友圈",
        "lang": "zh-CN",
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": "#ffffff",
        "theme_color": _COLOR,
        "icons": [
            {"src": asset(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"} for size in (180, 512)
        ],
    }
    return Response(msgspec.json.encode(manifest), media_type="application/manifest+json", headers=_HOUR)


@get("/robots.txt")
async def read_robots(request: AnyRequest) -> Response[bytes]:
    """What search engines leave out, and where they find what is public."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in _NOT_INDEXED),
        "",
        f"Sitemap: {_home(request)}/sitemap.xml",
    ]
    return Response("\n".join([*lines, ""]).encode(), media_type="text/plain; charset=utf-8", headers=_DAY)


@get("/sitemap.xml")
async def read_sitemap(request: AnyRequest) -> Response[bytes]:
    """The addresses of the public lists, of campaigns with their rules, of topics and of the newest posts."""
    home = _home(request)
    campaigns = await _read(request, "/v1/campaigns")
    paths = ["/", "/hot", "/videos", "/topics", "/campaigns"]
    for each in campaigns:
        paths += [f"/campaigns/{each['id']}", f"/campaigns/{each['id']}/rules"]
    paths += [topic_path(each["name"]) for each in await _read(request, "/v1/topics")]
    addresses = [home + path for path in paths]
    shared = [each["share_url"] for each in await _read(request, "/v1/feeds/latest")]
    # A sitemap names addresses of its own site only.
    addresses += [each for each in shared if each.startswith(f"{home}/")]
    entries = "".join(f"<url><loc>{escape(each)}</loc></url>\n" for each in addresses)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    )
    return Response(content.encode(), media_type="application/xml", headers=_HOUR)


async def _read(request: AnyRequest, path: str) -> Any:
    return (await call(request, None, "GET", path, query={"limit": _LISTED_MOST})).json()["items"]


def _home(request: AnyRequest) -> str:
    return state_of(request).settings.public_url.rstrip("/")


ROUTES: Final[tuple[Any, ...]] = (read_favicon, read_manifest, read_robots, read_sitemap)
