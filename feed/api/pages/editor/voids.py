"""Engagement that does not count: what is void, and new voids with their effect before they are made."""

import hashlib
import re
import secrets
from typing import Any, Final, get_args

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.editor.answers import posts_of
from feed.api.pages.editor.findings import without_keys
from feed.api.pages.editor.frame import admin_path, campaign_page, reasons
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page_language, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.reasons import VoidReason

_KINDS = ("like", "comment")
_BETWEEN_IDS = re.compile(r"[\s,;，；、]+")


class Typed(msgspec.Struct, frozen=True):
    """What the form of new voids has."""

    target: str = "post"
    post_id: str = ""
    user_ids: str = ""
    kinds: tuple[str, ...] = _KINDS
    reason_code: str = ""
    note: str = ""

    def body(self) -> dict[str, Any]:
        """The body of the request, for the preview and for the voids themselves."""
        users = [each for each in _BETWEEN_IDS.split(self.user_ids) if each]
        target: dict[str, Any] = {"user_ids": users} if self.target == "users" else {"post_id": self.post_id.strip()}
        return {"kinds": list(self.kinds), "reason_code": self.reason_code, "note": self.note or None, **target}

    def digest(self) -> str:
        """Of the body: voids are made only as they were previewed."""
        return hashlib.sha256(msgspec.json.encode(self.body())).hexdigest()


@get("/console/campaigns/{campaign_id:str}/voids")
async def show_voids(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, post_id: FromQuery[str | None] = None
) -> Response[bytes]:
    """The voids in force, and the form of new ones; `post_id`: of the engagement of this entry."""
    return await _voids_page(request, signed_in(session), campaign_id, Typed(post_id=post_id or ""))


@post("/console/campaigns/{campaign_id:str}/voids")
async def add_voids(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Shows the effect of new voids; makes them once the effect of just these was shown."""
    own, typed = signed_in(session), _read(form)
    path = admin_path(campaign_id, "/voids")
    try:
        if form.text("do") == "add" and form.text("previewed") == typed.digest():
            await send(request, own, form, "POST", path, typed.body())
            return see_other(f"/console/campaigns/{campaign_id}/voids?done=added")
        effect = (await send(request, own, form, "POST", f"{path}/preview", typed.body(), keyed=False)).json()
    except OperationFailed as error:
        return await _voids_page(request, own, campaign_id, typed, error=error)
    return await _voids_page(request, own, campaign_id, typed, effect=effect)


@post("/console/campaigns/{campaign_id:str}/voids/{void_id:str}/withdraw")
async def withdraw_void(
    campaign_id: FromPath[str],
    void_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[None]:
    """Withdraws a void."""
    path = admin_path(campaign_id, f"/voids/{checked_id(void_id)}")
    await send(request, signed_in(session), form, "DELETE", path, keyed=False)
    return see_other(f"/console/campaigns/{campaign_id}/voids?done=withdrawn")


def _read(form: Form) -> Typed:
    return Typed(
        target="users" if form.text("target") == "users" else "post",
        post_id=form.text("post_id"),
        user_ids=form.text("user_ids"),
        kinds=tuple(each for each in _KINDS if each in form.all("kinds")),
        reason_code=form.text("reason_code"),
        note=form.text("note"),
    )


async def _voids_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    typed: Typed,
    *,
    effect: Any = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    language = page_language(request)
    voids = (await get_json(request, session, admin_path(campaign_id, "/voids")))["items"]
    named = [each["post_id"] for each in [*(effect["items"] if effect else []), *voids]]
    offered = reasons(get_args(VoidReason), language)
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/voids.html",
        tab="entries",
        status=200 if error is None else error.status,
        voids=voids,
        posts=await posts_of(request, session, named),
        typed=typed,
        digest=typed.digest(),
        effect=effect,
        offered=offered,
        reason_names=dict(offered),
        done=request.query_params.get("done"),
        problem=None if error is None else without_keys(error.problem, language),
        form_token=secrets.token_urlsafe(16),
    )


ROUTES: Final[tuple[Any, ...]] = (show_voids, add_voids, withdraw_void)
