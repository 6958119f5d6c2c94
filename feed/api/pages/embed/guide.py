"""How to put the block into a page: parameters, a preview, and what to copy."""

from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.pages.embed.content import read_content
from feed.api.pages.embed.options import DEFAULT_PARTS, LIMIT_MOST, PARTS, THEMES, read_options, reserved_height
from feed.api.pages.embed.sites import sites_of
from feed.api.pages.page import page, policy_of, state_of
from feed.api.pages.sessions import InjectedSession


@get("/embed/guide")
async def show_guide(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The instructions, with a block of the chosen parameters."""
    given = dict(request.query_params.multi_items())
    # Check boxes are sent one by one.
    chosen = request.query_params.getall("parts", [])
    options = read_options(given | ({"parts": ",".join(chosen)} if chosen else {}))
    content = await read_content(request, options)
    settings = state_of(request).settings
    query = options.query()
    return await page(
        request,
        session,
        "embed/guide.html",
        cache="public",
        headers={"content-security-policy": f"{policy_of(settings)}; frame-src 'self'"},
        options=options,
        all_parts=PARTS,
        default_parts=DEFAULT_PARTS,
        themes=THEMES,
        limit_most=LIMIT_MOST,
        home=settings.public_url.rstrip("/"),
        query=f"?{query}" if query else "",
        height=reserved_height({part: len(found) for part, found in content.parts}),
        sites=sites_of(settings),
    )
