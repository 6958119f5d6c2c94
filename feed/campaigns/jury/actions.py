"""What editors and jurors do with entries: shortlist, mark, void. Accepted from the opening until the freeze."""

from decimal import Decimal

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import store
from feed.campaigns.entries import store as entries
from feed.campaigns.entries import void_store as voids
from feed.campaigns.entries.void_store import Void
from feed.campaigns.errors import (
    CampaignNotClosed,
    EntryNotFound,
    EntryNotShortlisted,
    JurorRecused,
    MarksLocked,
    MarksMissing,
    NotAJuror,
    OwnEntry,
    PersonMarkedAlready,
    RevisionStale,
    ShortlistFull,
    VoidNotFound,
)
from feed.campaigns.inputs import NewMark, NewVoids, void_problems
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury import store as jury
from feed.campaigns.jury.mark import mark_of, mark_problems
from feed.campaigns.jury.quorum import Panel
from feed.campaigns.locking import hold_judged, raise_versions
from feed.campaigns.model import decimal_text
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.engagement import list_entry_ids
from feed.campaigns.store import Campaign
from feed.errors import FieldError, Invalid
from feed.idempotency import Once, idempotent_transaction
from feed.postgres import Connection, Pool, transaction


async def shortlist_entry(pool: Pool, editor_id: AccountId, campaign_id: int, post_id: int) -> None:
    """Puts an entry on the shortlist; a second time changes nothing. Raises ShortlistFull, MarksLocked, EntryNotFound."""
    async with transaction(pool) as conn:
        campaign = await hold_judged(conn, campaign_id)
        entry = await _get_entry(conn, campaign_id, post_id)
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
        await _note(conn, editor_id, "entry_shortlisted", campaign_id, post_id)


async def unlist_entry(pool: Pool, editor_id: AccountId, campaign_id: int, post_id: int) -> None:
    """Takes an entry off the shortlist, and it does not come back by itself. A second time changes nothing.

    Not once the marks are locked and can be seen: off the shortlist they would count no more. Raises MarksLocked, EntryNotFound.
    """
    async with transaction(pool) as conn:
        campaign = await hold_judged(conn, campaign_id)
        entry = await _get_entry(conn, campaign_id, post_id)
        if entry.shortlisted_at is not None and campaign.marks_locked_at is not None:
            raise MarksLocked
        if await entries.mark_not_shortlisted(conn, campaign_id, post_id, by=editor_id):
            await raise_versions(conn, [post_id])
            await _note(conn, editor_id, "entry_unlisted", campaign_id, post_id)


async def mark_entry(pool: Pool, juror_id: AccountId, campaign_id: int, post_id: int, new: NewMark) -> Decimal:
    """The juror's one mark of the entry, in place of an earlier one.

    Raises Invalid, NotAJuror, OwnEntry, JurorRecused, PersonMarkedAlready, MarksLocked, EntryNotFound, EntryNotShortlisted,
    RevisionStale.
    """
    if problems := mark_problems(new):
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        if not await jury.may_mark(conn, campaign_id, juror_id):
            raise NotAJuror
        campaign = await hold_judged(conn, campaign_id)
        # Again under the lock: the jury may just have been changed.
        if not await jury.may_mark(conn, campaign_id, juror_id):
            raise NotAJuror
        if campaign.marks_locked_at is not None:
            raise MarksLocked
        entry = await _get_entry(conn, campaign_id, post_id)
        closed = campaign.ends_at is not None and campaign.now >= campaign.ends_at
        # Until then it may still come onto the list, and its mark waits for that.
        if closed and entry.shortlisted_at is None and campaign.draft.get("shortlist_size") is not None:
            raise EntryNotShortlisted
        if new.revision is not None and new.revision != await marks.find_judged_revision(conn, campaign_id, post_id):
            raise RevisionStale
        if await accounts.are_one_person(conn, juror_id, entry.author_id):
            raise OwnEntry
        if await recusals.has_conflict(conn, campaign_id, post_id, juror_id):
            raise JurorRecused
        if await marks.has_marked_otherwise(conn, campaign_id, post_id, juror_id):
            raise PersonMarkedAlready
        rules, _ = read_rules(campaign.draft, publishing=False)
        given = mark_of(new, rules.criteria)
        moved = await marks.add_mark(
            conn,
            campaign_id=campaign_id,
            post_id=post_id,
            juror_id=juror_id,
            score=given.score,
            scores=None if given.scores is None else {name: decimal_text(each) for name, each in given.scores.items()},
            note=new.note,
        )
        if moved:
            await raise_versions(conn, [post_id])
            # Not the score: whoever reads the audit must not learn of a mark before they are locked.
            await _note(conn, juror_id, "entry_marked", campaign_id, post_id)
    return given.score


async def lock_marks(pool: Pool, editor_id: AccountId, campaign_id: int, request: Once | None = None) -> None:
    """Ends the marking, so that the board may show quality; a second time changes nothing.

    Not before the closing: what is posted after the lock could never be marked. Raises CampaignNotClosed, MarksMissing.
    """
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        campaign = await hold_judged(conn, campaign_id)
        if campaign.marks_locked_at is not None:
            return
        if campaign.ends_at is None or campaign.now < campaign.ends_at:
            raise CampaignNotClosed
        if missing := await _list_short(conn, campaign):
            raise MarksMissing(*missing)
        if not await store.mark_marks_locked(conn, campaign_id):
            raise CampaignNotClosed
        await raise_versions(conn, await list_entry_ids(conn, campaign_id))
        await audit.add(conn, editor_id, "marks_locked", "campaign", campaign_id)


async def add_voids(
    pool: Pool, editor_id: AccountId, campaign_id: int, new: NewVoids, request: Once | None = None
) -> list[Void]:
    """Stops counting these accounts' engagement, or everybody's with one entry; a person's other accounts go with it.

    Raises Invalid.
    """
    if problems := void_problems(new):
        raise Invalid(*problems)
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        first_id = attempt.reserved_id
        if first_id is not None and attempt.is_repeat:
            return await voids.list_made_with(conn, campaign_id, first_id)
        await hold_judged(conn, campaign_id)
        if new.post_id is not None:
            post_id = int(new.post_id)
            if await entries.find_entry(conn, campaign_id, post_id) is None:
                raise Invalid(FieldError("post_id", "not_found"))
            touched = [post_id]
            made = await voids.add_of_post(
                conn,
                campaign_id,
                post_id,
                first_id=first_id,
                kinds=new.kinds,
                reason_code=new.reason_code,
                note=new.note,
                by=editor_id,
            )
        else:
            account_ids = list(dict.fromkeys(int(id_) for id_ in new.user_ids or ()))
            if unknown := await accounts.list_unknown(conn, account_ids):
                raise Invalid(*(FieldError(f"user_ids.{account_ids.index(id_)}", "not_found") for id_ in unknown))
            touched = await entries.list_engaged_by(conn, campaign_id, account_ids)
            made = await voids.add_of_accounts(
                conn,
                campaign_id,
                account_ids,
                first_id=first_id,
                kinds=new.kinds,
                reason_code=new.reason_code,
                note=new.note,
                by=editor_id,
            )
        await raise_versions(conn, touched)
        detail = {"void_ids": [str(void.id) for void in made], "kinds": new.kinds, "reason_code": new.reason_code}
        await audit.add(conn, editor_id, "voids_added", "campaign", campaign_id, detail)
    return made


async def withdraw_void(pool: Pool, editor_id: AccountId, campaign_id: int, void_id: int) -> None:
    """Lets the engagement count again; a second time changes nothing. Raises VoidNotFound."""
    async with transaction(pool) as conn:
        await hold_judged(conn, campaign_id)
        void = await voids.find_void(conn, campaign_id, void_id)
        if void is None:
            raise VoidNotFound
        if not await voids.mark_withdrawn(conn, campaign_id, void_id, by=editor_id):
            return
        if void.account_id is None:
            touched = [] if void.post_id is None else [void.post_id]
        else:
            touched = await entries.list_engaged_by(conn, campaign_id, [void.account_id])
        await raise_versions(conn, touched)
        await audit.add(conn, editor_id, "void_withdrawn", "campaign", campaign_id, {"void_id": str(void_id)})


async def _list_short(conn: Connection, campaign: Campaign) -> list[FieldError]:
    """The entries that compete and lack marks, each as the lock refuses it."""
    rules, _ = read_rules(campaign.draft, publishing=False)
    panel = Panel(len(await jury.list_jurors(conn, campaign.id)), rules.quorum)
    competing = set(await marks.list_to_mark(conn, campaign.id))
    return [
        FieldError(
            f"entries.{each.post_id}", "mark_missing", {"marks": each.marks, "needed": panel.needs(each.recused)}
        )
        for each in await recusals.list_tallies(conn, campaign.id)
        if each.post_id in competing and panel.is_short(each)
    ]


async def _get_entry(conn: Connection, campaign_id: int, post_id: int) -> entries.Entry:
    entry = await entries.find_entry(conn, campaign_id, post_id)
    if entry is None:
        raise EntryNotFound
    return entry


async def _note(conn: Connection, actor_id: AccountId, action: str, campaign_id: int, post_id: int) -> None:
    await audit.add(conn, actor_id, action, "campaign", campaign_id, {"post_id": str(post_id)})
