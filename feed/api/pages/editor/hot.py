"""The hot list for editors: why a post is where it is, and what editors do about it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, find_json, get_json
from feed.api.pages.editor.answers import names_of, trailing_id
from feed.api.pages.editor.typed_times import local_value, typed_instant
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in

_ROWS = 20
_FIELDS = ("action", "reason", "until")


@get("/console/hot")
async def list_hot(
    request: AnyRequest,
    session: InjectedSession,
    post: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """The hot list as users see it, each post with its score. `post`: a link or an id to go to, for posts that are not listed."""
    own = signed_in(session)
    if post_id := trailing_id(post):
        return see_other(f"/console/hot/{post_id}")
    # First, as its guard is that of the operations that act; the list itself is public.
    standing = await get_json(request, own, "/v1/admin/hot")
    listed = await get_json(request, own, "/v1/feeds/hot", {"cursor": cursor, "limit": _ROWS})
    whys = await asyncio.gather(
        *(find_json(request, own, f"/v1/feeds/hot/{each['id']}/why") for each in listed["items"])
    )
    return await page(
        request,
        own,
        "editor/hot.html",
        cache="no-store",
        section="hot",
        rows=list(zip(listed["items"], whys, strict=True)),
        standing=standing["items"],
        names=await names_of(request, own, [each["made_by"] for each in standing["items"]]),
        next_cursor=listed["next_cursor"],
        unknown=post,
    )


@get("/console/hot/{post_id:str}")
async def show_hot_post(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, done: FromQuery[str | None] = None
) -> Response[bytes]:
    """Why a post has its rank, what editors have done about it, and the form to do more."""
    return await _show(request, signed_in(session), post_id, done=done)


@post("/console/hot/{post_id:str}")
async def put_hot_action(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Pins, boosts or suppresses a post until a time, with a reason."""
    own = signed_in(session)
    body = {
        "action": form.text("action"),
        "reason": form.text("reason"),
        "until": typed_instant(form.text("until")),
    }
    try:
        await send(request, own, form, "PUT", f"/v1/admin/hot/{checked_id(post_id)}", body, keyed=False)
    except OperationFailed as error:
        return await _show(request, own, post_id, form=form, error=error)
    return see_other(f"/console/hot/{post_id}?done=hot_set")


@post("/console/hot/{post_id:str}/end")
async def end_hot_action(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Ends what editors have done about a post: its rank follows from the formula again."""
    own = signed_in(session)
    try:
        await send(request, own, form, "DELETE", f"/v1/admin/hot/{checked_id(post_id)}", keyed=False)
    except OperationFailed as error:
        return await _show(request, own, post_id, error=error)
    return see_other(f"/console/hot/{post_id}?done=hot_ended")


async def _show(
    request: AnyRequest,
    session: Session,
    post_id: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
    done: str | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    standing = await get_json(request, session, "/v1/admin/hot")
    card, why = await asyncio.gather(
        get_json(request, session, f"/v1/posts/{checked_id(post_id)}"),
        get_json(request, session, f"/v1/feeds/hot/{checked_id(post_id)}/why"),
    )
    typed = {name: "" if form is None else form.text(name) for name in _FIELDS}
    if form is None:
        typed["until"] = local_value(datetime.now(UTC), ahead=timedelta(days=1))
    actions = why.get("actions", [])
    return await page(
        request,
        session,
        "editor/hot_post.html",
        cache="no-store",
        section="hot",
        status=200 if error is None else error.status,
        card=card,
        why=why,
        actions=actions,
        standing=next((each for each in standing["items"] if each["post_id"] == post_id), None),
        names=await names_of(request, session, [each["made_by"] for each in actions]),
        typed=typed,
        problem=problem,
        done=done,
    )


ROUTES: Final[tuple[Any, ...]] = (list_hot, show_hot_post, put_hot_action, end_hot_action)
