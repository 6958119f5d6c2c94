"""Looking a user up by phone: who does it is on the audit log."""

from feed.accounts import store as accounts
from feed.accounts.approvals import require_right
from feed.accounts.model import AccountId, Role
from feed.audit import store as audit
from feed.postgres import Pool, transaction

# Editors need no phone for any decision.
ROLES_OF_LOOK_UP: tuple[Role, ...] = ("reviewer", "admin")


async def look_up_person(pool: Pool, actor_id: AccountId, person: bytes) -> list[AccountId]:
    """The accounts with the phone of this keyed hash, by id; the look-up is audited, also one without a result. Raises RoleMissing, Banned."""
    async with transaction(pool) as conn:
        await require_right(conn, actor_id, ROLES_OF_LOOK_UP)
        found = await accounts.list_of_person(conn, person)
        subjects: list[AccountId | None] = [*found] or [None]
        for account_id in subjects:
            await audit.add(conn, actor_id, "account.look_up", "account", account_id, {"by": "phone"})
    return found
