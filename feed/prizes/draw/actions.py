"""Actions of a draw between freeze and decision: publishing the list and recording the value of a beacon."""

import secrets
from datetime import datetime

from feed.accounts.approvals import record_approval
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
    """Sets the publication time of one list, which is readable since the commit of its freeze. False when there is none.

    The windows of the beacons begin at this time. Editors are notified when a public number has to be entered.
    """
    return await act_on_next(pool, draw_store.list_unpublished, _publish_list)


async def list_drand_rounds(pool: Pool, chain: Chain) -> list[tuple[int, int]]:
    """Campaign and round of each draw that waits for a drand round which is out by the database's clock."""
    rounds = []
    async with pool.acquire() as conn:
        for campaign_id, _ in await draw_store.list_awaited(conn):
            found, now = await _find_draw(conn, campaign_id), await draw_store.get_clock(conn)
            window = None if found is None else await _find_window(conn, *found, now)
            if window is None or window.source != "drand":
                continue
            round_ = first_round(chain, window.not_before)
            if time_of(chain, round_) <= now:
                rounds.append((campaign_id, round_))
    return rounds


async def record_drand_value(pool: Pool, chain: Chain, campaign_id: int, round_: int, signature: bytes) -> bool:
    """Records a drand value for a draw.

    False if the chain has not signed it, the draw does not wait for this round, or has a value already.
    """
    if not is_signed(chain, round_, signature):
        return False
    async with transaction(pool) as conn:
        campaign = await lifecycle.lock_published(conn, campaign_id)
        found = None if campaign is None else await _find_draw(conn, campaign_id)
        if campaign is None or found is None:
            return False
        window = await _find_window(conn, *found, await draw_store.get_clock(conn))
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
        return await _record_beacon(conn, campaign, found[0].id, beacon, by=None)


async def give_up_next_beacon(pool: Pool) -> bool:
    """Gives one draw a random value of our own after the windows of all its sources. False when there is none.

    The result says that such a value is not publicly verifiable.
    """
    return await act_on_next(pool, draw_store.list_awaited, _give_up_beacon)


async def enter_number(
    pool: Pool, campaign_id: int, *, by: AccountId, round_: str, value: str, appeared_at: datetime
) -> EntryOutcome:
    """Records the public number as one editor enters it. The equal entry of a second person makes it the draw's value.

    Raises CampaignNotFound, NoNumberWanted, Invalid, SecondPersonRequired, BeaconMismatch.
    """
    async with transaction(pool) as conn:
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        found, now = await _find_draw(conn, campaign_id), await draw_store.get_clock(conn)
        if found is None:
            raise NoNumberWanted
        settlement, draw = found
        window = await _find_window(conn, settlement, draw, now)
        if window is None or window.source != "public_number":
            if has_decided(draw.beacon, by, round_, value, appeared_at):
                return "accepted"
            raise NoNumberWanted
        number = read_public_number(round_, value, appeared_at, window, now)
        earlier = await draw_store.list_entries(conn, settlement.id)
        await record_approval(conn, "enter_number", settlement.id, [], by=by)
        entry = await draw_store.add_entry(conn, settlement.id, by, number)
        if entry not in earlier:
            detail = {"round": number.round, "value": number.value, "appeared_at": time_text(number.appeared_at)}
            await audit.add(conn, by, "enter_number", "campaign", campaign_id, detail)
        agreement = find_agreement(entry, await draw_store.with_one_person(conn, entry, earlier))
        if agreement.matching is not None:
            number = agreement.number
            beacon = Beacon(
                source="public_number",
                round=number.round,
                value=number.value,
                appeared_at=number.appeared_at,
                entered_by=agreement.entered_by,
            )
            await _record_beacon(conn, campaign, settlement.id, beacon, by=by)
    return agreement.outcome()


async def _publish_list(conn: Connection, due: tuple[int, int]) -> bool:
    campaign_id, settlement_id = due
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    found = None if campaign is None else await _find_draw(conn, campaign_id)
    # The settlement may have been undone before the lock was taken.
    if campaign is None or found is None or found[0].id != settlement_id:
        return False
    published_at = await draw_store.mark_published(conn, settlement_id)
    if published_at is None:
        return False
    draw = found[1]
    detail = {"list_sha256": draw.list_sha256.hex(), "tickets": draw.ticket_count}
    await audit.add(conn, None, "publish_list", "campaign", campaign_id, detail)
    rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
    editors = await lifecycle.list_responsible_editors(conn, campaign_id)
    notifications = [
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
    await inbox.add_notifications(conn, notifications)
    return True


async def _give_up_beacon(conn: Connection, due: tuple[int, int]) -> bool:
    campaign_id, settlement_id = due
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    found = None if campaign is None else await _find_draw(conn, campaign_id)
    if campaign is None or found is None or found[0].id != settlement_id:
        return False
    if await _find_window(conn, *found, await draw_store.get_clock(conn)) is not None:
        return False
    own = Beacon(source="own", round="", value=secrets.token_hex(32))
    return await _record_beacon(conn, campaign, settlement_id, own, by=None)


async def _find_draw(conn: Connection, campaign_id: int) -> tuple[Settlement, Draw] | None:
    """The campaign's settlement in force and its draw; None without a settlement, or if it has no draw."""
    settlement = await settlement_store.find_settlement(conn, campaign_id)
    draw = None if settlement is None else await draw_store.find_draw(conn, settlement.id)
    return None if settlement is None or draw is None else (settlement, draw)


async def _find_window(conn: Connection, settlement: Settlement, draw: Draw, now: datetime) -> Window | None:
    """The window of the source that the draw waits for now.

    None while the list is not published, when the draw has a value, and after the last window.
    """
    if draw.list_published_at is None or draw.beacon is not None:
        return None
    rules = await lifecycle.get_rules(conn, settlement.campaign_id, settlement.rules_version)
    return window_at(rules, draw.list_published_at, now)


async def _record_beacon(
    conn: Connection, campaign: PublishedCampaign, settlement_id: int, beacon: Beacon, *, by: AccountId | None
) -> bool:
    if not await draw_store.mark_beacon(conn, settlement_id, beacon):
        return False
    detail = {"source": beacon.source, "round": beacon.round, "value": beacon.value}
    await audit.add(conn, by, "keep_beacon", "campaign", campaign.id, detail)
    return True
