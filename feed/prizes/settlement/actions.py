"""Actions of a settlement: one commit freezes the sheet, another computes the winners from it; a crash in between is safe."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import draw_commitment
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignCancelled, CampaignNotFound
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import Rules
from feed.decoding.decoder import convert
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.keys.signatures import sha256_of, sign_in_parts
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, act_on_next
from feed.prizes import notices, settlement_store, winner_store
from feed.prizes.draw import algorithm, correction_store
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.model import AwaitingBeacon, Draw, DrawInputs
from feed.prizes.model import AlreadySettled, NotOverYet, Settlement, SettlementBlocked, SheetRow
from feed.prizes.result.decision import Decision, decide, tickets_of
from feed.prizes.result.document import unsigned_members
from feed.prizes.settlement import published_row_store, sheet_store
from feed.prizes.settlement.freeze import build_sheet, freeze
from feed.prizes.settlement.sheet import Sheet
from feed.texts import read_reason


async def freeze_next_campaign(pool: Pool) -> bool:
    """Freezes the sheet of one campaign that is due and not blocked. False when there is none.

    A blocked campaign changes to `judging` and records what it waits for; its editors are notified once.
    """
    return await act_on_next(pool, sheet_store.list_due, _freeze_due)


async def settle_next_campaign(pool: Pool, keys: Keys) -> bool:
    """Computes the winners of one frozen sheet. False when there is none."""
    return await act_on_next(pool, lifecycle.list_frozen, partial(_settle_frozen, keys=keys))


async def settle_campaign(
    pool: Pool,
    keys: Keys,
    campaign_id: int,
    *,
    by: AccountId | None,
    reason: str = "",
    request: KeyedRequest | None = None,
) -> None:
    """Settles a campaign now. With a reason also if it is blocked: a missing mark counts as 0, a pending item is left out.

    A draw is frozen now and decided once it has a value. `by` is None for an operator at the command line.
    Raises CampaignNotFound, CampaignCancelled, NotOverYet, AlreadySettled, SettlementBlocked, AwaitingBeacon, Invalid.
    """
    override_reason = read_reason(reason) if reason else None
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await _lock_campaign(conn, campaign_id)
        settlement = await settlement_store.find_settlement(conn, campaign_id)
        if settlement is not None and settlement.has_result:
            if attempt.is_repeat:
                return
            raise AlreadySettled
        if not campaign.is_over:
            raise NotOverYet
        draw = None if settlement is None else await draw_store.find_draw(conn, settlement.id)
        if not attempt.is_repeat and _is_awaiting(draw):
            raise AwaitingBeacon
        blocked = False
        if settlement is None:
            rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
            sheet = await build_sheet(conn, campaign, rules)
            blocked = bool(sheet.blocked_by) and override_reason is None
            if blocked:
                # Committed before the error is raised, so that the campaign shows what it waits for.
                await _mark_blocked(conn, campaign, sheet)
            else:
                settlement, draw = await freeze(conn, campaign, rules, sheet, reason=override_reason)
                await audit.add(
                    conn,
                    by,
                    "freeze",
                    "campaign",
                    campaign_id,
                    {"entries": len(sheet.rows)} | _forced_detail(settlement),
                )
        if settlement is not None and not _is_awaiting(draw):
            await _decide(conn, keys, campaign, settlement, draw, by=by, reason=override_reason)
    if blocked:
        raise SettlementBlocked


async def _freeze_due(conn: Connection, campaign_id: int) -> bool:
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    if campaign is None or campaign.frozen_at is not None or campaign_id not in await sheet_store.list_due(conn):
        return False
    rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
    sheet = await build_sheet(conn, campaign, rules)
    if sheet.blocked_by:
        await _mark_blocked(conn, campaign, sheet)
        return False
    await freeze(conn, campaign, rules, sheet)
    await audit.add(conn, None, "freeze", "campaign", campaign_id, {"entries": len(sheet.rows)})
    return True


async def _settle_frozen(conn: Connection, campaign_id: int, *, keys: Keys) -> bool:
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    settlement = await settlement_store.find_settlement(conn, campaign_id) if campaign is not None else None
    if campaign is None or settlement is None or settlement.has_result:
        return False
    draw = await draw_store.find_draw(conn, settlement.id)
    if _is_awaiting(draw):
        return False
    await _decide(conn, keys, campaign, settlement, draw, by=None, reason=None)
    return True


async def _mark_blocked(conn: Connection, campaign: PublishedCampaign, sheet: Sheet) -> None:
    """Records what the campaign waits for, and notifies its editors if that has changed."""
    if await lifecycle.mark_blocked(conn, campaign.id, sheet.blocked_by):
        editors = await lifecycle.list_responsible_editors(conn, campaign.id)
        await inbox.add_notifications(conn, notices.of_blocks(campaign, sheet.blocked_by, editors))


def _forced_detail(settlement: Settlement) -> dict[str, Any]:
    """The detail of an audit entry about what the settlement did not wait for."""
    return {} if settlement.forced is None else {"forced": msgspec.to_builtins(settlement.forced)}


async def _lock_campaign(conn: Connection, campaign_id: int) -> PublishedCampaign:
    campaign = await lifecycle.lock_published(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    if campaign.state == "cancelled":
        raise CampaignCancelled
    return campaign


def _is_awaiting(draw: Draw | None) -> bool:
    """Whether there is a draw that has no value yet."""
    return draw is not None and draw.beacon is None


async def _get_draw_inputs(
    conn: Connection, keys: Keys, settlement: Settlement, draw: Draw, rows: Sequence[SheetRow]
) -> DrawInputs:
    nonce = await draw_commitment.get_nonce(conn, settlement.campaign_id)
    listed = rows if draw.listed_in is None else await sheet_store.list_sheet(conn, draw.listed_in)
    tickets = tickets_of(settlement, listed)
    # The tickets have to be those of the published list.
    published_list = draw.list_sha256, draw.ticket_count
    assert published_list == (algorithm.list_hash(settlement.campaign_id, tickets), len(tickets))
    return DrawInputs(
        draw=draw,
        tickets=tickets,
        nonce=draw_commitment.reveal_nonce(keys, settlement.campaign_id, nonce),
        nonce_sha256=nonce.sha256,
        numbers=await correction_store.list_numbers(conn, draw.listed_in or settlement.id),
    )


def _decide_and_sign(
    keys: Keys, settlement: Settlement, rows: Sequence[SheetRow], **rules: Any
) -> tuple[Decision, bytes, bytes, str]:
    """The decision, its signed document, that without its rows, and the SHA-256 of the whole document."""
    decision = decide(settlement, rows, **rules)
    unsigned = unsigned_members(decision.outcome.format)
    result, head = sign_in_parts(decision.outcome, keys.sign, unsigned=unsigned)
    return decision, result, head, sha256_of(result)


async def _decide(
    conn: Connection,
    keys: Keys,
    campaign: PublishedCampaign,
    settlement: Settlement,
    draw: Draw | None,
    *,
    by: AccountId | None,
    reason: str | None,
) -> None:
    """Stores the result, winners and reserves, computed from the frozen sheet and, in a draw, its value."""
    await sheet_store.raise_transaction_limits(conn)
    document, rules_sha256 = await lifecycle.get_rules_document(conn, campaign.id, settlement.rules_version)
    rows = await sheet_store.list_sheet(conn, settlement.id)
    draw_inputs = None if draw is None else await _get_draw_inputs(conn, keys, settlement, draw, rows)
    # In a thread, so that ranking a hundred thousand entries does not block the event loop.
    decision, result, head, sha256 = await asyncio.to_thread(
        _decide_and_sign,
        keys,
        settlement,
        rows,
        rules=convert(document, Rules),
        document=document,
        sha256=rules_sha256,
        draw_inputs=draw_inputs,
    )
    outcome = decision.outcome
    await settlement_store.add_result(conn, settlement.id, result, sha256)
    if outcome.tree is not UNSET:
        await published_row_store.add_published_rows(conn, settlement.id, head, decision.rows, decision.levels)
    if draw_inputs is not None:
        await sheet_store.mark_ranks(conn, settlement.id, decision.ranks)
    await winner_store.add_winners(conn, campaign.id, settlement.id, decision.places)
    await winner_store.add_reserves(conn, settlement.id, decision.reserves)
    if reason is None and settlement.forced is not None:
        reason = settlement.forced.reason
    await lifecycle.mark_decided(conn, campaign.id, reason)
    detail = {"winners": len(outcome.winners), "sha256": sha256, "reason": reason} | _forced_detail(settlement)
    await audit.add(conn, by, "settle", "campaign", campaign.id, detail)
    await inbox.add_notifications(conn, [notices.of_decision(settlement, campaign)])
