"""Jury members. After the opening, removing a juror who has marks needs approval by a second person."""

from collections.abc import Collection, Sequence
from typing import Literal

from feed.accounts import approval_store
from feed.accounts import store as accounts
from feed.accounts.approvals import approve
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns.entries import store as entries
from feed.campaigns.errors import JurorHasMarked, JurorTakesPart, JuryNeeded, MarksLocked, NotAJuror
from feed.campaigns.inputs import OPTIONAL_REASON, written_reason_problems
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import notices as jury_notices
from feed.campaigns.jury import store as jury
from feed.campaigns.locking import increment_versions, lock_campaign, lock_judgeable_campaign, require_unsettled
from feed.campaigns.store import Campaign
from feed.errors import FieldError, Invalid
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool, transaction
from feed.texts import require_text

JURORS_MOST = 50
AssignOutcome = Literal["recorded", "assigned"]


async def assign_jurors(
    pool: Pool, editor_id: AccountId, campaign_id: int, account_ids: Sequence[int], reason: str = ""
) -> AssignOutcome:
    """Makes these accounts the jury, or records the request. Returns which of the two happened.

    An empty jury, possible before the opening, lets any editor mark. After the opening no participant can be added, a removal
    needs a reason, and the removal of a juror with marks a second person who requests the same jury. The marks of removed jurors
    are kept but do not count until they are assigned again; a removed juror without marks is excluded from nothing.
    Raises Invalid, MarksLocked, JuryNeeded, JurorTakesPart, SecondPersonRequired.
    """
    reason = require_text("reason", reason, OPTIONAL_REASON)
    wanted = sorted(set(account_ids))
    async with transaction(pool) as conn:
        campaign = await lock_campaign(conn, campaign_id)
        require_unsettled(campaign)
        if wanted and campaign.draft.get("method") == "draw":
            raise Invalid(FieldError("user_ids", "draw_without_jury"))
        if campaign.marks_locked_at is not None:
            raise MarksLocked
        if unknown := await accounts.list_unknown_ids(conn, wanted):
            raise Invalid(*(FieldError(f"user_ids[{account_ids.index(id_)}]", "not_found") for id_ in unknown))
        before = {juror.account_id for juror in await jury.list_jurors(conn, campaign_id)}
        changed = sorted(before ^ set(wanted))
        if not changed:
            return "assigned"
        if repeated := await accounts.list_repeated_persons(conn, wanted):
            raise Invalid(*(FieldError(f"user_ids[{account_ids.index(id_)}]", "repeated") for id_ in repeated))
        if campaign.has_opened:
            await _require_no_part(conn, campaign_id, account_ids, added=set(wanted) - before)
        removed = sorted(before - set(wanted))
        set_aside = await marks.count_marks_by(conn, campaign_id, removed)
        if removed and campaign.has_opened:
            if not wanted:
                raise JuryNeeded
            if problems := written_reason_problems(reason):
                raise Invalid(*problems)
            if await marks.has_marks_by(conn, campaign_id, removed) and not await _is_approved(
                conn, editor_id, campaign_id, before, wanted, reason
            ):
                return "recorded"
        marked = await marks.list_marked_entries(conn, campaign_id)
        await jury.change_jurors(conn, campaign_id, wanted)
        await jury.remove_proposal(conn, campaign_id)
        await approval_store.remove_approvals(conn, "change_jurors", campaign_id)
        # Jurors' likes do not count, and a change of the jury changes which marks count.
        engaged = await entries.list_engaged_by(conn, campaign_id, changed)
        await increment_versions(conn, [*engaged, *marked])
        detail = {
            "user_ids": _texts(wanted),
            "removed": _texts(removed),
            "marks_set_aside": set_aside,
            "reason": reason or None,
        }
        await audit.add(conn, editor_id, "jurors_assigned", "campaign", campaign_id, detail)
        notifications = [jury_notices.of_membership(campaign, each, added=each not in before) for each in changed]
        await inbox.add_notifications(conn, notifications)
    return "assigned"


async def decline_seat(pool: Pool, juror_id: AccountId, campaign_id: int) -> None:
    """The juror gives up a seat that may not have been asked for, until the freeze and before the first mark.

    Nothing is excluded for the sake of the seat then. Repeating it changes nothing. Raises CampaignNotFound, NotAJuror,
    JurorHasMarked, CampaignSettled, CampaignCancelled.
    """
    async with transaction(pool) as conn:
        campaign = await lock_campaign(conn, campaign_id)
        seated = await jury.find_seat(conn, campaign_id, juror_id)
        if seated is None:
            raise NotAJuror
        if not seated:
            return
        require_unsettled(campaign)
        if await marks.has_marks_by(conn, campaign_id, [juror_id]):
            raise JurorHasMarked
        await jury.mark_removed(conn, campaign_id, juror_id)
        # A proposed jury was proposed in place of another one.
        await jury.remove_proposal(conn, campaign_id)
        await approval_store.remove_approvals(conn, "change_jurors", campaign_id)
        engaged = await entries.list_engaged_by(conn, campaign_id, [juror_id])
        await increment_versions(conn, [*engaged, *await marks.list_marked_entries(conn, campaign_id)])
        await audit.add(conn, juror_id, "juror_declined", "campaign", campaign_id)
        await inbox.add_notifications(conn, [jury_notices.of_declined_seat(campaign, juror_id)])


async def lock_campaign_to_mark(conn: Connection, campaign_id: int, juror_id: AccountId) -> Campaign:
    """Locks and returns a campaign whose entries the account may mark now.

    Raises NotAJuror, MarksLocked, and as `lock_judgeable_campaign`.
    """
    # Checked before the lock as well, so that requests of other accounts do not wait for it.
    if not await jury.may_mark(conn, campaign_id, juror_id):
        raise NotAJuror
    campaign = await lock_judgeable_campaign(conn, campaign_id)
    # Checked again under the lock: the jury may have changed meanwhile.
    if not await jury.may_mark(conn, campaign_id, juror_id):
        raise NotAJuror
    if campaign.marks_locked_at is not None:
        raise MarksLocked
    return campaign


async def _require_no_part(
    conn: Connection, campaign_id: int, account_ids: Sequence[int], *, added: Collection[int]
) -> None:
    """Raises JurorTakesPart: one editor could exclude a leader, or a leader's likers, by a seat that neither had asked for."""
    if participants := await entries.list_participants(conn, campaign_id, sorted(added)):
        raise JurorTakesPart(*(FieldError(f"user_ids[{account_ids.index(id_)}]", "takes_part") for id_ in participants))


async def _is_approved(
    conn: Connection,
    editor_id: AccountId,
    campaign_id: int,
    before: Collection[int],
    wanted: Sequence[int],
    reason: str,
) -> bool:
    """Whether another person has requested the same jury; otherwise records the request. Raises SecondPersonRequired."""
    state = [",".join(_texts(sorted(before))), ",".join(_texts(wanted))]
    if await approve(conn, "change_jurors", campaign_id, state, by=editor_id) is not None:
        return True
    await jury.change_proposal(conn, campaign_id, wanted, reason=reason, by=editor_id)
    detail = {"user_ids": _texts(wanted), "reason": reason}
    await audit.add(conn, editor_id, "jurors_proposed", "campaign", campaign_id, detail)
    return False


def _texts(ids: Sequence[int]) -> list[str]:
    return [str(id_) for id_ in ids]
