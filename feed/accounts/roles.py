"""Staff roles, which admins grant and revoke. Rows are intervals and are kept."""

from collections.abc import Sequence

from feed.accounts import store
from feed.accounts.approvals import require_right
from feed.accounts.model import ROLES, AccountId, LastAdmin, Role
from feed.audit import store as audit
from feed.errors import FieldError, Invalid
from feed.postgres import Pool, transaction


async def change_roles(pool: Pool, actor_id: AccountId, account_id: AccountId, roles: Sequence[str]) -> list[Role]:
    """Sets the account's roles and returns them. Raises Invalid, AccountNotFound, RoleMissing, Banned, LastAdmin."""
    if unknown := [place for place, role in enumerate(roles) if role not in ROLES]:
        raise Invalid(*(FieldError(f"roles.{place}", "unknown_value", {"allowed": list(ROLES)}) for place in unknown))
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
                await audit.add(conn, actor_id, "staff.grant", "account", account_id, {"role": role})
            elif role in held and role not in roles:
                await store.revoke_role(conn, account_id, role, by=actor_id)
                await audit.add(conn, actor_id, "staff.revoke", "account", account_id, {"role": role})
        return await store.list_roles(conn, account_id)
