"""The list of campaigns, and copying one."""

import secrets
from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import get_json
from feed.api.pages.editor.frame import admin_path
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, signed_in
from feed.campaigns.model import State

_STATES: Final[tuple[str, ...]] = get_args(State)


@get("/console/campaigns")
async def list_campaigns(
    request: AnyRequest,
    session: InjectedSession,
    in_state: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """All campaigns, newest first, or those in one state."""
    own = signed_in(session)
    chosen = in_state if in_state in _STATES else None
    found = await get_json(request, own, "/v1/admin/campaigns", {"state": chosen, "cursor": cursor, "limit": 50})
    return await page(
        request,
        own,
        "editor/campaigns.html",
        cache="no-store",
        section="campaigns",
        campaigns=found["items"],
        next_cursor=found["next_cursor"],
        chosen=chosen,
        states=_STATES,
        form_tokens=[secrets.token_urlsafe(16) for _ in found["items"]],
    )


@post("/console/campaigns/{campaign_id:str}/copy")
async def copy_campaign(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Copies a campaign, and goes to the form of the new draft."""
    made = (await send(request, signed_in(session), form, "POST", admin_path(campaign_id, "/copy"))).json()
    return see_other(f"/console/campaigns/{made['id']}/edit")


ROUTES: Final[tuple[Any, ...]] = (list_campaigns, copy_campaign)
