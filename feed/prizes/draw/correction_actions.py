"""Correcting a public number that was entered wrongly: by two people, one of whom had no part in the mistake, for all to see."""

from collections.abc import Sequence
from datetime import datetime

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.model import time_text
from feed.errors import FieldError, Invalid
from feed.postgres import Connection, Pool, transaction
from feed.prizes.draw import correction_store as corrections_store
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
    """Keeps what the number should have been as one editor enters it. With the equal entry of another person the next settlement draws by it.

    The settlement is undone before, which after the announcement takes an upheld objection.
    Raises CampaignNotFound, NoNumberToCorrect, Invalid, SecondPersonRequired, ThirdPersonRequired, BeaconMismatch.
    """
    why = read_reason(reason)
    async with transaction(pool) as conn:
        drawn = await _hold_draw(conn, campaign_id)
        word = await _read_word(conn, campaign_id, drawn, round_, value, appeared_at)
        numbers = await corrections_store.list_numbers(conn, drawn.settlement_id)
        wrong, number = numbers[-1], len(numbers)
        if not word.differing_fields(wrong.word):
            if wrong.reason_code is not None and by in wrong.entered_by:
                return "accepted"
            raise Invalid(FieldError("value", "unchanged"))
        before = await corrections_store.list_corrections(conn, drawn.settlement_id, number)
        entry = await corrections_store.add_correction(
            conn, drawn.settlement_id, number, by, word, reason_code=reason_code, reason=why
        )
        detail = {"round": word.round, "value": word.value, "appeared_at": time_text(word.appeared_at)}
        detail |= {"reason_code": reason_code, "reason": why}
        if entry not in before:
            await audit.add(conn, by, "enter_correction", "campaign", campaign_id, detail)
        mistaken = await _list_mistaken(conn, [entry, *before], wrong.entered_by)
        found = find_agreement(entry, before, mistaken=mistaken)
        if found.second is not None:
            await corrections_store.add_number(
                conn, drawn.settlement_id, number, found.number, reason_code=reason_code, entered_by=found.entered_by
            )
            instead_of = {"round": wrong.round, "value": wrong.value}
            await audit.add(conn, by, "correct_number", "campaign", campaign_id, {**detail, "instead_of": instead_of})
    return found.answer()


async def _hold_draw(conn: Connection, campaign_id: int) -> UndoneDraw:
    """Locks the campaign and returns the draw that a public number has decided. Raises CampaignNotFound and NoNumberToCorrect."""
    campaign = await lifecycle.lock_published(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    drawn = await corrections_store.find_undone_draw(conn, campaign_id)
    if campaign.state != "judging" or drawn is None or drawn.source != "public_number":
        raise NoNumberToCorrect
    return drawn


async def _read_word(
    conn: Connection, campaign_id: int, drawn: UndoneDraw, round_: str, value: str, appeared_at: datetime
) -> PublicNumber:
    """The number as it is entered. Raises Invalid where it cannot be the number that this draw has waited for."""
    rules = await lifecycle.get_rules(conn, campaign_id, drawn.rules_version)
    (window,) = (each for each in windows(rules, drawn.list_published_at) if each.source == "public_number")
    return read_public_number(round_, value, appeared_at, window, await draw_store.get_clock(conn))


async def _list_mistaken(conn: Connection, entries: Sequence[NumberEntry], entered_by: Sequence[int]) -> set[int]:
    """Which of these accounts belong to the people who have entered the wrong number."""
    return {
        entry.editor_id
        for entry in entries
        if any([await accounts.are_one_person(conn, entry.editor_id, each) for each in entered_by])
    }
