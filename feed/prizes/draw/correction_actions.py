"""Correcting a public number that was entered wrongly: two people agree, and at least one of them did not enter it."""

from collections.abc import Sequence
from datetime import datetime

from feed.accounts import store as accounts
from feed.accounts.approvals import record_approval
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.model import time_text
from feed.errors import FieldError, Invalid
from feed.postgres import Connection, Pool, transaction
from feed.prizes.draw import correction_store
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.agreement import EntryOutcome, NumberEntry, find_agreement
from feed.prizes.draw.beacon import PublicNumber, read_public_number, windows
from feed.prizes.draw.correction_store import UndoneDraw
from feed.prizes.draw.model import CorrectionReason, NoNumberToCorrect
from feed.texts import read_reason


async def correct_number(
    pool: Pool,
    campaign_id: int,
    *,
    by: AccountId,
    round_: str,
    value: str,
    appeared_at: datetime,
    reason_code: CorrectionReason,
    reason: str,
) -> EntryOutcome:
    """Records the right public number as one editor enters it. The equal entry of a second person makes it the draw's value.

    The next settlement of the campaign uses it. The present one has to be undone first, which after the announcement
    requires an upheld objection.
    Raises CampaignNotFound, NoNumberToCorrect, Invalid, SecondPersonRequired, ThirdPersonRequired, BeaconMismatch.
    """
    reason_text = read_reason(reason)
    async with transaction(pool) as conn:
        draw = await _lock_undone_draw(conn, campaign_id)
        number = await _read_number(conn, campaign_id, draw, round_, value, appeared_at)
        numbers = await correction_store.list_numbers(conn, draw.settlement_id)
        wrong, position = numbers[-1], len(numbers)
        if not number.differing_fields(wrong.number):
            if wrong.reason_code is not None and by in wrong.entered_by:
                return "accepted"
            raise Invalid(FieldError("value", "unchanged"))
        earlier = await correction_store.list_corrections(conn, draw.settlement_id, position)
        await record_approval(conn, "correct_number", draw.settlement_id, [str(position)], by=by)
        entry = await correction_store.add_correction(
            conn, draw.settlement_id, position, by, number, reason_code=reason_code, reason=reason_text
        )
        detail = {"round": number.round, "value": number.value, "appeared_at": time_text(number.appeared_at)}
        detail |= {"reason_code": reason_code, "reason": reason_text}
        if entry not in earlier:
            await audit.add(conn, by, "enter_correction", "campaign", campaign_id, detail)
        earlier = await draw_store.with_one_person(conn, entry, earlier)
        mistaken = await _list_mistaken(conn, [entry, *earlier], wrong.entered_by)
        agreement = find_agreement(entry, earlier, mistaken=mistaken)
        if agreement.matching is not None:
            await correction_store.add_number(
                conn,
                draw.settlement_id,
                position,
                agreement.number,
                reason_code=reason_code,
                entered_by=agreement.entered_by,
            )
            instead_of = {"round": wrong.round, "value": wrong.value}
            await audit.add(conn, by, "correct_number", "campaign", campaign_id, {**detail, "instead_of": instead_of})
    return agreement.outcome()


async def _lock_undone_draw(conn: Connection, campaign_id: int) -> UndoneDraw:
    """Locks the campaign. Returns its undone draw, decided by a public number. Raises CampaignNotFound, NoNumberToCorrect."""
    campaign = await lifecycle.lock_published(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    draw = await correction_store.find_undone_draw(conn, campaign_id)
    if campaign.state != "judging" or draw is None or draw.source != "public_number":
        raise NoNumberToCorrect
    return draw


async def _read_number(
    conn: Connection, campaign_id: int, draw: UndoneDraw, round_: str, value: str, appeared_at: datetime
) -> PublicNumber:
    """The number as it is entered. Raises Invalid if the draw cannot have waited for it."""
    rules = await lifecycle.get_rules(conn, campaign_id, draw.rules_version)
    (window,) = (each for each in windows(rules, draw.list_published_at) if each.source == "public_number")
    return read_public_number(round_, value, appeared_at, window, await draw_store.get_clock(conn))


async def _list_mistaken(conn: Connection, entries: Sequence[NumberEntry], entered_by: Sequence[int]) -> set[int]:
    """The editors of these entries who are one of the persons that entered the wrong number."""
    return {
        entry.editor_id
        for entry in entries
        if any([await accounts.are_one_person(conn, entry.editor_id, each) for each in entered_by])
    }
