"""The block as a page in a frame, and as a fragment that a server includes. Neither knows who reads it: cookies are not looked at."""

from typing import Any

from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.html.assets import RELEASE
from feed.api.html.rendering import render
from feed.api.pages.embed.content import Content, read_content
from feed.api.pages.embed.options import Options, read_options
from feed.api.pages.embed.sites import FILE_POLICY, frame_ancestors, sites_of
from feed.api.pages.page import policy_of, state_of

# A minute in caches, then one more while it is renewed, so that what was taken down is gone after two; an hour where this site does
# not answer.
CACHED = "public, max-age=60, s-maxage=60, stale-while-revalidate=60, stale-if-error=3600"
# With a part missing: soon again.
_INCOMPLETE = "public, max-age=5, s-maxage=5, stale-if-error=3600"


@get("/embed")
async def show_block(request: AnyRequest) -> Response[bytes]:
    """The block as a page for a frame."""
    options = read_options(dict(request.query_params.multi_items()))
    content = await read_content(request, options)
    settings = state_of(request).settings
    sites = " ".join(sites_of(settings))
    body = _rendered("embed/frame.html", request, options, content, sites=sites)
    headers = {"content-security-policy": policy_of(settings, ancestors=frame_ancestors(settings))}
    return _response(body, options, content, headers)


@get("/embed/fragment")
async def show_fragment(request: AnyRequest) -> Response[bytes]:
    """The block as HTML without script, for a server that puts it into its page; `css=0` leaves out its stylesheet."""
    given = dict(request.query_params.multi_items())
    options = read_options(given)
    content = await read_content(request, options)
    with_css = given.get("css") != "0"
    return _response(
        _rendered("embed/fragment.html", request, options, content, with_css=with_css),
        options,
        content,
        {"content-security-policy": FILE_POLICY},
    )


def _rendered(template: str, request: AnyRequest, options: Options, content: Content, **more: Any) -> bytes:
    settings = state_of(request).settings
    home = settings.public_url.rstrip("/")
    style = f"/embed/block.css?v={RELEASE}{f'&accent={options.accent}' if options.accent else ''}"
    context = {"home": home, "options": options, "parts": content.parts, "style": style, **more}
    return render(template, options.language, context).encode()


def _response(body: bytes, options: Options, content: Content, headers: dict[str, str]) -> Response[bytes]:
    return Response(
        body,
        media_type="text/html",
        headers={
            "cache-control": CACHED if content.is_complete else _INCOMPLETE,
            "content-language": options.language,
            "cross-origin-resource-policy": "cross-origin",
            # The block is a part of other pages: not a result of a search.
            "x-robots-tag": "noindex",
            **headers,
        },
    )
