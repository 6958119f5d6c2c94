"""Endpoints of the owner of an account: where it is signed in, its deletion, and taking that back."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath

from feed.accounts import session_store, sign_in
from feed.accounts.devices import Device
from feed.accounts.model import AccountNotFound, StaffCannotLeave
from feed.accounts.sign_in import SessionNotFound
from feed.api.dependencies import Cursor, InjectedAppState, InjectedKeyedRequest, InjectedViewer, Limit, path_id
from feed.api.errors import language_of
from feed.api.responses import PRIVATE
from feed.erasure import actions
from feed.erasure.kept import KeptKind, kept_after_erasure
from feed.ids import MAX_ID
from feed.pagination import Page
from feed.screens.people import profiles
from feed.screens.people.profiles import MeCard
from feed.settings import Settings

# What a request hides before it is answered: four thousand posts and comments. A worker hides the others.
_CHUNKS_MOST = 40


class KeptData(msgspec.Struct, frozen=True):
    """Something that stays after the erasure, and for how many days; null: until what the text says."""

    kind: KeptKind
    days: int | None
    text: str


class Deletion(msgspec.Struct, frozen=True):
    """A requested deletion: when the account will be erased, and what stays then."""

    erased_at: datetime
    kept: list[KeptData]


class SessionCard(msgspec.Struct, frozen=True):
    """A sign-in of the account on a device. `current`: the one that the request is from."""

    id: str
    device: Device
    ip_region: str | None
    created_at: datetime
    used_at: datetime
    current: bool


@get("/sessions")
async def list_sessions(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[SessionCard]]:
    """Where the viewer's account is signed in by phone, the newest sign-in first. Sign-ins of the app's own are the app's."""
    name = f"sessions:{viewer.account_id}"
    before = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        found = await session_store.list_sign_ins(
            conn, viewer.account_id, before=before, limit=limit + 1, days=sign_in.REFRESH_DAYS
        )
    shown = [
        SessionCard(
            str(each.family),
            each.device,
            each.region,
            each.created_at,
            each.used_at,
            current=each.family == viewer.session,
        )
        for each in found[:limit]
    ]
    more = app_state.cursors.write(name, found[limit - 1].family) if len(found) > limit else None
    return Response(Page(shown, more), headers={"cache-control": PRIVATE})


@delete("/sessions/{session_id:str}", status_code=204, errors=(SessionNotFound,))
async def end_session(session_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """Sign a device out. Its access token ends within a minute; a second time changes nothing."""
    await sign_in.end_session(app_state.pool, viewer.account_id, path_id(session_id, SessionNotFound))
    app_state.authenticator.forget_browsers(viewer.account_id)


@delete("/", status_code=202, errors=(AccountNotFound, StaffCannotLeave), limit="profile")
async def delete_me(
    request: Request[Any, Any, Any], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[Deletion]:
    """Request the deletion of the viewer's account. Repeating it changes nothing.

    Its profile, posts and comments are hidden at once, and it may only read. At `erased_at` everything of it is erased for good;
    until then `restore_me` and signing in by phone take the request back, and everything is as before.
    """
    settings = app_state.settings
    erased_at = await actions.request_deletion(app_state.pool, viewer.account_id, days=settings.deletion_days)
    for _ in range(_CHUNKS_MOST):
        if not await actions.move_some_items(app_state.pool, viewer.account_id, announce=app_state.invalidate_posts):
            break
    language = language_of(request)
    body = Deletion(erased_at, kept_data(settings, language))
    headers = {"cache-control": PRIVATE, "content-language": language, "vary": "Accept-Language"}
    return Response(body, status_code=202, headers=headers)


def kept_data(settings: Settings, language: str) -> list[KeptData]:
    """What stays after an erasure on this site, in `zh-CN` or `en`."""
    kept = kept_after_erasure(
        access_log_days=settings.access_log_days,
        claims_days=settings.claims_kept_days,
        names_days=settings.names_reserved_days,
        backup_days=settings.backup_days,
    )
    return [KeptData(each.kind, each.days, each.english if language == "en" else each.chinese) for each in kept]


@post("/restore", status_code=200, errors=(AccountNotFound,), limit="profile")
async def restore_me(
    app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[MeCard]:
    """Take the requested deletion of the viewer's account back. Without one, or a second time, nothing changes."""
    await actions.take_back_deletion(app_state.pool, viewer.account_id, keyed_request)
    for _ in range(_CHUNKS_MOST):
        if not await actions.move_some_items(app_state.pool, viewer.account_id, announce=app_state.invalidate_posts):
            break
    async with app_state.pool.acquire() as conn:
        me = await profiles.get_me(conn, app_state.keys, viewer.account_id)
    return Response(me, headers={"cache-control": PRIVATE})
