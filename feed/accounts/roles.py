"""Staff roles: granted and revoked by admins, by operators, and by tokens. Rows are intervals and are kept; each change is audited."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from feed.accounts import newsroom_store, store
from feed.accounts.approvals import require_right
from feed.accounts.model import NAME, ROLES, AccountId, LastAdmin, Role
from feed.audit import store as audit
from feed.postgres import Connection, Pool, transaction
from feed.texts import require_text


async def change_roles(
    pool: Pool,
    actor_id: AccountId,
    account_id: AccountId,
    roles: Sequence[Role],
    *,
    byline: str | UnsetType | None = UNSET,
) -> list[Role]:
    """Sets the account's roles and returns them. `byline`: the name under which it signs texts; None: its own name.

    Raises Invalid, AccountNotFound, RoleMissing, Banned, LastAdmin.
    """
    if isinstance(byline, str):
        byline = require_text("byline", byline, NAME)
    async with transaction(pool) as conn:
        # The admins are locked first: of two who revoke each other's role at once, the second is no admin any more.
        admins = await store.lock_admins(conn)
        await require_right(conn, actor_id, ("admin",))
        await store.get_account(conn, account_id)
        held = set(await store.list_roles(conn, account_id))
        if "admin" not in roles and admins == {account_id}:
            raise LastAdmin
        for role in ROLES:
            if role in roles and role not in held:
                await store.grant_role(conn, account_id, role, by=actor_id)
                await _record(conn, actor_id, "staff.grant", account_id, role)
            elif role in held and role not in roles:
                await store.revoke_role(conn, account_id, role, by=actor_id)
                await _record(conn, actor_id, "staff.revoke", account_id, role)
        if not isinstance(byline, UnsetType) and byline != await newsroom_store.find_byline(conn, account_id):
            await newsroom_store.change_byline(conn, account_id, byline)
            # The name itself is not in the audit log, which outlives the account.
            await audit.add(conn, actor_id, "staff.byline", "account", account_id, {"own": byline is None})
        return await store.list_roles(conn, account_id)


async def change_role_by_hand(conn: Connection, account_id: AccountId, role: Role, *, revoke: bool) -> bool:
    """Grants or revokes a role as an operator does at the command line. Returns whether anything changed."""
    changed = await (store.revoke_role if revoke else store.grant_role)(conn, account_id, role, by=None)
    if changed:
        await _record(conn, None, "staff.revoke" if revoke else "staff.grant", account_id, role, by="operator")
    return changed


async def follow_token(
    conn: Connection, account_id: AccountId, named: Sequence[str], *, issued_after: float | None, by_app: bool
) -> None:
    """Grants the roles that a verified token names, and for a token of the app ends those of earlier ones that it does not name.

    What was revoked since the token was issued does not return.
    """
    by = "app" if by_app else "token"
    for role in ROLES:
        if role in named and await store.grant_named_role(
            conn, account_id, role, issued_after=issued_after, by_claim=by_app
        ):
            await _record(conn, None, "staff.grant", account_id, role, by=by)
    if by_app:
        await store.mark_named(conn, account_id, named, issued_after=issued_after)
        for role in await store.revoke_unnamed_roles(conn, account_id, named, issued_after=issued_after):
            await _record(conn, None, "staff.revoke", account_id, role, by=by)


async def revoke_roles_of_erased(conn: Connection, account_id: AccountId) -> None:
    """Revokes all roles of an account that the app has erased."""
    for role in await store.revoke_all_roles(conn, account_id):
        await _record(conn, None, "staff.revoke", account_id, role, by="erasure")


async def _record(
    conn: Connection, actor_id: AccountId | None, action: str, account_id: AccountId, role: Role, **detail: str
) -> None:
    await audit.add(conn, actor_id, action, "account", account_id, {"role": role, **detail})
