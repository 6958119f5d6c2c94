"""Correcting a public number that was entered wrongly: by two people, one of whom had no part in the mistake, for all to see."""

from collections.abc import Sequence
from datetime import datetime

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import closing
from feed.campaigns.model import time_text
from feed.campaigns.refusals import CampaignNotFound, SecondPersonRequired
from feed.errors import FieldError, Invalid
from feed.postgres import Connection, Pool, transaction
from feed.prizes import corrections_store, draw_store
from feed.prizes.beacon import Word, read_word, windows
from feed.prizes.correction import CorrectionReason, NoNumberToCorrect, ThirdPersonRequired
from feed.prizes.corrections_store import Correction
from feed.prizes.drawing import Entering
from feed.prizes.model import BeaconMismatch
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
) -> Entering:
    """One editor's word on what the number should have been; with the equal word of another person the next settlement draws by it.

    The settlement is undone before, which after the announcement takes an upheld objection.
    Raises CampaignNotFound, NoNumberToCorrect, Invalid, SecondPersonRequired, ThirdPersonRequired, BeaconMismatch.
    """
    why = read_reason(reason)
    async with transaction(pool) as conn:
        campaign = await closing.lock_ending(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        drawn = await corrections_store.find_set_aside(conn, campaign_id)
        if campaign.state != "judging" or drawn is None or drawn.source != "public_number":
            raise NoNumberToCorrect
        rules = await closing.get_rules(conn, campaign_id, drawn.rules_version)
        (window,) = (each for each in windows(rules, drawn.list_published_at) if each.source == "public_number")
        word = read_word(round_, value, appeared_at, window, await draw_store.get_clock(conn))
        numbers = await corrections_store.list_numbers(conn, drawn.settlement_id)
        wrong, number = numbers[-1], len(numbers)
        if not word.differing(wrong.word):
            if wrong.reason_code is not None and by in wrong.entered_by:
                return "accepted"
            raise Invalid(FieldError("value", "unchanged"))
        before = await corrections_store.list_corrections(conn, drawn.settlement_id, number)
        await corrections_store.add_correction(
            conn, drawn.settlement_id, number, by, word, reason_code=reason_code, reason=why
        )
        words = await corrections_store.list_corrections(conn, drawn.settlement_id, number)
        mine = next(each for each in words if each.editor_id == by)
        others = [each for each in words if not each.is_same_person(mine)]
        repeated = any(each.is_same_person(mine) and not _differing(each, mine) for each in before)
        detail = {"round": word.round, "value": word.value, "appeared_at": time_text(word.appeared_at)}
        detail |= {"reason_code": reason_code, "reason": why}
        if not any(each.editor_id == by and _is_same_word(each, mine) for each in before):
            await audit.add(conn, by, "enter_correction", "campaign", campaign_id, detail)
        agreeing = [each for each in others if not _differing(each, mine)]
        second = await _find_second(conn, mine, agreeing, wrong.entered_by)
        if second is not None:
            right = Word(word.round, word.value, max(word.appeared_at, second.appeared_at))
            entered_by = [second.editor_id, mine.editor_id]
            await corrections_store.add_number(
                conn, drawn.settlement_id, number, right, reason_code=reason_code, entered_by=entered_by
            )
            instead_of = {"round": wrong.round, "value": wrong.value}
            await audit.add(conn, by, "correct_number", "campaign", campaign_id, {**detail, "instead_of": instead_of})
    if second is not None:
        return "accepted"
    # What follows is committed, and then refused: a third person may agree.
    if agreeing:
        raise ThirdPersonRequired
    if others:
        raise BeaconMismatch(*(FieldError(name, "differs") for name in _differing(others[-1], mine)))
    if repeated:
        raise SecondPersonRequired
    return "recorded"


async def _find_second(
    conn: Connection, mine: Correction, agreeing: Sequence[Correction], mistaken: Sequence[int]
) -> Correction | None:
    """Who agrees, so that one of the two is somebody else than those who were mistaken."""
    if not await _is_one_of(conn, mine.editor_id, mistaken):
        return agreeing[0] if agreeing else None
    for each in agreeing:
        if not await _is_one_of(conn, each.editor_id, mistaken):
            return each
    return None


async def _is_one_of(conn: Connection, editor_id: int, editors: Sequence[int]) -> bool:
    """Whether one of these is the same human being."""
    return any([await accounts.are_one_person(conn, editor_id, each) for each in editors])


def _differing(one: Correction, other: Correction) -> list[str]:
    because = ["reason_code"] if one.reason_code != other.reason_code else []
    return one.word.differing(other.word) + because


def _is_same_word(one: Correction, other: Correction) -> bool:
    return (one.word, one.reason_code) == (other.word, other.reason_code)
