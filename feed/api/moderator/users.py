"""Endpoints that look users up, and list sanctions."""

import re
from collections.abc import Sequence
from typing import Annotated

from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feed.accounts import store as accounts
from feed.accounts.model import AccountId, AccountNotFound
from feed.accounts.sanctions import SANCTION_KINDS, SanctionKind
from feed.api.dependencies import Cursor, InjectedAppState, InjectedViewer, Limit, path_id
from feed.api.state import AppState
from feed.errors import FieldError, Invalid
from feed.ids import MAX_ID, parse_id
from feed.moderation.look_up import look_up_person
from feed.pagination import Page
from feed.phones import normalise_phone
from feed.screens.staff import sanctions as sanction_screen
from feed.screens.staff import user_record as screen
from feed.screens.staff.sanctions import SanctionRecord, SanctionState
from feed.screens.staff.user_record import UserFound, UserRecord
from feed.texts import has_controls

# As a phone is written; ids are longer.
_PHONE = re.compile(r"\+?[0-9][0-9 -]{4,17}")
_QUERY_MOST = 40
_BEFORE_ALL = ("", 0)
# Litestar reserves the parameter name `state` for the application's state.
StateOfSanction = Annotated[SanctionState, QueryParameter(name="state")]


@get("/users")
async def search_users(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    q: FromQuery[str | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[UserFound]:
    """Users by the beginning of the name, the id, or the phone. A look-up by phone needs the role `reviewer` or `admin` and is audited."""
    q = (q or "").strip()
    if not q:
        raise Invalid(FieldError("q", "required"))
    if len(q) > _QUERY_MOST:
        raise Invalid(FieldError("q", "too_long", {"longest": _QUERY_MOST}))
    if has_controls(q):
        raise Invalid(FieldError("q", "invalid_value"))
    name = f"users:{q.lower()}"
    after = app_state.cursors.read(name, cursor, tuple[str, int]) if cursor else _BEFORE_ALL
    first = [] if cursor else await _exact(app_state, viewer.account_id, q)
    async with app_state.pool.acquire() as conn:
        named = await screen.list_by_name(conn, q, after, limit + 1)
        shown = named[: max(limit - len(first), 0)]
        items = await screen.list_found(conn, list(dict.fromkeys([*first, *(id_ for _, id_ in shown)])))
    more = len(named) > len(shown)
    return Page(items, app_state.cursors.write(name, shown[-1] if shown else after) if more else None)


async def _exact(app_state: AppState, viewer_id: AccountId, q: str) -> Sequence[int]:
    """The account with this id, and those with this phone."""
    found: list[int] = []
    if (id_ := parse_id(q)) is not None:
        found.append(id_)
    if _PHONE.fullmatch(q):
        try:
            phone = normalise_phone(q)
        except Invalid:
            return found
        found += await look_up_person(app_state.pool, viewer_id, app_state.keys.person_of(phone))
    return found


@get("/users/{user_id:str}", errors=(AccountNotFound,))
async def get_user_record(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> UserRecord:
    """The record of the person behind an account: accounts, sanctions, decisions, appeals and reports."""
    account_id = path_id(user_id, AccountNotFound)
    async with app_state.pool.acquire() as conn:
        same = [int(each) for each in await accounts.list_same_person(conn, account_id)]
        sanctions = await sanction_screen.list_of_person(conn, same, screen.LISTED_MOST)
        return await screen.get_record(conn, account_id, sanctions, same)


@get("/sanctions")
async def list_sanctions(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    sanction_state: StateOfSanction = "active",
    kind: FromQuery[SanctionKind | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[SanctionRecord]:
    """Sanctions in force, or those that were lifted or are over, the newest first."""
    name = f"sanctions:{sanction_state}:{kind}"
    before = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    kinds = SANCTION_KINDS if kind is None else (kind,)
    listed = sanction_screen.list_active if sanction_state == "active" else sanction_screen.list_ended
    async with app_state.pool.acquire() as conn:
        found = await listed(conn, kinds, before, limit + 1)
    more = app_state.cursors.write(name, int(found[limit - 1].id)) if len(found) > limit else None
    return Page(found[:limit], more)


users = Router("/moderation", route_handlers=[search_users, get_user_record, list_sanctions])
