"""The language of pages, chosen in this browser."""

from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.params import FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.html.rendering import CHINESE, ENGLISH
from feed.api.pages.page import LANGUAGE_COOKIE, local_path, see_other, state_of

_YEAR = 365 * 86_400


@get("/language")
async def choose_language(
    request: AnyRequest, to: FromQuery[str | None] = None, back: FromQuery[str | None] = None
) -> Response[None]:
    """Chooses Chinese or English, and goes back; an unknown language changes nothing."""
    response = see_other(local_path(back))
    if to in (CHINESE, ENGLISH):
        secure = state_of(request).settings.public_url.startswith("https:")
        response.set_cookie(
            Cookie(LANGUAGE_COOKIE, value=to, max_age=_YEAR, path="/", httponly=True, secure=secure, samesite="lax")
        )
    return response
