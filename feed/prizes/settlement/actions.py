"""Settling: the sheet is frozen in one commit and the winners are found from it in another, whoever dies in between."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import draw_commitment
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignCancelled, CampaignNotFound
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import Rules
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.keys.signatures import sha256_of, sign_document
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, act_on_next
from feed.prizes import notices, settlement_store
from feed.prizes import winner_store as store
from feed.prizes.draw import algorithm as draw
from feed.prizes.draw import correction_store as corrections_store
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.model import AwaitingBeacon, Draw, DrawInputs
from feed.prizes.model import AlreadySettled, NotOverYet, Settlement, SettlementBlocked, SheetRow
from feed.prizes.result.document import Decision, decide, tickets_of
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement.freeze import Sheet, build_sheet, freeze
from feed.texts import read_reason


async def freeze_next_campaign(pool: Pool) -> bool:
    """Freezes the sheet of one campaign that is due and waits for nothing. False when there is none.

    One that waits goes to judging and says for what; its editors are told once.
    """
    return await act_on_next(pool, sheet_store.list_due, _freeze_due)


async def settle_next_campaign(pool: Pool, keys: Keys) -> bool:
    """Finds the winners of one frozen sheet. False when there is none."""
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
    """Settles now. Where something is waited for it takes a reason: a missing mark is 0, and what waits is left out.

    A draw is frozen now and decided when its public value is there. `by` is None where an operator does it at the
    command line.
    Raises CampaignNotFound, CampaignCancelled, NotOverYet, AlreadySettled, SettlementBlocked, AwaitingBeacon, Invalid.
    """
    why = read_reason(reason) if reason else None
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await _hold(conn, campaign_id)
        settlement = await settlement_store.find_settlement(conn, campaign_id)
        if settlement is not None and settlement.has_result:
            if attempt.is_repeat:
                return
            raise AlreadySettled
        if not campaign.is_over:
            raise NotOverYet
        found = None if settlement is None else await draw_store.find_draw(conn, settlement.id)
        if not attempt.is_repeat and _is_awaiting(found):
            raise AwaitingBeacon
        blocked = False
        if settlement is None:
            rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
            sheet = await build_sheet(conn, campaign, rules)
            blocked = bool(sheet.blocked_by) and why is None
            if blocked:
                # Committed, and then refused: who asked sees in the campaign what it waits for.
                await _wait(conn, campaign, sheet)
            else:
                settlement, found = await freeze(conn, campaign, rules, sheet, reason=why)
                await audit.add(
                    conn,
                    by,
                    "freeze",
                    "campaign",
                    campaign_id,
                    {"entries": len(sheet.rows)} | _told(settlement),
                )
        if settlement is not None and not _is_awaiting(found):
            await _decide(conn, keys, campaign, settlement, found, by=by, reason=why)
    if blocked:
        raise SettlementBlocked


async def _freeze_due(conn: Connection, campaign_id: int) -> bool:
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    if campaign is None or campaign.frozen_at is not None or campaign_id not in await sheet_store.list_due(conn):
        return False
    rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
    sheet = await build_sheet(conn, campaign, rules)
    if sheet.blocked_by:
        await _wait(conn, campaign, sheet)
        return False
    await freeze(conn, campaign, rules, sheet)
    await audit.add(conn, None, "freeze", "campaign", campaign_id, {"entries": len(sheet.rows)})
    return True


async def _settle_frozen(conn: Connection, campaign_id: int, *, keys: Keys) -> bool:
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    settlement = await settlement_store.find_settlement(conn, campaign_id) if campaign is not None else None
    if campaign is None or settlement is None or settlement.has_result:
        return False
    found = await draw_store.find_draw(conn, settlement.id)
    if _is_awaiting(found):
        return False
    await _decide(conn, keys, campaign, settlement, found, by=None, reason=None)
    return True


async def _wait(conn: Connection, campaign: PublishedCampaign, sheet: Sheet) -> None:
    """Says in the campaign what it waits for, and tells its editors where that is news."""
    if await lifecycle.mark_blocked(conn, campaign.id, sheet.blocked_by):
        editors = await lifecycle.list_responsible_editors(conn, campaign.id)
        await inbox.add_inbox(conn, notices.of_blocks(campaign, sheet.blocked_by, editors))


def _told(settlement: Settlement) -> dict[str, Any]:
    """For the audit: what the settlement went over, and why."""
    return {} if settlement.forced is None else {"forced": msgspec.to_builtins(settlement.forced)}


async def _hold(conn: Connection, campaign_id: int) -> PublishedCampaign:
    campaign = await lifecycle.lock_published(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    if campaign.state == "cancelled":
        raise CampaignCancelled
    return campaign


def _is_awaiting(found: Draw | None) -> bool:
    """Whether it is a draw whose public value is not there yet."""
    return found is not None and found.beacon is None


async def _get_lots(
    conn: Connection, keys: Keys, settlement: Settlement, found: Draw, rows: Sequence[SheetRow]
) -> DrawInputs:
    nonce = await draw_commitment.get_nonce(conn, settlement.campaign_id)
    listed = rows if found.listed_in is None else await sheet_store.list_sheet(conn, found.listed_in)
    tickets = tickets_of(settlement, listed)
    # Lots are drawn from what was published or not at all.
    assert (found.list_sha256, found.ticket_count) == (draw.list_hash(settlement.campaign_id, tickets), len(tickets))
    return DrawInputs(
        draw=found,
        tickets=tickets,
        nonce=draw_commitment.reveal_nonce(keys, settlement.campaign_id, nonce),
        nonce_sha256=nonce.sha256,
        numbers=await corrections_store.list_numbers(conn, found.listed_in or settlement.id),
    )


def _work_out(
    keys: Keys, settlement: Settlement, rows: Sequence[SheetRow], **rules: Any
) -> tuple[Decision, bytes, str]:
    """The decision, its document, and the hash of that."""
    decision = decide(settlement, rows, **rules)
    result = sign_document(decision.outcome, keys.sign)
    return decision, result, sha256_of(result)


async def _decide(
    conn: Connection,
    keys: Keys,
    campaign: PublishedCampaign,
    settlement: Settlement,
    found: Draw | None,
    *,
    by: AccountId | None,
    reason: str | None,
) -> None:
    """Keeps the result and fills the places. All of it follows from what was frozen and, in a draw, from its value."""
    await sheet_store.raise_transaction_limits(conn)
    document, rules_sha256 = await lifecycle.get_rules_document(conn, campaign.id, settlement.rules_version)
    rows = await sheet_store.list_sheet(conn, settlement.id)
    lots = None if found is None else await _get_lots(conn, keys, settlement, found, rows)
    # Apart from the loop: the rest of the worker goes on while a hundred thousand entries are ranked.
    decision, result, sha256 = await asyncio.to_thread(
        _work_out,
        keys,
        settlement,
        rows,
        rules=msgspec.convert(document, Rules),
        document=document,
        sha256=rules_sha256,
        lots=lots,
    )
    outcome = decision.outcome
    await settlement_store.add_result(conn, settlement.id, result, sha256)
    if lots is not None:
        ranks = {int(row.post_id): row.rank for row in outcome.sheet if row.rank is not None}
        await sheet_store.mark_ranks(conn, settlement.id, ranks)
    await store.add_winners(conn, campaign.id, settlement.id, decision.places)
    await store.add_reserves(conn, settlement.id, decision.reserves)
    if reason is None and settlement.forced is not None:
        reason = settlement.forced.reason
    await lifecycle.mark_decided(conn, campaign.id, reason)
    detail = {"winners": len(outcome.winners), "sha256": sha256, "reason": reason} | _told(settlement)
    await audit.add(conn, by, "settle", "campaign", campaign.id, detail)
    await inbox.add_inbox(conn, [notices.of_decision(settlement, campaign.created_by, campaign.title)])
