"""What happens between the frozen list and the drawn lots: the list gets its time, and one value of a beacon is kept."""

import secrets
from datetime import datetime
from typing import Literal

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import closing, concerned
from feed.campaigns.closing import Ending
from feed.campaigns.model import time_text
from feed.campaigns.refusals import CampaignNotFound, SecondPersonRequired
from feed.errors import FieldError
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool, act_on_next, transaction
from feed.prizes import draw_store, notices, store
from feed.prizes.beacon import PRINTED, Window, read_number, read_round, read_word, window_at, windows
from feed.prizes.drand import Chain, first_round, is_signed, time_of, value_of
from feed.prizes.model import Beacon, BeaconMismatch, NoNumberWanted

Entering = Literal["recorded", "accepted"]


async def publish_next_list(pool: Pool) -> bool:
    """Stamps one list that others can read since the commit of its freeze. False when there is none.

    From this moment its beacons are waited for; who enters a number is told.
    """
    return await act_on_next(pool, draw_store.list_unpublished, _publish_list)


async def list_drand_rounds(pool: Pool, chain: Chain) -> list[tuple[int, int]]:
    """Campaign and round of each draw whose round of the beacon has appeared, by the database's clock."""
    found = []
    async with pool.acquire() as conn:
        for campaign_id, settlement_id in await draw_store.list_awaited(conn):
            window = await _window(conn, campaign_id, settlement_id)
            if window is None or window.source != "drand":
                continue
            round_ = first_round(chain, window.not_before)
            if time_of(chain, round_) <= await draw_store.get_clock(conn):
                found.append((campaign_id, round_))
    return found


async def keep_drand_value(pool: Pool, chain: Chain, campaign_id: int, round_: int, signature: bytes) -> bool:
    """Whether the value was signed by the chain, is the one that is waited for, and is the draw's from now on."""
    if not is_signed(chain, round_, signature):
        return False
    async with transaction(pool) as conn:
        campaign = await closing.lock_ending(conn, campaign_id)
        settlement = await store.find_settlement(conn, campaign_id)
        if campaign is None or settlement is None:
            return False
        window = await _window(conn, campaign_id, settlement.id)
        if window is None or window.source != "drand" or first_round(chain, window.not_before) != round_:
            return False
        beacon = Beacon(
            source="drand",
            chain=chain.sha256,
            round=str(round_),
            value=value_of(signature),
            signature=signature,
            appeared_at=time_of(chain, round_),
        )
        return await _keep(conn, campaign, settlement.id, beacon, by=None)


async def give_up_next_beacon(pool: Pool) -> bool:
    """Gives one draw a value of our own, after every source of its rules has had its time. False when there is none.

    The result says that nobody outside can verify such a value.
    """
    return await act_on_next(pool, draw_store.list_awaited, _give_up_beacon)


async def enter_number(
    pool: Pool, campaign_id: int, *, by: AccountId, round_: str, value: str, appeared_at: datetime
) -> Entering:
    """One editor's word on the public number; the equal word of another person makes it the draw's.

    Raises CampaignNotFound, NoNumberWanted, Invalid, SecondPersonRequired, BeaconMismatch.
    """
    async with transaction(pool) as conn:
        campaign = await closing.lock_ending(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        settlement = await store.find_settlement(conn, campaign_id)
        window = None if settlement is None else await _window(conn, campaign_id, settlement.id)
        if settlement is None or window is None or window.source != "public_number":
            if settlement is not None and await _is_kept(conn, settlement.id, by, (round_, value, appeared_at)):
                return "accepted"
            raise NoNumberWanted
        word = read_word(round_, value, appeared_at, window, await draw_store.get_clock(conn))
        before = await draw_store.list_entries(conn, settlement.id)
        repeated = any(each.editor_id == by and each.word == word for each in before)
        await draw_store.add_entry(conn, settlement.id, by, word)
        if not repeated:
            detail = {"round": word.round, "value": word.value, "appeared_at": time_text(word.appeared_at)}
            await audit.add(conn, by, "enter_number", "campaign", campaign_id, detail)
        entries = await draw_store.list_entries(conn, settlement.id)
        mine = next(each for each in entries if each.editor_id == by)
        others = [each for each in entries if not each.is_same_person(mine)]
        second = next((each for each in others if not each.word.differing(word)), None)
        if second is not None:
            beacon = Beacon(
                source="public_number",
                round=word.round,
                value=word.value,
                # The later one, should they be seconds apart: never younger than both say.
                appeared_at=max(word.appeared_at, second.appeared_at),
                entered_by=[second.editor_id, mine.editor_id],
            )
            await _keep(conn, campaign, settlement.id, beacon, by=by)
    if second is not None:
        return "accepted"
    if others:
        # Committed, and then refused: a third person may agree with either.
        raise BeaconMismatch(*(FieldError(name, "differs") for name in word.differing(others[-1].word)))
    if repeated or any(each.editor_id != by and not each.word.differing(word) for each in before):
        raise SecondPersonRequired
    return "recorded"


async def _publish_list(conn: Connection, waiting: tuple[int, int]) -> bool:
    campaign_id, settlement_id = waiting
    campaign = await closing.lock_free_ending(conn, campaign_id)
    if campaign is None or not await _stands(conn, campaign_id, settlement_id):
        return False
    published_at = await draw_store.mark_published(conn, settlement_id)
    draw = await draw_store.find_draw(conn, settlement_id)
    if published_at is None or draw is None:
        return False
    detail = {"list_sha256": draw.list_sha256.hex(), "tickets": draw.ticket_count}
    await audit.add(conn, None, "publish_list", "campaign", campaign_id, detail)
    rules = await closing.get_rules(conn, campaign_id, campaign.rules_version)
    editors = await concerned.list_concerned(conn, campaign_id)
    told = [
        notices.of_number(settlement_id, campaign, editor_id, rules.beacon or "", window)
        for window in windows(rules, published_at)
        if window.source == "public_number"
        for editor_id in editors
    ]
    await inbox.add_inbox(conn, told)
    return True


async def _give_up_beacon(conn: Connection, waiting: tuple[int, int]) -> bool:
    campaign_id, settlement_id = waiting
    campaign = await closing.lock_free_ending(conn, campaign_id)
    if campaign is None or not await _stands(conn, campaign_id, settlement_id):
        return False
    if await _window(conn, campaign_id, settlement_id) is not None:
        return False
    own = Beacon(source="own", round="", value=secrets.token_hex(32))
    return await _keep(conn, campaign, settlement_id, own, by=None)


async def _is_kept(conn: Connection, settlement_id: int, by: AccountId, given: tuple[str, str, datetime]) -> bool:
    """Whether it is this editor's word, said again, that decided."""
    draw = await draw_store.find_draw(conn, settlement_id)
    beacon = None if draw is None else draw.beacon
    if beacon is None or by not in (beacon.entered_by or ()) or given[2].tzinfo is None:
        return False
    said = read_round(given[0]), read_number(given[1])
    apart = beacon.appeared_at is None or abs(given[2] - beacon.appeared_at) >= PRINTED
    return said == (beacon.round, beacon.value) and not apart


async def _stands(conn: Connection, campaign_id: int, settlement_id: int) -> bool:
    """Whether the settlement still is the campaign's: between the list and the lock it may have been undone."""
    settlement = await store.find_settlement(conn, campaign_id)
    return settlement is not None and settlement.id == settlement_id


async def _window(conn: Connection, campaign_id: int, settlement_id: int) -> Window | None:
    """What the draw waits for now; None when it waits for nothing, or has waited for everything."""
    draw = await draw_store.find_draw(conn, settlement_id)
    settlement = await store.find_settlement(conn, campaign_id)
    if draw is None or settlement is None or draw.list_published_at is None or draw.beacon is not None:
        return None
    rules = await closing.get_rules(conn, campaign_id, settlement.rules_version)
    return window_at(rules, draw.list_published_at, await draw_store.get_clock(conn))


async def _keep(
    conn: Connection, campaign: Ending, settlement_id: int, beacon: Beacon, *, by: AccountId | None
) -> bool:
    if not await draw_store.mark_beacon(conn, settlement_id, beacon):
        return False
    detail = {"source": beacon.source, "round": beacon.round, "value": beacon.value}
    await audit.add(conn, by, "keep_beacon", "campaign", campaign.id, detail)
    return True
