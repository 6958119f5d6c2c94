"""Endpoints of the viewer's own account: profile, posts, blocks, juries, settings and inbox."""

from typing import Annotated, Any, Literal, get_args

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feed.accounts import actions as account_actions
from feed.accounts.model import AccountNotFound, AgeBand, AgeBandByApp, Banned, Muted
from feed.accounts.settings import OptionalNotification
from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    field_id,
    path_id,
)
from feed.api.errors import language_of
from feed.api.mobile.exports import download_export, get_export, request_export
from feed.api.mobile.own_account import delete_me, end_session, list_sessions, restore_me
from feed.api.responses import PRIVATE, json_response, response_specs
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignNotFound,
    CampaignSettled,
    JurorHasMarked,
    NotAJuror,
)
from feed.campaigns.jury import members
from feed.ids import GivenId
from feed.inbox import actions
from feed.inbox.model import NotificationKind
from feed.media.model import MediaInUse, MediaNotReady
from feed.pagination import Page, Position
from feed.profiles import actions as profile_actions
from feed.profiles.model import ProfileChange
from feed.screens.campaigns import my_juries
from feed.screens.campaigns.my_juries import SeatCard
from feed.screens.people import inbox as screen
from feed.screens.people import profiles
from feed.screens.people.inbox import InboxItem
from feed.screens.people.profiles import MeCard, RelationCard, SettingsCard
from feed.screens.posts.cards import PostCard

_KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
_OWN = {"cache-control": PRIVATE}
OwnStates = Literal["pending", "published", "rejected", "removed"]
# Litestar reserves the parameter name `state` for the application's state.
OwnState = Annotated[OwnStates | None, QueryParameter(name="state")]


class ReadUntil(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The latest notification that was shown; all before it count as read too."""

    until_id: GivenId


class NoticesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events are notified; null leaves a setting as it is."""

    likes: bool | None = None
    comments: bool | None = None
    replies: bool | None = None


class SettingsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the account."""

    notify: NoticesIn = NoticesIn()
    age_band: AgeBand | None = None


class Unread(msgspec.Struct, frozen=True):
    """The number of unread notifications."""

    unread_count: int


@get("/", responses=response_specs(MeCard), errors=(AccountNotFound,), fast_path=True)
async def get_me(app_state: InjectedAppState, viewer: InjectedViewer) -> Response[bytes]:
    """The viewer's profile with its private members; the phone is masked."""
    async with app_state.pool.acquire() as conn:
        card = await profiles.get_me(conn, app_state.keys, viewer.account_id)
    return json_response(msgspec.json.encode(card))


@patch("/", errors=(AccountNotFound, Banned, Muted, MediaInUse, MediaNotReady), limit="profile")
async def change_me(
    data: JSONBody[ProfileChange], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[MeCard]:
    """Change the viewer's name, bio or picture. Absent members stay; null removes the bio or the picture."""
    await profile_actions.change_profile(app_state.pool, app_state.naming, viewer.account_id, data)
    async with app_state.pool.acquire() as conn:
        return Response(await profiles.get_me(conn, app_state.keys, viewer.account_id), headers=_OWN)


@get("/posts", responses=response_specs(Page[PostCard]))
async def list_my_posts(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    post_state: OwnState = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The viewer's posts, newest first: all that are not deleted, or those in one state."""
    states = [post_state] if post_state else list(get_args(OwnStates))
    body = await app_state.pages.own(viewer.account_id, states, cursor=cursor, limit=limit)
    return json_response(body)


@get("/blocks")
async def list_blocks(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[RelationCard]]:
    """The accounts that the viewer has blocked or muted, latest first."""
    name = f"blocks:{viewer.account_id}"
    async with app_state.pool.acquire() as conn:
        found = await profiles.list_blocks(conn, viewer.account_id, app_state.cursors.position(name, cursor), limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    more = None if last is None else app_state.cursors.after(name, Position(last.since, int(last.user.id)))
    return Response(Page(found[:limit], more), headers=_OWN)


@get("/juries")
async def list_juries(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[SeatCard]]:
    """The campaigns that the viewer is a juror of, newest first, with the progress of the marks."""
    name = f"juries:{viewer.account_id}"
    before_id = app_state.cursors.before_id(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await my_juries.list_juries(conn, viewer.account_id, before_id=before_id, limit=limit + 1)
    shown = found[:limit]
    more = app_state.cursors.write(name, int(shown[-1].campaign_id)) if len(found) > limit else None
    return Response(Page(shown, more), headers=_OWN)


@delete(
    "/juries/{campaign_id:str}",
    errors=(CampaignNotFound, NotAJuror, JurorHasMarked, CampaignSettled, CampaignCancelled),
)
async def decline_seat(campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """Give up a seat on a jury, before the first mark. Repeating it changes nothing.

    A juror cannot win, and the own likes and comments do not count: both are as if there had been no seat.
    """
    await members.decline_seat(app_state.pool, viewer.account_id, path_id(campaign_id, CampaignNotFound))


@get("/settings")
async def get_settings(app_state: InjectedAppState, viewer: InjectedViewer) -> Response[SettingsCard]:
    """The viewer's settings: which events are notified."""
    async with app_state.pool.acquire() as conn:
        return Response(await profiles.get_settings(conn, viewer.account_id), headers=_OWN)


@patch("/settings", errors=(AgeBandByApp,))
async def change_settings(
    data: JSONBody[SettingsIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[SettingsCard]:
    """Change the viewer's settings. Absent members stay."""
    requested: dict[OptionalNotification, bool | None] = {
        "like": data.notify.likes,
        "comment": data.notify.comments,
        "reply": data.notify.replies,
    }
    changed = {kind: value for kind, value in requested.items() if value is not None}
    if data.age_band is not None:
        await account_actions.change_age_band(app_state.pool, viewer.account_id, data.age_band)
    await account_actions.change_notification_settings(app_state.pool, viewer.account_id, changed)
    async with app_state.pool.acquire() as conn:
        return Response(await profiles.get_settings(conn, viewer.account_id), headers=_OWN)


@get("/inbox")
async def list_inbox(
    request: Request[Any, Any, Any],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    kind: FromQuery[NotificationKind | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[InboxItem]]:
    """The viewer's notifications, newest first, in Chinese or, by `Accept-Language`, in English. Listing them does not mark them as read."""
    name = f"inbox:{viewer.account_id}:{kind or ''}"
    before_id = app_state.cursors.before_id(name, cursor)
    language = language_of(request)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_inbox(
            conn,
            viewer.account_id,
            [kind] if kind else _KINDS,
            before_id,
            limit + 1,
            language=language,
            links=app_state.links,
        )
    headers = _OWN | {"content-language": language, "vary": "Accept-Language"}
    return Response(app_state.cursors.page_by_id(name, found, limit), headers=headers)


@post("/inbox/read", status_code=200)
async def read_inbox(
    data: JSONBody[ReadUntil], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[Unread]:
    """Mark all notifications up to this id as read. The id need not exist; repeating it changes nothing, also without a key."""
    await actions.read_inbox(app_state.pool, viewer.account_id, field_id(data.until_id, "until_id"), keyed_request)
    async with app_state.pool.acquire() as conn:
        return Response(Unread(await screen.count_unread(conn, viewer.account_id)), headers=_OWN)


me = Router(
    "/me",
    route_handlers=[
        get_me,
        change_me,
        list_my_posts,
        list_blocks,
        list_juries,
        decline_seat,
        get_settings,
        change_settings,
        list_inbox,
        read_inbox,
        delete_me,
        restore_me,
        list_sessions,
        end_session,
        request_export,
        get_export,
        download_export,
    ],
)
