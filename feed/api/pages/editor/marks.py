"""The pages of a juror, who needs no role: one entry after another, without the names of authors and the numbers of likes.

What the juror must not see is not in the page: the operation leaves out the marks of others, and the page the rest.
"""

from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.editor.frame import admin_path
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in

_GROUP = 50


class Picture(msgspec.Struct, frozen=True):
    """A photo or video of an entry."""

    kind: str
    url: str | None
    thumb_url: str | None
    alt: str


class Entry(msgspec.Struct, frozen=True):
    """What a juror sees of an entry."""

    post_id: str
    place: int
    text: str
    media: list[Picture]
    revision: int
    recused: bool
    mark: Any

    @property
    def is_done(self) -> bool:
        """Whether the juror has nothing to do here."""
        return self.recused or (self.mark is not None and not self.mark["outdated"])


@get("/console/jury")
async def list_seats(
    request: AnyRequest, session: InjectedSession, done: FromQuery[str | None] = None
) -> Response[bytes]:
    """The juries of the viewer."""
    return await _seats_page(request, signed_in(session), done=done)


async def _seats_page(
    request: AnyRequest, session: Session, *, done: str | None = None, error: OperationFailed | None = None
) -> Response[bytes]:
    seats = (await get_json(request, session, "/v1/me/juries", {"limit": _GROUP}))["items"]
    return await page(
        request,
        session,
        "editor/seats.html",
        status=200 if error is None else error.status,
        cache="no-store",
        section="jury",
        seats=seats,
        is_declined=done == "declined",
        problem=None if error is None else error.problem,
    )


@post("/console/jury/{campaign_id:str}/decline")
async def decline_seat(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Gives up a seat before the first mark."""
    own, path = signed_in(session), f"/v1/me/juries/{checked_id(campaign_id)}"
    try:
        await send(request, own, form, "DELETE", path, keyed=False)
    except OperationFailed as error:
        return await _seats_page(request, own, error=error)
    return see_other("/console/jury?done=declined")


@get("/console/jury/{campaign_id:str}")
async def show_marking(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    entry: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """An entry to mark: the given one, or the first that has no mark of the juror yet."""
    return await _marking_page(request, signed_in(session), campaign_id, entry=entry, cursor=cursor)


@post("/console/jury/{campaign_id:str}/{post_id:str}/mark")
async def mark_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[bytes] | Response[None]:
    """Saves a mark, and goes on to the next entry without one."""
    path = admin_path(campaign_id, f"/entries/{checked_id(post_id)}/mark")
    return await _act(request, signed_in(session), form, campaign_id, post_id, path, _mark_of(form))


@post("/console/jury/{campaign_id:str}/{post_id:str}/recuse")
async def recuse_juror(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[bytes] | Response[None]:
    """Declares a conflict of interest, and goes on."""
    path = admin_path(campaign_id, f"/entries/{checked_id(post_id)}/recuse")
    return await _act(request, signed_in(session), form, campaign_id, post_id, path, {"reason": form.text("reason")})


async def _act(
    request: AnyRequest, session: Session, form: Form, campaign_id: str, post_id: str, path: str, body: Any
) -> Response[bytes] | Response[None]:
    cursor = form.optional("cursor")
    try:
        await send(request, session, form, "PUT", path, body, keyed=False)
    except OperationFailed as error:
        return await _marking_page(request, session, campaign_id, entry=post_id, cursor=cursor, error=error, typed=form)
    rest = f"?saved={post_id}" + (f"&cursor={quote(cursor, safe='')}" if cursor else "")
    return see_other(f"/console/jury/{campaign_id}{rest}")


def _mark_of(form: Form) -> dict[str, Any]:
    """The body of a mark: one score, or one of each criterion, as they were typed."""
    prefix = "scores."
    scores = {name.removeprefix(prefix): form.text(name).strip() for name in form.fields if name.startswith(prefix)}
    body: dict[str, Any] = {"note": form.optional("note"), "revision": _revision(form)}
    return body | ({"scores": scores} if scores else {"score": form.text("score").strip()})


def _revision(form: Form) -> Any:
    text = form.text("revision")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text or None


async def _marking_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    entry: str | None,
    cursor: str | None,
    error: OperationFailed | None = None,
    typed: Form | None = None,
) -> Response[bytes]:
    query = {"limit": _GROUP, "cursor": cursor}
    found = await get_json(request, session, admin_path(campaign_id, "/marks"), query)
    campaign = await get_json(request, session, f"/v1/campaigns/{checked_id(campaign_id)}")
    entries = [_entry(place, item) for place, item in enumerate(found["items"], 1)]
    index = next((place for place, each in enumerate(entries) if each.post_id == entry), None)
    if index is None:
        index = next((place for place, each in enumerate(entries) if not each.is_done), 0)
    saved = request.query_params.get("saved") if error is None else None
    return await page(
        request,
        session,
        "editor/marking.html",
        status=200 if error is None else error.status,
        cache="no-store",
        section="jury",
        campaign={name: campaign[name] for name in ("id", "title", "state", "criteria", "topic", "marks_locked_at")},
        entries=entries,
        shown=entries[index] if entries else None,
        before=entries[index - 1] if 0 < index < len(entries) else None,
        after=entries[index + 1] if index + 1 < len(entries) else None,
        done_count=sum(each.is_done for each in entries),
        cursor=cursor,
        next_cursor=found["next_cursor"],
        saved=next((each.place for each in entries if each.post_id == saved), None),
        typed=None if typed is None else {name: typed.text(name) for name in typed.fields},
        problem=None if error is None else error.problem,
    )


def _entry(place: int, item: Any) -> Entry:
    """Without the author, the numbers of likes and comments, and whatever else the card of the post has."""
    return Entry(
        post_id=item["post_id"],
        place=place,
        text=item["judged_text"],
        media=[Picture(each["kind"], each["url"], each["thumb_url"], each["alt"]) for each in item["post"]["media"]],
        revision=item["revision"],
        recused=item["recused"],
        mark=item["mark"],
    )


ROUTES: Final[tuple[Any, ...]] = (list_seats, decline_seat, show_marking, mark_entry, recuse_juror)
