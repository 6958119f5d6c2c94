"""Disqualification and reinstatement of entries, each with a reason and a notification of the author."""

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns.entries import notices as entries_notices
from feed.campaigns.entries import store as entries
from feed.campaigns.errors import EntryDisqualified, EntryNotDisqualified
from feed.campaigns.inputs import Disqualifying, Reinstating, note_problems
from feed.campaigns.locking import increment_versions, lock_judgeable_campaign
from feed.errors import Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool
from feed.texts import normalised


async def disqualify_entry(
    pool: Pool,
    editor_id: AccountId,
    campaign_id: int,
    post_id: int,
    reason: Disqualifying,
    request: KeyedRequest | None = None,
) -> None:
    """Disqualifies an entry; the post stays visible. Raises Invalid, EntryDisqualified, EntryNotFound."""
    if problems := note_problems(reason.note):
        raise Invalid(*problems)
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        campaign = await lock_judgeable_campaign(conn, campaign_id)
        entry = await entries.get_entry(conn, campaign_id, post_id)
        if not await entries.mark_disqualified(
            conn, campaign_id, post_id, reason_code=reason.reason_code, note=normalised(reason.note), by=editor_id
        ):
            raise EntryDisqualified
        await increment_versions(conn, [post_id])
        await _record(conn, editor_id, "entry_disqualified", campaign_id, post_id, reason)
        await inbox.add_notifications(conn, [entries_notices.of_disqualification(campaign, entry, reason)])


async def reinstate_entry(
    pool: Pool,
    editor_id: AccountId,
    campaign_id: int,
    post_id: int,
    reason: Reinstating,
    request: KeyedRequest | None = None,
) -> None:
    """Reverses the disqualification of an entry. Raises Invalid, EntryNotDisqualified, EntryNotFound."""
    if problems := note_problems(reason.note):
        raise Invalid(*problems)
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        campaign = await lock_judgeable_campaign(conn, campaign_id)
        entry = await entries.get_entry(conn, campaign_id, post_id)
        if not await entries.mark_reinstated(conn, campaign_id, post_id):
            raise EntryNotDisqualified
        await increment_versions(conn, [post_id])
        await _record(conn, editor_id, "entry_reinstated", campaign_id, post_id, reason)
        await inbox.add_notifications(conn, [entries_notices.of_reinstatement(campaign, entry)])


async def _record(
    conn: Connection,
    actor_id: AccountId,
    action: str,
    campaign_id: int,
    post_id: int,
    reason: Disqualifying | Reinstating,
) -> None:
    # With the note: after a reinstatement the entry does not have it any more.
    detail = {"post_id": str(post_id), "reason_code": reason.reason_code, "note": normalised(reason.note)}
    await audit.add(conn, actor_id, action, "campaign", campaign_id, detail)
