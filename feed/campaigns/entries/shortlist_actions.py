"""Filling shortlists: by the clock when a campaign has closed, and when an editor says so."""

from feed.accounts.model import AccountId
from feed.campaigns import lifecycle_store as closing
from feed.campaigns.entries import shortlist
from feed.campaigns.entries import shortlist_store as ledger
from feed.campaigns.entries import store as entries
from feed.campaigns.entries.store import add_audit_event, get_entry
from feed.campaigns.errors import MarksLocked, ShortlistFull
from feed.campaigns.locking import hold_judged, raise_versions
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.rules.validation import RANGES
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.postgres import Connection, Pool, act_on_next, transaction


async def fill_shortlist(
    pool: Pool, editor_id: AccountId, campaign_id: int, size: int | None, request: KeyedRequest | None = None
) -> None:
    """Fills the shortlist by engagement up to `size`, which is that of the rules unless it is said.

    Raises Invalid, MarksLocked, CampaignNotFound, CampaignNotOpen, CampaignSettled, CampaignCancelled.
    """
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        campaign = await hold_judged(conn, campaign_id)
        if campaign.marks_locked_at is not None:
            raise MarksLocked
        rules, _ = read_rules(campaign.draft, publishing=False)
        least, most = RANGES["shortlist_size"]
        most = rules.shortlist_size or most
        wanted = rules.shortlist_size if size is None else size
        if wanted is None:
            raise Invalid(FieldError("size", "required"))
        if not least <= wanted <= most:
            raise Invalid(FieldError("size", "out_of_range", {"least": least, "most": most}))
        await shortlist.fill(conn, campaign_id, rules, size=wanted, by=editor_id)


async def fill_next_shortlist(pool: Pool) -> bool:
    """Fills the shortlist of one campaign that has closed. False when there is none."""
    return await act_on_next(pool, ledger.list_fills_due, _fill_due)


async def _fill_due(conn: Connection, campaign_id: int) -> bool:
    # A campaign that is locked is being filled, or is asked about again.
    if await closing.lock_free_ending(conn, campaign_id) is None:
        return False
    return await shortlist.fill_at_close(conn, campaign_id)


async def shortlist_entry(pool: Pool, editor_id: AccountId, campaign_id: int, post_id: int) -> None:
    """Puts an entry on the shortlist; a second time changes nothing. Raises ShortlistFull, MarksLocked, EntryNotFound."""
    async with transaction(pool) as conn:
        campaign = await hold_judged(conn, campaign_id)
        entry = await get_entry(conn, campaign_id, post_id)
        if entry.shortlisted_at is not None:
            return
        # It could not be marked any more.
        if campaign.marks_locked_at is not None:
            raise MarksLocked
        most = campaign.draft.get("shortlist_size")
        if most is not None and await entries.count_shortlisted(conn, campaign_id) >= most:
            raise ShortlistFull
        await entries.mark_shortlisted(conn, campaign_id, post_id, by=editor_id)
        await raise_versions(conn, [post_id])
        await add_audit_event(conn, editor_id, "entry_shortlisted", campaign_id, post_id)


async def unlist_entry(pool: Pool, editor_id: AccountId, campaign_id: int, post_id: int) -> None:
    """Takes an entry off the shortlist, and it does not come back by itself. A second time changes nothing.

    Not once the marks are locked and can be seen: off the shortlist they would count no more. Raises MarksLocked, EntryNotFound.
    """
    async with transaction(pool) as conn:
        campaign = await hold_judged(conn, campaign_id)
        entry = await get_entry(conn, campaign_id, post_id)
        if entry.shortlisted_at is not None and campaign.marks_locked_at is not None:
            raise MarksLocked
        if await entries.mark_not_shortlisted(conn, campaign_id, post_id, by=editor_id):
            await raise_versions(conn, [post_id])
            await add_audit_event(conn, editor_id, "entry_unlisted", campaign_id, post_id)
