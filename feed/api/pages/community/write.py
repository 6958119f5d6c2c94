"""Writing a post, and editing one: a form that works in steps without script, and loses nothing when it is refused."""

import secrets
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call, get_json, segment
from feed.api.pages.community.drafts import (
    Draft,
    describe_media,
    draft_of,
    media_ids_of,
    read_media,
    rearranged,
)
from feed.api.pages.community.submitting import submit
from feed.api.pages.form import InjectedForm
from feed.api.pages.own_decisions import find_restriction
from feed.api.pages.page import page, policy_of, see_other, state_of
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.media.inputs import ALT
from feed.media.model import DIRECT_BYTES_MOST, IMAGES_MOST
from feed.posts.model import PLACE, TEXT, TOPICS_MOST

_TOPICS_OFFERED = 8
_PUBLISH = "publish"


@get("/write")
async def show_write(
    request: AnyRequest,
    session: InjectedSession,
    topic: FromQuery[str] = "",
    campaign: FromQuery[str] = "",
    media: FromQuery[str] = "",
) -> Response[bytes]:
    """The form for a new post, with a topic to begin with."""
    own = signed_in(session)
    if campaign and not topic:
        topic = await _topic_of(request, own, campaign)
    text = f"#{topic.strip('#＃ ')}# " if topic.strip("#＃ ") else ""
    draft = Draft(text=text, media_ids=media_ids_of(media))
    return await _write_page(request, own, draft, topic=topic)


@post("/write")
async def write_post(
    request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None] | Response[bytes]:
    """Publishes the post; a button of a photo changes the list only."""
    own = signed_in(session)
    draft = draft_of(form)
    action = form.text("do")
    if action and action != _PUBLISH:
        return await _write_page(request, own, rearranged(draft, action), form_token=form.token)
    shown = await read_media(request, own, draft.media_ids)
    body: dict[str, Any] = {
        "text": draft.text,
        "media_ids": list(draft.media_ids),
        "ai_generated": draft.ai_generated,
        "comment_policy": draft.comment_policy,
    }
    if draft.location:
        body["location"] = {"name": draft.location}
    try:
        await describe_media(request, own, draft, shown)
        made = await submit(request, own, "POST", "/v1/posts", body, form.token)
    except OperationFailed as error:
        return await _write_page(request, own, draft, failed=error, form_token=form.token)
    return see_other(_written(made))


@get("/posts/{post_id:str}/edit")
async def show_edit(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, media: FromQuery[str | None] = None
) -> Response[bytes]:
    """The form with one's own post, as its newest edit has it."""
    own = signed_in(session)
    existing = await _read_post(request, own, post_id)
    draft = _draft_of_post(existing)
    if media is not None:
        draft = Draft(**{**_fields(draft), "media_ids": media_ids_of(media)})
    return await _write_page(request, own, draft, existing=existing)


@post("/posts/{post_id:str}/edit")
async def edit_post(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None] | Response[bytes]:
    """Changes what differs; a button of a photo changes the list only."""
    own = signed_in(session)
    existing = await _read_post(request, own, post_id)
    draft, action = draft_of(form), form.text("do")
    if action and action != _PUBLISH:
        return await _write_page(request, own, rearranged(draft, action), existing=existing)
    before = _draft_of_post(existing)
    body: dict[str, Any] = {}
    if draft.text != before.text:
        body["text"] = draft.text
    if draft.media_ids != before.media_ids:
        body["media_ids"] = list(draft.media_ids)
    if draft.comment_policy != before.comment_policy:
        body["comment_policy"] = draft.comment_policy
    if draft.ai_generated != before.ai_generated:
        body["ai_generated"] = draft.ai_generated
    try:
        shown = await read_media(request, own, draft.media_ids)
        await describe_media(request, own, draft, shown)
        # Without a change, too: whether the viewer may edit it says the operation.
        made = await submit(request, own, "PATCH", f"/v1/posts/{existing['id']}", body, None)
    except OperationFailed as error:
        return await _write_page(request, own, draft, existing=existing, failed=error)
    return see_other(_written(made))


async def _write_page(
    request: AnyRequest,
    session: Session,
    draft: Draft,
    *,
    existing: Any = None,
    failed: OperationFailed | None = None,
    form_token: str | None = None,
    topic: str = "",
) -> Response[bytes]:
    settings = state_of(request).settings
    path = "/write" if existing is None else f"/posts/{existing['id']}/edit"
    query = {"limit": _TOPICS_OFFERED}
    topics = await get_json(request, session, "/v1/topics", query=query)
    me = await get_json(request, session, "/v1/me")
    media = await read_media(request, session, draft.media_ids)
    upload = {"media": ",".join(each["id"] for each in media), "form_token": secrets.token_urlsafe(16)}
    if existing is not None:
        upload["post_id"] = existing["id"]
    return await page(
        request,
        session,
        "community/write.html",
        status=failed.status if failed else 200,
        cache="no-store",
        headers={"content-security-policy": policy_of(settings, uploads=settings.media_upload_origin)},
        section="write",
        me=me,
        restriction=await find_restriction(request, session),
        draft=draft,
        media=media,
        existing=existing,
        topic=topic,
        problem=failed.problem if failed else None,
        form_token=form_token or secrets.token_urlsafe(16),
        action=path,
        upload_action=f"/write/photos?{urlencode(upload)}",
        topics=topics["items"],
        most={
            "text": TEXT.longest,
            "alt": ALT.longest,
            "place": PLACE.longest,
            "photos": IMAGES_MOST,
            "topics": TOPICS_MOST,
            "direct_bytes": DIRECT_BYTES_MOST,
        },
    )


async def _read_post(request: AnyRequest, session: Session, post_id: str) -> Any:
    path = f"/v1/posts/{segment(post_id)}"
    return await get_json(request, session, path)


def _draft_of_post(existing: Any) -> Draft:
    """The post with its newest edit, where that waits or was refused."""
    waiting = existing.get("review") or {}
    media = existing["media"] if waiting.get("media") is None else waiting["media"]
    text = existing["text"] if waiting.get("text") is None else waiting["text"]
    return Draft(
        text=text,
        media_ids=tuple(each["id"] for each in media),
        ai_generated=existing["ai_label"] is not None,
        location=(existing["location"] or {}).get("name", ""),
        comment_policy=existing["comment_policy"],
    )


def _fields(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in draft.__struct_fields__}


def _written(made: Any) -> str:
    dropped = "?topics_dropped=1" if made.get("topics_dropped") else ""
    return f"/posts/{made['id']}{dropped}"


async def _topic_of(request: AnyRequest, session: Session, campaign_id: str) -> str:
    """The topic of a campaign; empty for one that is not there."""
    try:
        answer = await call(request, session.viewer, "GET", f"/v1/campaigns/{segment(campaign_id)}")
    except OperationFailed:
        return ""
    # A draw that is entered by a comment or a like may have none.
    topic: str | None = answer.json()["topic"]
    return topic or ""
