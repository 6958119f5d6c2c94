"""Sanctions: muting and banning, and lifting both."""

from datetime import datetime

from feed.accounts import erasure_store
from feed.accounts import sanctions as sanction_store
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.accounts.sanctions import SANCTION_KINDS, Sanction, SanctionKind, ends_no_later
from feed.audit import store as audit
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.errors import FieldError, Invalid
from feed.inbox import store as inbox
from feed.moderation import verdict_store
from feed.moderation.model import OwnSubject, StaffProtected
from feed.moderation.notices import lapsed_notice, lifted_notice, sanction_notice
from feed.postgres import Connection, Pool, transaction
from feed.reasons import AdverseReason


async def impose_sanction(
    pool: Pool,
    actor_id: AccountId,
    account_id: AccountId,
    *,
    kind: SanctionKind,
    reason_code: AdverseReason,
    until: datetime | None,
) -> Sanction:
    """Mutes or bans the person behind an account from now on; returns the sanction. `until` None: until it is lifted.

    The row belongs to the account and replaces its former one of that kind; an equal one stays as it is. A sanction of another
    account of the person is not touched.

    Raises Invalid, AccountNotFound, OwnSubject, StaffProtected.
    """
    async with transaction(pool) as conn:
        await _require_sanctionable(conn, actor_id, account_id)
        sanction = await impose_on_account(
            conn, account_id, kind=kind, reason_code=reason_code, until=until, by=actor_id
        )
        if sanction is None:
            raise Invalid(FieldError("until", "not_in_future"))
    return sanction


async def lift_sanctions(
    pool: Pool, actor_id: AccountId, account_id: AccountId, kind: SanctionKind | None = None
) -> None:
    """Ends the sanctions of the person behind the account, all or those of one kind; a second time changes nothing.

    The sanctions of every account of the person end, because each of them holds for the whole person.

    Raises AccountNotFound, OwnSubject, StaffProtected.
    """
    kinds = [known for known in SANCTION_KINDS if kind in (None, known)]
    async with transaction(pool) as conn:
        await _require_sanctionable(conn, actor_id, account_id)
        for same_id in await accounts.list_same_person(conn, account_id):
            await lift_from_account(conn, same_id, kinds, by=actor_id)


async def impose_on_account(
    conn: Connection,
    account_id: AccountId,
    *,
    kind: SanctionKind,
    reason_code: str,
    until: datetime | None,
    by: AccountId | None,
) -> Sanction | None:
    """Replaces the account's sanction of this kind, with notification and audit; an equal one in force is returned as it is.

    `by` None: the app. Its sanctions and those of staff do not replace each other. There is no notification of one that ends no later
    than another one in force. Returns None when `until` has passed.
    """
    engaged = await verdict_store.list_engaged_entries(conn, account_id)
    await changes.lock_stats(conn, engaged)
    await sanction_store.lock_account(conn, account_id)
    running = [
        each for each in await sanction_store.list_unlifted(conn, account_id) if each.kind == kind and each.running
    ]
    for former in running:
        if (former.until, former.reason_code, former.imposed_by is None) == (until, reason_code, by is None):
            return former
    await sanction_store.lift_sanctions(conn, account_id, [kind], by=by, imposed_by_app=[by is None])
    sanction = await sanction_store.add_sanction(
        conn, account_id=account_id, kind=kind, reason_code=reason_code, until=until, by=by
    )
    await changes.change_stats(conn, [Delta(post_id) for post_id in engaged])
    if sanction is not None:
        others = [each for each in running if (each.imposed_by is None) != (by is None)]
        if not any(ends_no_later(sanction, each) for each in others):
            await inbox.add_notifications(conn, [sanction_notice(sanction)])
        detail = {"kind": kind, "reason_code": reason_code, "until": until.isoformat() if until else ""}
        await audit.add(conn, by, "sanction.impose", "account", account_id, detail)
    return sanction


async def lift_from_account(
    conn: Connection, account_id: AccountId, kinds: list[SanctionKind], *, by: AccountId | None
) -> None:
    """Ends the account's sanctions of these kinds, with notification and audit; without any in force nothing changes.

    `by` None: the app, which ends its own only. An erased account gets no notification, nor one with another sanction of the kind.
    """
    engaged = await verdict_store.list_engaged_entries(conn, account_id)
    await changes.lock_stats(conn, engaged)
    await sanction_store.lock_account(conn, account_id)
    ended = await sanction_store.lift_sanctions(
        conn, account_id, kinds, by=by, imposed_by_app=[True] if by is None else [True, False]
    )
    lifted = [each for each in ended if each.running]
    if not lifted:
        return
    await changes.change_stats(conn, [Delta(post_id) for post_id in engaged])
    if await accounts.find_account(conn, account_id) is not None:
        left = {each.kind for each in await sanction_store.list_unlifted(conn, account_id) if each.running}
        said = {each.kind: each for each in lifted if each.kind not in left}
        await inbox.add_notifications(conn, [lifted_notice(sanction) for sanction in said.values()])
    for sanction in lifted:
        await audit.add(conn, by, "sanction.lift", "account", account_id, {"kind": sanction.kind})


async def lift_sanction(conn: Connection, sanction_id: int, *, by: AccountId) -> None:
    """Ends one sanction, as an appeal against it is upheld: what the app or another member of staff has imposed stays.

    There is no notification but that of the appeal. A sanction that has ended changes nothing.
    """
    sanction = await sanction_store.find_sanction(conn, sanction_id)
    if sanction is None or not sanction.running:
        return
    account_id = sanction.account_id
    engaged = await verdict_store.list_engaged_entries(conn, account_id)
    await changes.lock_stats(conn, engaged)
    await sanction_store.lock_account(conn, account_id)
    lifted = await sanction_store.lift_sanctions(
        conn, account_id, [sanction.kind], by=by, imposed_by_app=[sanction.imposed_by is None]
    )
    await changes.change_stats(conn, [Delta(post_id) for post_id in engaged])
    for each in lifted:
        await audit.add(conn, by, "sanction.lift", "account", account_id, {"kind": each.kind, "reason_code": "appeal"})


async def lapse_next_sanction(pool: Pool) -> bool:
    """Notices the end of one sanction: its person is notified, and boards count its engagement again. False if there is none.

    There is no notification while another sanction of the kind holds for the person, and none for an erased account.
    """
    async with transaction(pool) as conn:
        sanction = await sanction_store.find_next_to_lapse(conn)
        if sanction is None:
            return False
        engaged = await verdict_store.list_engaged_entries(conn, sanction.account_id)
        await changes.lock_stats(conn, engaged)
        await sanction_store.lock_account(conn, sanction.account_id)
        # Another worker has noticed it, or it was lifted, while this one waited.
        if not await sanction_store.mark_lapsed(conn, sanction.id):
            return True
        await changes.change_stats(conn, [Delta(post_id) for post_id in engaged])
        held = await sanction_store.is_running(conn, sanction.account_id, sanction.kind)
        if not held and await accounts.find_account(conn, sanction.account_id) is not None:
            await inbox.add_notifications(conn, [lapsed_notice(sanction)])
        await audit.add(conn, None, "sanction.lapse", "account", sanction.account_id, {"kind": sanction.kind})
    return True


async def _require_sanctionable(conn: Connection, actor_id: AccountId, account_id: AccountId) -> None:
    """Checks the whole person, as the sanction holds for it: own sanctions and those of staff are not changed by way of another account.

    An erased account can be sanctioned too, after a report for instance; that holds for the person's next account.
    Raises AccountNotFound, OwnSubject, StaffProtected.
    """
    await erasure_store.require_row(conn, account_id)
    same = await accounts.list_same_person(conn, account_id)
    if actor_id in same:
        raise OwnSubject
    roles = [role for same_id in same for role in await accounts.list_roles(conn, same_id)]
    if roles and "admin" not in await accounts.list_rights(conn, actor_id):
        raise StaffProtected
