"""Endpoints of admins about names: the official badge, and the list of protected names."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, put
from litestar.params import FromPath, JSONBody

from feed.accounts.model import NAME, AccountId, AccountNotFound
from feed.api.dependencies import Cursor, InjectedAppState, InjectedViewer, Limit, path_id, requires_role
from feed.ids import MAX_ID
from feed.pagination import Page
from feed.profiles import actions, store
from feed.profiles.model import (
    BADGE,
    ReservedNameId,
    ReservedNameNotFound,
    ReservedNamesFull,
    Scope,
)
from feed.profiles.store import ReservedNameRow
from feed.screens.posts.cards import Id


class BadgeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of the badge beside the name."""

    badge: Annotated[str, BADGE.bound] = "官方"


class BadgeCard(msgspec.Struct, frozen=True):
    """An account with its badge."""

    user_id: Id
    badge: str | None


class ReservedNameIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name that is kept from other accounts. `contained`: also as part of a name; `whole`: as it is; `free`: may be used."""

    name: Annotated[str, NAME.bound]
    scope: Scope = "contained"


class ReservedNameCard(msgspec.Struct, frozen=True):
    """A name on the list of admins."""

    id: Id
    name: str
    scope: Literal["contained", "whole", "free"]
    created_at: datetime


@put("/badges/{user_id:str}", errors=(AccountNotFound,))
async def give_badge(
    user_id: FromPath[str], data: JSONBody[BadgeIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> BadgeCard:
    """Give an account the official badge, with which it may carry a protected name. Repeating it changes nothing."""
    account_id = AccountId(path_id(user_id, AccountNotFound))
    badge = await actions.give_badge(app_state.pool, viewer.account_id, account_id, data.badge)
    return BadgeCard(str(account_id), badge)


@delete("/badges/{user_id:str}", status_code=200, errors=(AccountNotFound,))
async def take_badge(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> BadgeCard:
    """Take the badge from an account. A protected name becomes a neutral one. Repeating it changes nothing."""
    account_id = AccountId(path_id(user_id, AccountNotFound))
    await actions.take_badge(app_state.pool, app_state.naming.policy, viewer.account_id, account_id)
    return BadgeCard(str(account_id), None)


@get("/names")
async def list_names(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Page[ReservedNameCard]:
    """The names that admins have protected or set free, the latest first. The built-in ones and those of the site's settings are not listed."""
    name = "reserved-names"
    before_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        found = await store.page_reserved(conn, before_id, limit + 1)
    shown = found[:limit]
    more = app_state.cursors.write(name, shown[-1].id) if len(found) > limit else None
    return Page([_card(row) for row in shown], more)


@put("/names", errors=(ReservedNamesFull,))
async def put_name(
    data: JSONBody[ReservedNameIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> ReservedNameCard:
    """Protect a name, or set one free that contains a protected one by chance. Accounts that have it keep it."""
    return _card(await actions.put_reserved_name(app_state.pool, viewer.account_id, data.name, data.scope))


@delete("/names/{name_id:str}", errors=(ReservedNameNotFound,))
async def remove_name(name_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """Remove a name from the list."""
    id_ = ReservedNameId(path_id(name_id, ReservedNameNotFound))
    await actions.remove_reserved_name(app_state.pool, viewer.account_id, id_)


def _card(row: ReservedNameRow) -> ReservedNameCard:
    return ReservedNameCard(str(row.id), row.name, row.scope, row.created_at)


names = Router(
    "/admin",
    route_handlers=[give_badge, take_badge, list_names, put_name, remove_name],
    guards=[requires_role("admin")],
    opt={"limit": "staff"},
)
