"""Who is staff: for admins alone."""

import msgspec
from litestar import Router, delete, put
from litestar.params import FromPath, JSONBody

from feed.accounts.model import AccountId, AccountNotFound, LastAdmin, Role
from feed.accounts.roles import change_roles
from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id, requires_role
from feed.screens.posts.cards import Id


class RolesIn(msgspec.Struct, frozen=True):
    """All the roles that somebody shall have."""

    roles: list[str]


class StaffCard(msgspec.Struct, frozen=True):
    """Somebody with the roles held now."""

    user_id: Id
    roles: list[Role]


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
    """Give somebody these roles and no others: `reviewer`, `editor`, `admin`. It counts from the next request on."""
    account_id = AccountId(path_id(user_id, AccountNotFound))
    return StaffCard(str(account_id), await change_roles(app_state.pool, viewer.account_id, account_id, data.roles))


@delete(
    "/{user_id:str}",
    status_code=200,
    errors=(
        AccountNotFound,
        LastAdmin,
    ),
)
async def remove_roles(user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> StaffCard:
    """Take every role away from somebody; the last admin keeps it."""
    account_id = AccountId(path_id(user_id, AccountNotFound))
    return StaffCard(str(account_id), await change_roles(app_state.pool, viewer.account_id, account_id, ()))


staff_rights = Router(
    "/admin/staff", route_handlers=[put_roles, remove_roles], guards=[requires_role("admin")], opt={"limit": "staff"}
)
