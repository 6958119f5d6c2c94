"""The addresses to which forms are sent, opened as pages: after a refused form a reload or another language asks for them."""

from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.pages.page import see_other

_PAGES = {
    "/sign-in/code": "/sign-in",
    "/sign-out": "/me/sessions",
    "/inbox/read": "/inbox",
    "/me/profile": "/me",
    "/me/avatar/use": "/me/avatar",
    "/me/protection": "/me/settings",
    "/me/protection/end": "/me/settings",
    "/me/restore": "/me/delete",
}


@get(list(_PAGES))
async def show_page_of_form(request: AnyRequest) -> Response[None]:
    """The page with the form."""
    return see_other(_PAGES[request.url.path])
