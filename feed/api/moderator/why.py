"""The endpoint that explains why a post is or was visible."""

from datetime import datetime

from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.api.responses import PRIVATE
from feed.errors import FieldError, Invalid, InvalidValue
from feed.posts.model import PostNotFound
from feed.screens.staff import why as screen
from feed.screens.staff.why import WhyVisible
from feed.times import read_instant


@get("/{post_id:str}/why", errors=(PostNotFound,))
async def explain_visibility(
    post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, at: FromQuery[str | None] = None
) -> Response[WhyVisible]:
    """Every decision that made a post visible to others or not, and whether it was so at a time, or is now."""
    id_ = path_id(post_id, PostNotFound)
    async with app_state.pool.acquire() as conn:
        why = await screen.explain_visibility(conn, id_, _instant(at))
    return Response(why, headers={"cache-control": PRIVATE})


def _instant(at: str | None) -> datetime | None:
    """The time. Raises Invalid."""
    try:
        return None if at is None else read_instant(at)
    except InvalidValue as error:
        raise Invalid(FieldError("at", error.code, error.params)) from None


why = Router("/posts", route_handlers=[explain_visibility])
