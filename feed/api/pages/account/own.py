"""What the pages of a user have in common: they need a session, and browsers keep nothing of them."""

from typing import Any

from litestar import Response

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, get_json
from feed.api.pages.page import page
from feed.api.pages.sessions import Session


async def own_page(
    request: AnyRequest,
    session: Session,
    template: str,
    own_section: str,
    *,
    error: OperationFailed | None = None,
    **context: Any,
) -> Response[bytes]:
    """A page of the user; with an error the page of the form that was refused, with its status."""
    headers = {} if error is None or error.retry_after is None else {"retry-after": error.retry_after}
    return await page(
        request,
        session,
        template,
        status=200 if error is None else error.status,
        cache="no-store",
        headers=headers,
        me=await get_json(request, session, "/v1/me"),
        own_section=own_section,
        problem=None if error is None else error.problem,
        **context,
    )
