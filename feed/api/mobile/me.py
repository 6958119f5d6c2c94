"""Oneself: who one is to the app, and what one has been told."""

from typing import get_args

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromQuery, JSONBody

from feed.accounts.model import AccountNotFound
from feed.api.answers import PRIVATE
from feed.api.inputs import MAX_ID, Cursor, GivenViewer, GivenWorld, Limit, field_id
from feed.inbox import actions
from feed.inbox.model import InboxKind
from feed.paging import Page
from feed.screens import inbox as screen
from feed.screens import people
from feed.screens.inbox import InboxItem
from feed.screens.people import MeCard

_KINDS: tuple[InboxKind, ...] = get_args(InboxKind)
_OWN = {"cache-control": PRIVATE}


class ReadUntil(msgspec.Struct, frozen=True):
    """The latest message that was shown; all before it count as read too."""

    until_id: str


class Unread(msgspec.Struct, frozen=True):
    """What is left."""

    unread_count: int


@get("/", refuses=(AccountNotFound,))
async def get_me(world: GivenWorld, viewer: GivenViewer) -> Response[MeCard]:
    """One's own profile, with what only oneself may see; the phone is masked."""
    async with world.pool.acquire() as conn:
        return Response(await people.get_me(conn, world.keys, viewer.account_id), headers=_OWN)


@get("/inbox")
async def list_inbox(
    world: GivenWorld,
    viewer: GivenViewer,
    kind: FromQuery[InboxKind | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[InboxItem]]:
    """What one has been told, the latest first; reading it marks nothing as read."""
    name = f"inbox:{viewer.account_id}:{kind or ''}"
    before_id = world.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with world.pool.acquire() as conn:
        found = await screen.list_inbox(conn, viewer.account_id, [kind] if kind else _KINDS, before_id, limit + 1)
    shown = found[:limit]
    next_cursor = world.cursors.write(name, int(shown[-1].id)) if len(found) > limit else None
    return Response(Page(shown, next_cursor), headers=_OWN)


@post("/inbox/read", status_code=200)
async def read_inbox(data: JSONBody[ReadUntil], world: GivenWorld, viewer: GivenViewer) -> Response[Unread]:
    """Mark everything up to a message as read, known or not. Doing it twice is doing it once, with or without a key."""
    await actions.read_inbox(world.pool, viewer.account_id, field_id(data.until_id, "until_id"))
    async with world.pool.acquire() as conn:
        return Response(Unread(await screen.count_unread(conn, viewer.account_id)), headers=_OWN)


me = Router("/me", route_handlers=[get_me, list_inbox, read_inbox])
