"""What has to happen together when somebody is muted or banned, or no longer. Called inside a transaction."""

from datetime import datetime

from feed.accounts import sanctions
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.accounts.sanctions import Sanction, SanctionKind
from feed.audit import store as audit
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.inbox import store as inbox
from feed.moderation import verdict_store as store
from feed.moderation.notices import lifted_notice, sanction_notice
from feed.postgres import Connection


async def impose(
    conn: Connection,
    account_id: AccountId,
    *,
    kind: SanctionKind,
    reason_code: str,
    until: datetime | None,
    by: AccountId | None,
) -> Sanction | None:
    """The sanction that stands now, in place of a former one of its kind; None when `until` has passed. `by` nobody: the app."""
    engaged = await store.list_engaged_entries(conn, account_id)
    await changes.lock_stats(conn, engaged)
    await sanctions.lock_account(conn, account_id)
    for former in await sanctions.list_unlifted(conn, account_id):
        if former.running and (former.kind, former.until, former.reason_code) == (kind, until, reason_code):
            return former
    await sanctions.lift_sanctions(conn, account_id, [kind], by=by)
    sanction = await sanctions.add_sanction(
        conn, account_id=account_id, kind=kind, reason_code=reason_code, until=until, by=by
    )
    await changes.change_stats(conn, [Delta(post_id) for post_id in engaged])
    if sanction is not None:
        await inbox.add_inbox(conn, [sanction_notice(sanction)])
        detail = {"kind": kind, "reason_code": reason_code, "until": until.isoformat() if until else ""}
        await audit.add(conn, by, "sanction.impose", "account", account_id, detail)
    return sanction


async def lift(conn: Connection, account_id: AccountId, kinds: list[SanctionKind], *, by: AccountId | None) -> None:
    """Ends the account's sanctions of these kinds; where none runs nothing changes. An erased account gets no message."""
    engaged = await store.list_engaged_entries(conn, account_id)
    await changes.lock_stats(conn, engaged)
    await sanctions.lock_account(conn, account_id)
    lifted = [each for each in await sanctions.lift_sanctions(conn, account_id, kinds, by=by) if each.running]
    if not lifted:
        return
    await changes.change_stats(conn, [Delta(post_id) for post_id in engaged])
    if await accounts.find_account(conn, account_id) is not None:
        await inbox.add_inbox(conn, [lifted_notice(sanction) for sanction in lifted])
    for sanction in lifted:
        await audit.add(conn, by, "sanction.lift", "account", account_id, {"kind": sanction.kind})
