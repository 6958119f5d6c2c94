"""Muting and banning: one transaction each."""

from datetime import datetime
from typing import cast

from feed.accounts import sanctions
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.accounts.sanctions import SANCTION_KINDS, Sanction, SanctionKind
from feed.audit import store as audit
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.errors import FieldError, Invalid
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool, transaction
from feed.review import store
from feed.review.model import OwnSubject, StaffProtected, reason_problems
from feed.review.notices import lifted_notice, sanction_notice


async def impose_sanction(
    pool: Pool, actor_id: AccountId, account_id: AccountId, *, kind: str, reason_code: str, until: datetime | None
) -> Sanction:
    """Mutes or bans somebody from now on, in place of a sanction of that kind that stands; the same one stays as it is.

    Raises Invalid, AccountNotFound, OwnSubject, StaffProtected.
    """
    problems = reason_problems(reason_code)
    if kind not in SANCTION_KINDS:
        problems.append(FieldError("kind", "unknown_value", {"allowed": list(SANCTION_KINDS)}))
    # Times at the calendar's ends have no equal in another zone; nobody means them.
    if until is not None and not 2000 <= until.year <= 9000:
        problems.append(FieldError("until", "invalid_value"))
    if problems:
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        await _must_be_sanctionable(conn, actor_id, account_id)
        engaged = await store.list_engaged_entries(conn, account_id)
        await changes.lock_stats(conn, engaged)
        await sanctions.lock_account(conn, account_id)
        for former in await sanctions.list_unlifted(conn, account_id):
            if former.running and (former.kind, former.until, former.reason_code) == (kind, until, reason_code):
                return former
        word = cast(SanctionKind, kind)
        await sanctions.lift_sanctions(conn, account_id, [word], by=actor_id)
        sanction = await sanctions.add_sanction(
            conn, account_id=account_id, kind=word, reason_code=reason_code, until=until, by=actor_id
        )
        if sanction is None:
            raise Invalid(FieldError("until", "not_in_future"))
        await changes.move_stats(conn, [Delta(post_id) for post_id in engaged])
        await inbox.add_inbox(conn, [sanction_notice(sanction)])
        detail = {"kind": kind, "reason_code": reason_code, "until": until.isoformat() if until else ""}
        await audit.add(conn, actor_id, "sanction.impose", "account", account_id, detail)
    return sanction


async def lift_sanctions(pool: Pool, actor_id: AccountId, account_id: AccountId, kind: str | None = None) -> None:
    """Ends the sanctions of somebody, all or those of one kind; a second time changes nothing.

    Raises Invalid, AccountNotFound, OwnSubject, StaffProtected.
    """
    if kind is not None and kind not in SANCTION_KINDS:
        raise Invalid(FieldError("kind", "unknown_value", {"allowed": list(SANCTION_KINDS)}))
    kinds = [known for known in SANCTION_KINDS if kind in (None, known)]
    async with transaction(pool) as conn:
        await _must_be_sanctionable(conn, actor_id, account_id)
        engaged = await store.list_engaged_entries(conn, account_id)
        await changes.lock_stats(conn, engaged)
        await sanctions.lock_account(conn, account_id)
        lifted = [each for each in await sanctions.lift_sanctions(conn, account_id, kinds, by=actor_id) if each.running]
        if not lifted:
            return
        await changes.move_stats(conn, [Delta(post_id) for post_id in engaged])
        await inbox.add_inbox(conn, [lifted_notice(sanction) for sanction in lifted])
        for sanction in lifted:
            await audit.add(conn, actor_id, "sanction.lift", "account", account_id, {"kind": sanction.kind})


async def _must_be_sanctionable(conn: Connection, actor_id: AccountId, account_id: AccountId) -> None:
    await accounts.get_account(conn, account_id)
    if account_id == actor_id:
        raise OwnSubject
    if await accounts.list_roles(conn, account_id) and "admin" not in await accounts.list_roles(conn, actor_id):
        raise StaffProtected
