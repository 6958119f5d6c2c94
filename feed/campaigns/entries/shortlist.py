"""The shortlist: editors add and remove entries; it is filled by engagement on request and after the campaign has closed."""

from decimal import Decimal

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns import store as campaigns
from feed.campaigns.entries import shortlist_store
from feed.campaigns.entries import store as entries
from feed.campaigns.errors import MarksLocked, ShortlistFull
from feed.campaigns.locking import increment_versions, lock_judgeable_campaign
from feed.campaigns.model import Rules
from feed.campaigns.number_rules import SHORTLIST
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.engagement import count_engagement, list_entry_ids
from feed.campaigns.scoring.score import RankedEntry, ranking_key, score
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.postgres import Connection, Pool, act_on_next, transaction


async def fill_shortlist(
    pool: Pool, editor_id: AccountId, campaign_id: int, size: int | None, request: KeyedRequest | None = None
) -> None:
    """Fills the shortlist by engagement up to `size`, by default that of the rules.

    Raises Invalid, MarksLocked, CampaignNotFound, CampaignNotOpen, CampaignSettled, CampaignCancelled.
    """
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        campaign = await lock_judgeable_campaign(conn, campaign_id)
        if campaign.marks_locked_at is not None:
            raise MarksLocked
        rules, _ = read_rules(campaign.draft, publishing=False)
        least, most = SHORTLIST
        most = rules.shortlist_size or most
        wanted = rules.shortlist_size if size is None else size
        if wanted is None:
            raise Invalid(FieldError("size", "required"))
        if not least <= wanted <= most:
            raise Invalid(FieldError("size", "out_of_range", {"least": least, "most": most}))
        await fill(conn, campaign_id, rules, size=wanted, by=editor_id)


async def fill_next_shortlist(pool: Pool) -> bool:
    """Fills the shortlist of one campaign that has closed. False when there is none."""
    return await act_on_next(pool, shortlist_store.list_fills_due, _fill_due)


async def _fill_due(conn: Connection, campaign_id: int) -> bool:
    # A locked campaign is either being filled, or found again by the next run.
    if await lifecycle.try_lock_published(conn, campaign_id) is None:
        return False
    return await fill_at_close(conn, campaign_id)


async def shortlist_entry(pool: Pool, editor_id: AccountId, campaign_id: int, post_id: int) -> None:
    """Puts an entry on the shortlist; a second time changes nothing. Raises ShortlistFull, MarksLocked, EntryNotFound."""
    async with transaction(pool) as conn:
        campaign = await lock_judgeable_campaign(conn, campaign_id)
        entry = await entries.get_entry(conn, campaign_id, post_id)
        if entry.shortlisted_at is not None:
            return
        # The entry could not be marked any more.
        if campaign.marks_locked_at is not None:
            raise MarksLocked
        most = campaign.draft.get("shortlist_size")
        if most is not None and await entries.count_shortlisted(conn, campaign_id) >= most:
            raise ShortlistFull
        await entries.mark_shortlisted(conn, campaign_id, post_id, by=editor_id)
        await increment_versions(conn, [post_id])
        await audit.add(conn, editor_id, "entry_shortlisted", "campaign", campaign_id, {"post_id": str(post_id)})


async def unlist_entry(pool: Pool, editor_id: AccountId, campaign_id: int, post_id: int) -> None:
    """Takes an entry off the shortlist for good: filling does not add it again. A second time changes nothing.

    Not after the marks were locked and became visible, because the marks of an unlisted entry do not count.
    Raises MarksLocked, EntryNotFound.
    """
    async with transaction(pool) as conn:
        campaign = await lock_judgeable_campaign(conn, campaign_id)
        entry = await entries.get_entry(conn, campaign_id, post_id)
        if entry.shortlisted_at is not None and campaign.marks_locked_at is not None:
            raise MarksLocked
        if await entries.mark_not_shortlisted(conn, campaign_id, post_id, by=editor_id):
            await increment_versions(conn, [post_id])
            await audit.add(conn, editor_id, "entry_unlisted", "campaign", campaign_id, {"post_id": str(post_id)})


async def fill(conn: Connection, campaign_id: int, rules: Rules, *, size: int, by: int | None) -> list[int]:
    """Fills the shortlist up to `size` with the entries of the highest engagement score. Returns the added posts, best first.

    Entries that editors have added stay and count towards `size`. Entries that editors have taken off, and those that
    cannot win, are not added. Requires a lock on the campaign.
    """
    remaining = size - await entries.count_shortlisted(conn, campaign_id)
    if remaining <= 0:
        return []
    added = [each.entry_id for each in await _list_candidates(conn, campaign_id, rules)][:remaining]
    if added:
        await shortlist_store.mark_all_shortlisted(conn, campaign_id, added, by=by)
        await increment_versions(conn, added)
        detail = {"size": size, "post_ids": [str(post_id) for post_id in added]}
        await audit.add(conn, by, "shortlist_filled", "campaign", campaign_id, detail)
    return added


async def fill_at_close(conn: Connection, campaign_id: int) -> bool:
    """Fills the shortlist once after the campaign has closed, as its rules say. False if that is not due.

    Requires a lock on the campaign.
    """
    if not await shortlist_store.is_fill_due(conn, campaign_id):
        return False
    campaign = await campaigns.find_campaign(conn, campaign_id)
    assert campaign is not None
    rules, _ = read_rules(campaign.draft, publishing=False)
    if rules.shortlist_size is not None and rules.method == "ranked" and rules.weights.quality:
        await entries.add_missed_entries(conn, campaign_id)
        await fill(conn, campaign_id, rules, size=rules.shortlist_size, by=None)
    await shortlist_store.mark_filled(conn, campaign_id)
    return True


async def _list_candidates(conn: Connection, campaign_id: int, rules: Rules) -> list[RankedEntry]:
    statuses = {
        status.post_id: status
        for status in await shortlist_store.list_statuses(conn, campaign_id, await list_entry_ids(conn, campaign_id))
        if status.competes and not status.is_shortlisted and not status.was_unlisted
    }
    counted = await count_engagement(conn, campaign_id, list(statuses))
    no_quality = Decimal(0)
    ranked = [
        RankedEntry(
            entry_id=each.post_id,
            person=b"",
            entered_at=statuses[each.post_id].entered_at,
            quality=no_quality,
            likes=each.likes,
            commenters=each.commenters,
            score=score(no_quality, each.likes, each.commenters, rules.weights, rules.caps).total,
        )
        for each in counted
        if each.author_reason is None
    ]
    return sorted(ranked, key=lambda each: ranking_key(each, rules.tie_break))
