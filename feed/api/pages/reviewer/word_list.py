"""The words of the machine check: the list, its changes, and what the check finds in a text."""

from typing import Any

from litestar import Response, get, post

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, call
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.reviewer.case_view import Json, read_reasons
from feed.api.pages.reviewer.segments import marked
from feed.api.pages.sessions import InjectedSession, Session, signed_in

WORDS = "/console/words"
_SHOWN = 50


@get(WORDS)
async def show_words(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The listed words, all or those that contain a part."""
    return await _words_page(request, signed_in(session))


@post(WORDS)
async def put_word(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Lists words, one in a line, at one level."""
    terms = [each.strip() for each in form.text("terms").split("\n") if each.strip()]
    level, label, note = form.text("level"), form.optional("label") or "other", form.text("note")
    body = {
        "words": [{"term": each, "level": level, "label": label, "note": note} for each in terms],
        "even_if_common": form.checked("even_if_common"),
    }
    return await _change(request, signed_in(session), form, "PUT", body=body)


@post(f"{WORDS}/remove")
async def remove_word(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Takes a word out of the list."""
    return await _change(request, signed_in(session), form, "DELETE", query={"term": form.text("term")})


@post(f"{WORDS}/check")
async def check_text(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[bytes]:
    """What the check finds in a text."""
    own = signed_in(session)
    text = form.text("text")
    try:
        answer = await call(
            request,
            own.viewer,
            "POST",
            "/v1/moderation/words/check",
            body={"text": text},
        )
    except OperationFailed as error:
        if error.status != 422:
            raise
        return await _words_page(request, own, problem=error.problem, status=422, form=form)
    found = answer.json()
    return await _words_page(request, own, form=form, found={**found, "text": marked(text.strip(), found["labels"])})


async def _change(
    request: AnyRequest,
    session: Session,
    form: Form,
    method: str,
    *,
    body: Any = None,
    query: dict[str, Any] | None = None,
) -> Response[Any]:
    try:
        answer = await call(
            request,
            session.viewer,
            method,
            "/v1/moderation/words",
            body=body,
            query=query,
        )
    except OperationFailed as error:
        return await _words_page(request, session, problem=error.problem, status=error.status, form=form)
    changed = answer.json()
    counts = [changed[name] for name in ("added", "changed", "removed", "unchanged")]
    return see_other(f"{WORDS}?done={'.'.join(map(str, counts))}")


async def _words_page(
    request: AnyRequest,
    session: Session,
    *,
    problem: Problem | None = None,
    status: int = 200,
    form: Form | None = None,
    found: Json | None = None,
) -> Response[bytes]:
    given = request.query_params
    query = {
        "q": given.get("q", "")[:100] or None,
        "level": given.get("level") or None,
        "limit": _SHOWN,
        "cursor": given.get("cursor"),
    }
    listed: Json = {"items": [], "next_cursor": None, "version": 0, "count": 0}
    try:
        answer = await call(request, session.viewer, "GET", "/v1/moderation/words", query=query)
        listed = answer.json()
    except OperationFailed as error:
        if error.status not in (400, 410, 422):
            raise
        problem, status = problem or error.problem, error.status
    done = given.get("done", "").split(".")
    return await page(
        request,
        session,
        "reviewer/words.html",
        status=status,
        cache="no-store",
        section="words",
        listed=listed,
        q=query["q"] or "",
        level=query["level"] or "",
        reasons={each["code"]: each for each in await read_reasons(request, session.viewer)},
        done=done if len(done) == 4 and all(each.isascii() and each.isdecimal() for each in done) else None,
        form=form,
        found=found,
        problem=problem,
    )
