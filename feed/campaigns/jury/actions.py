"""Marking: jurors mark entries from the opening of a campaign until an editor locks the marks."""

from decimal import Decimal

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import store
from feed.campaigns.entries import store as entries
from feed.campaigns.errors import (
    CampaignNotClosed,
    EntryNotShortlisted,
    JurorRecused,
    MarksMissing,
    OwnEntry,
    PersonMarkedAlready,
    RevisionStale,
)
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury import store as jury
from feed.campaigns.jury.mark import NewMark, compute_mark, mark_problems
from feed.campaigns.jury.members import lock_campaign_to_mark
from feed.campaigns.jury.quorum import Quorum
from feed.campaigns.locking import increment_versions, lock_judgeable_campaign
from feed.campaigns.model import decimal_text
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.engagement import list_entry_ids
from feed.campaigns.store import Campaign
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.postgres import Connection, Pool, transaction
from feed.texts import normalised


async def mark_entry(pool: Pool, juror_id: AccountId, campaign_id: int, post_id: int, new: NewMark) -> Decimal:
    """Stores the juror's mark of an entry in place of an earlier one. Returns its score.

    Raises Invalid, NotAJuror, OwnEntry, JurorRecused, PersonMarkedAlready, MarksLocked, EntryNotFound, EntryNotShortlisted,
    RevisionStale.
    """
    if problems := mark_problems(new):
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        campaign = await lock_campaign_to_mark(conn, campaign_id, juror_id)
        entry = await entries.get_entry(conn, campaign_id, post_id)
        closed = campaign.ends_at is not None and campaign.now >= campaign.ends_at
        # Before the closing the entry may still be shortlisted, and its mark would count then.
        if closed and entry.shortlisted_at is None and campaign.draft.get("shortlist_size") is not None:
            raise EntryNotShortlisted
        if new.revision is not None and new.revision != await marks.find_judged_revision(conn, campaign_id, post_id):
            raise RevisionStale
        if await accounts.are_one_person(conn, juror_id, entry.author_id):
            raise OwnEntry
        if await recusals.has_conflict(conn, campaign_id, post_id, juror_id):
            raise JurorRecused
        if await marks.has_mark_by_other_account(conn, campaign_id, post_id, juror_id):
            raise PersonMarkedAlready
        rules, _ = read_rules(campaign.draft, publishing=False)
        computed = compute_mark(new, rules.criteria)
        changed = await marks.add_mark(
            conn,
            campaign_id=campaign_id,
            post_id=post_id,
            juror_id=juror_id,
            score=computed.score,
            scores=None
            if computed.scores is None
            else {name: decimal_text(each) for name, each in computed.scores.items()},
            note=normalised(new.note),
        )
        if changed:
            await increment_versions(conn, [post_id])
            # Without the score: readers of the audit log must not see marks before these are locked.
            await audit.add(conn, juror_id, "entry_marked", "campaign", campaign_id, {"post_id": str(post_id)})
    return computed.score


async def lock_marks(pool: Pool, editor_id: AccountId, campaign_id: int, request: KeyedRequest | None = None) -> None:
    """Ends the marking, so that the leaderboard may show quality; a second time changes nothing.

    Not before the closing, because later entries could not be marked. Raises CampaignNotClosed, MarksMissing.
    """
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        campaign = await lock_judgeable_campaign(conn, campaign_id)
        if campaign.marks_locked_at is not None:
            return
        if campaign.ends_at is None or campaign.now < campaign.ends_at:
            raise CampaignNotClosed
        if missing := await _list_missing_marks(conn, campaign):
            raise MarksMissing(*missing)
        if not await store.mark_marks_locked(conn, campaign_id):
            raise CampaignNotClosed
        await increment_versions(conn, await list_entry_ids(conn, campaign_id))
        await audit.add(conn, editor_id, "marks_locked", "campaign", campaign_id)


async def _list_missing_marks(conn: Connection, campaign: Campaign) -> list[FieldError]:
    """An error for each competing entry that has too few marks."""
    rules, _ = read_rules(campaign.draft, publishing=False)
    quorum = Quorum(len(await jury.list_jurors(conn, campaign.id)), rules.quorum)
    competing = set(await marks.list_entries_to_mark(conn, campaign.id))
    return [
        FieldError(
            f"entries.{each.post_id}",
            "mark_missing",
            {"marks": each.marks, "needed": quorum.marks_needed(each.recused)},
        )
        for each in await recusals.list_tallies(conn, campaign.id)
        if each.post_id in competing and quorum.is_short(each)
    ]
