"""Topics for editors: their states, what they are an alias of, how their posts are reviewed, and the trends."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.basis import BASIS_FIELD, edit_of, write_basis
from feed.api.pages.calls import OperationFailed, PageNotFound, find_json, get_json, segment
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in

# What a form can change, and how the API has it.
_VALUES: Final[dict[str, Callable[[str], Any]]] = {
    "state": str,
    "alias_of": lambda text: text or None,
    "review_chain": lambda text: int(text) if text in ("1", "2", "3") else text,
}
_FIELDS = tuple(_VALUES)


@get("/console/topics")
async def list_topics(
    request: AnyRequest,
    session: InjectedSession,
    q: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
    changed_cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Trending topics or those whose names begin so, and the topics that editors have changed."""
    own = signed_in(session)
    changed, found = await asyncio.gather(
        get_json(request, own, "/v1/admin/topics", {"cursor": changed_cursor, "limit": 50}),
        get_json(request, own, "/v1/topics", {"q": q or None, "cursor": cursor, "limit": 50}),
    )
    return await page(
        request,
        own,
        "editor/topics.html",
        cache="no-store",
        section="topics",
        q=q,
        topics=found["items"],
        next_cursor=found["next_cursor"],
        changed=changed["items"],
        changed_cursor=changed["next_cursor"],
    )


@get("/console/topics/change")
async def show_topic(
    request: AnyRequest, session: InjectedSession, name: FromQuery[str] = "", done: FromQuery[str | None] = None
) -> Response[bytes]:
    """A topic, hidden ones included, with the form to change it."""
    return await _show(request, signed_in(session), name, done=done)


@post("/console/topics/change")
async def change_topic(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Changes those of a topic's state, alias and review chain that the editor has changed."""
    own = signed_in(session)
    name = form.text("name")
    now = _shown(await _read(request, own, name))
    change, conflicts = edit_of(form, {each: form.text(each).strip() for each in _FIELDS}, now)
    if conflicts:
        return await _show(request, own, name, form=form, conflicts=conflicts)
    body = {each: _VALUES[each](text) for each, text in change.items()}
    try:
        if body:
            await send(request, own, form, "PATCH", f"/v1/admin/topics/{segment(name)}", body, keyed=False)
    except OperationFailed as error:
        return await _show(request, own, name, form=form, error=error)
    return see_other(f"/console/topics/change?{urlencode({'name': name, 'done': 'topic_changed'})}")


async def _show(
    request: AnyRequest,
    session: Session,
    name: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
    conflicts: Sequence[str] = (),
    done: str | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    topic = await _read(request, session, name)
    shown = _shown(topic)
    return await page(
        request,
        session,
        "editor/topic.html",
        cache="no-store",
        section="topics",
        status=409 if conflicts else 200 if error is None else error.status,
        topic=topic,
        trend=await find_json(request, session, f"/v1/topics/{segment(name)}"),
        typed=shown if form is None else {each: form.text(each) for each in _FIELDS},
        # What failed for another reason is still an edit of what was read first.
        basis=write_basis(shown) if form is None or conflicts else form.text(BASIS_FIELD),
        conflicts=conflicts,
        problem=problem,
        done=done,
    )


async def _read(request: AnyRequest, session: Session, name: str) -> Any:
    """The topic, hidden ones included. Raises PageNotFound, OperationFailed."""
    if not name.strip():
        raise PageNotFound
    return await get_json(request, session, f"/v1/admin/topics/{segment(name)}")


def _shown(topic: Any) -> dict[str, str]:
    return {each: str(topic[each] or "") for each in _FIELDS}


ROUTES: Final[tuple[Any, ...]] = (list_topics, show_topic, change_topic)
