"""Endpoints of admins that list and change the roles of accounts."""

from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody

from feed.accounts.model import AccountId, AccountNotFound, LastAdmin, Name, Role
from feed.accounts.roles import change_roles
from feed.api.dependencies import Cursor, InjectedAppState, InjectedViewer, Limit, path_id, requires_role
from feed.api.responses import PRIVATE
from feed.ids import MAX_ID
from feed.pagination import Page
from feed.screens.posts.cards import Id
from feed.screens.staff import rights as screen
from feed.screens.staff.rights import StaffMember


class RolesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All roles of an account after the request, and the name under which it signs texts; null: its own. Absent: as before."""

    roles: Annotated[list[Role], msgspec.Meta(max_length=10)]
    byline: Name | msgspec.UnsetType | None = msgspec.UNSET


class StaffCard(msgspec.Struct, frozen=True):
    """An account with its roles."""

    user_id: Id
    roles: list[Role]


@get("/")
async def list_staff(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[StaffMember]]:
    """The accounts that have a role now, the newest account first."""
    before_id = app_state.cursors.read("staff", cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        found = await screen.list_staff(conn, before_id, limit + 1)
    shown = found[:limit]
    next_cursor = app_state.cursors.write("staff", int(shown[-1].user_id)) if len(found) > limit else None
    return Response(Page(shown, next_cursor), headers={"cache-control": PRIVATE})


@put(
    "/{user_id:str}",
    errors=(
        AccountNotFound,
        LastAdmin,
    ),
)
async def put_roles(
    user_id: FromPath[str], data: JSONBody[RolesIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> StaffCard:
    """Set the roles of an account: `reviewer`, `editor`, `admin`. They apply from its next request on."""
    account_id = AccountId(path_id(user_id, AccountNotFound))
    roles = await change_roles(app_state.pool, viewer.account_id, account_id, data.roles, byline=data.byline)
    return StaffCard(str(account_id), roles)


@delete(
    "/{user_id:str}",
    status_code=200,
    errors=(
        AccountNotFound,
        LastAdmin,
    ),
)
async def remove_roles(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> StaffCard:
    """Remove all roles of an account. The last admin cannot be removed."""
    account_id = AccountId(path_id(user_id, AccountNotFound))
    return StaffCard(str(account_id), await change_roles(app_state.pool, viewer.account_id, account_id, ()))


staff_rights = Router(
    "/admin/staff",
    route_handlers=[list_staff, put_roles, remove_roles],
    guards=[requires_role("admin")],
    opt={"limit": "staff"},
)
