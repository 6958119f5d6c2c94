"""What happens between the frozen list and the drawn lots: the list gets its time, and one value of a beacon is kept."""

import secrets
from datetime import datetime

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import time_text
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool, act_on_next, transaction
from feed.prizes import notices, settlement_store
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.agreement import EntryOutcome, find_agreement, has_decided
from feed.prizes.draw.beacon import Window, read_public_number, window_at, windows
from feed.prizes.draw.drand import Chain, first_round, is_signed, time_of, value_of
from feed.prizes.draw.model import Beacon, Draw, NoNumberWanted
from feed.prizes.model import Settlement


async def publish_next_list(pool: Pool) -> bool:
    """Stamps one list that others can read since the commit of its freeze. False when there is none.

    From this moment its beacons are waited for; who enters a number is told.
    """
    return await act_on_next(pool, draw_store.list_unpublished, _publish_list)


async def list_drand_rounds(pool: Pool, chain: Chain) -> list[tuple[int, int]]:
    """Campaign and round of each draw whose round of the beacon has appeared, by the database's clock."""
    found = []
    async with pool.acquire() as conn:
        for campaign_id, _ in await draw_store.list_awaited(conn):
            held, now = await _find_draw(conn, campaign_id), await draw_store.get_clock(conn)
            window = None if held is None else await _find_window(conn, *held, now)
            if window is None or window.source != "drand":
                continue
            round_ = first_round(chain, window.not_before)
            if time_of(chain, round_) <= now:
                found.append((campaign_id, round_))
    return found


async def record_drand_value(pool: Pool, chain: Chain, campaign_id: int, round_: int, signature: bytes) -> bool:
    """Whether the value was signed by the chain, is the one that is waited for, and is the draw's from now on."""
    if not is_signed(chain, round_, signature):
        return False
    async with transaction(pool) as conn:
        campaign = await lifecycle.lock_published(conn, campaign_id)
        held = None if campaign is None else await _find_draw(conn, campaign_id)
        if campaign is None or held is None:
            return False
        window = await _find_window(conn, *held, await draw_store.get_clock(conn))
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
        return await _keep(conn, campaign, held[0].id, beacon, by=None)


async def give_up_next_beacon(pool: Pool) -> bool:
    """Gives one draw a value of our own, after every source of its rules has had its time. False when there is none.

    The result says that nobody outside can verify such a value.
    """
    return await act_on_next(pool, draw_store.list_awaited, _give_up_beacon)


async def enter_number(
    pool: Pool, campaign_id: int, *, by: AccountId, round_: str, value: str, appeared_at: datetime
) -> EntryOutcome:
    """Keeps the public number as one editor enters it. The equal entry of another person makes it the draw's.

    Raises CampaignNotFound, NoNumberWanted, Invalid, SecondPersonRequired, BeaconMismatch.
    """
    async with transaction(pool) as conn:
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        held, now = await _find_draw(conn, campaign_id), await draw_store.get_clock(conn)
        if held is None:
            raise NoNumberWanted
        settlement, draw = held
        window = await _find_window(conn, settlement, draw, now)
        if window is None or window.source != "public_number":
            if has_decided(draw.beacon, by, round_, value, appeared_at):
                return "accepted"
            raise NoNumberWanted
        word = read_public_number(round_, value, appeared_at, window, now)
        before = await draw_store.list_entries(conn, settlement.id)
        entry = await draw_store.add_entry(conn, settlement.id, by, word)
        if entry not in before:
            detail = {"round": word.round, "value": word.value, "appeared_at": time_text(word.appeared_at)}
            await audit.add(conn, by, "enter_number", "campaign", campaign_id, detail)
        found = find_agreement(entry, before)
        if found.second is not None:
            number = found.number
            beacon = Beacon(
                source="public_number",
                round=number.round,
                value=number.value,
                appeared_at=number.appeared_at,
                entered_by=found.entered_by,
            )
            await _keep(conn, campaign, settlement.id, beacon, by=by)
    return found.answer()


async def _publish_list(conn: Connection, waiting: tuple[int, int]) -> bool:
    campaign_id, settlement_id = waiting
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    held = None if campaign is None else await _find_draw(conn, campaign_id)
    # Between the list and the lock the settlement may have been undone.
    if campaign is None or held is None or held[0].id != settlement_id:
        return False
    published_at = await draw_store.mark_published(conn, settlement_id)
    if published_at is None:
        return False
    draw = held[1]
    detail = {"list_sha256": draw.list_sha256.hex(), "tickets": draw.ticket_count}
    await audit.add(conn, None, "publish_list", "campaign", campaign_id, detail)
    rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
    editors = await lifecycle.list_responsible_editors(conn, campaign_id)
    told = [
        notices.of_number_wanted(
            settlement_id,
            campaign,
            editor_id,
            rules.beacon or "",
            not_before=window.not_before,
            until=window.until,
        )
        for window in windows(rules, published_at)
        if window.source == "public_number"
        for editor_id in editors
    ]
    await inbox.add_inbox(conn, told)
    return True


async def _give_up_beacon(conn: Connection, waiting: tuple[int, int]) -> bool:
    campaign_id, settlement_id = waiting
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    held = None if campaign is None else await _find_draw(conn, campaign_id)
    if campaign is None or held is None or held[0].id != settlement_id:
        return False
    if await _find_window(conn, *held, await draw_store.get_clock(conn)) is not None:
        return False
    own = Beacon(source="own", round="", value=secrets.token_hex(32))
    return await _keep(conn, campaign, settlement_id, own, by=None)


async def _find_draw(conn: Connection, campaign_id: int) -> tuple[Settlement, Draw] | None:
    """The campaign's settlement and its draw; None where none stands, or it is no draw."""
    settlement = await settlement_store.find_settlement(conn, campaign_id)
    draw = None if settlement is None else await draw_store.find_draw(conn, settlement.id)
    return None if settlement is None or draw is None else (settlement, draw)


async def _find_window(conn: Connection, settlement: Settlement, draw: Draw, now: datetime) -> Window | None:
    """What the draw waits for now; None when it waits for nothing, or has waited for everything."""
    if draw.list_published_at is None or draw.beacon is not None:
        return None
    rules = await lifecycle.get_rules(conn, settlement.campaign_id, settlement.rules_version)
    return window_at(rules, draw.list_published_at, now)


async def _keep(
    conn: Connection, campaign: PublishedCampaign, settlement_id: int, beacon: Beacon, *, by: AccountId | None
) -> bool:
    if not await draw_store.mark_beacon(conn, settlement_id, beacon):
        return False
    detail = {"source": beacon.source, "round": beacon.round, "value": beacon.value}
    await audit.add(conn, by, "keep_beacon", "campaign", campaign.id, detail)
    return True
