"""Muting and banning: one transaction each."""

from datetime import datetime
from typing import cast

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.accounts.sanctions import SANCTION_KINDS, Sanction, SanctionKind
from feed.errors import FieldError, Invalid
from feed.moderation.model import OwnSubject, StaffProtected, reason_problems, until_problems
from feed.moderation.sanction_effects import impose, lift
from feed.postgres import Connection, Pool, transaction


async def impose_sanction(
    pool: Pool, actor_id: AccountId, account_id: AccountId, *, kind: str, reason_code: str, until: datetime | None
) -> Sanction:
    """Mutes or bans the person behind an account from now on. The row is the account's: it takes the place of its former one of that kind.

    The same sanction again stays as it is. One that another account of the person has ends by itself, or when it is lifted.

    Raises Invalid, AccountNotFound, OwnSubject, StaffProtected.
    """
    problems = reason_problems(reason_code)
    if kind not in SANCTION_KINDS:
        problems.append(FieldError("kind", "unknown_value", {"allowed": list(SANCTION_KINDS)}))
    if problems := [*problems, *until_problems(until)]:
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        await _must_be_sanctionable(conn, actor_id, account_id)
        word = cast(SanctionKind, kind)
        sanction = await impose(conn, account_id, kind=word, reason_code=reason_code, until=until, by=actor_id)
        if sanction is None:
            raise Invalid(FieldError("until", "not_in_future"))
    return sanction


async def lift_sanctions(pool: Pool, actor_id: AccountId, account_id: AccountId, kind: str | None = None) -> None:
    """Ends the sanctions of the person behind the account, all or those of one kind; a second time changes nothing.

    All accounts of the person are free afterwards, whichever of them the sanctions were imposed on: a sanction holds for each.

    Raises Invalid, AccountNotFound, OwnSubject, StaffProtected.
    """
    if kind is not None and kind not in SANCTION_KINDS:
        raise Invalid(FieldError("kind", "unknown_value", {"allowed": list(SANCTION_KINDS)}))
    kinds = [known for known in SANCTION_KINDS if kind in (None, known)]
    async with transaction(pool) as conn:
        await _must_be_sanctionable(conn, actor_id, account_id)
        for same_id in await accounts.list_same_person(conn, account_id):
            await lift(conn, same_id, kinds, by=actor_id)


async def _must_be_sanctionable(conn: Connection, actor_id: AccountId, account_id: AccountId) -> None:
    """Asks by person, as the sanction holds: another account is no way to one's own sanctions, nor to those of staff."""
    await accounts.get_account(conn, account_id)
    same = await accounts.list_same_person(conn, account_id)
    if actor_id in same:
        raise OwnSubject
    roles = [role for same_id in same for role in await accounts.list_roles(conn, same_id)]
    if roles and "admin" not in await accounts.list_roles(conn, actor_id):
        raise StaffProtected
