"""What has to happen together when a sheet is frozen. Called inside a transaction that holds the campaign."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.entries import shortlist
from feed.campaigns.entries import store as entries
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury import store as jury
from feed.campaigns.jury.quorum import Quorum
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import Rules
from feed.campaigns.scoring.engagement import EntryEngagement, count_engagement, quality_of
from feed.postgres import Connection
from feed.prizes import settlement_store
from feed.prizes.draw import algorithm as draw
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.model import Draw
from feed.prizes.model import Settlement, SheetRow
from feed.prizes.result.document import tickets_of
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement.eligibility import Facts, Terms, blocks, forced_by, is_left_out, reason_of


class Sheet(msgspec.Struct, frozen=True):
    """A score sheet that could be frozen now, and what it would have to be frozen without."""

    rows: list[SheetRow]
    blocked_by: list[dict[str, Any]]
    skipped: list[dict[str, Any]]


async def build_sheet(conn: Connection, campaign: PublishedCampaign, rules: Rules) -> Sheet:
    """The sheet as the verdicts stand. What users did counts as it was at the deadline, however late it is now."""
    await sheet_store.raise_transaction_limits(conn)
    await shortlist.fill_at_close(conn, campaign.id)
    await entries.add_missed_entries(conn, campaign.id)
    facts = await sheet_store.list_facts(conn, campaign.id)
    counted = {each.post_id: each for each in await count_engagement(conn, campaign.id)}
    scores: dict[int, list[Decimal]] = {}
    for mark in await marks.list_marks(conn, campaign.id):
        scores.setdefault(mark.post_id, []).append(mark.score)
    drawn = rules.method == "draw"
    terms = Terms(require_media=rules.eligibility.require_media, counts_quality=rules.weights.quality > 0 and not drawn)
    reasons = {each.post_id: reason_of(each, terms, counted[each.post_id].author_reason) for each in facts}
    waiting = blocks(
        [each for each in facts if reasons[each.post_id] is None],
        terms,
        quorum=Quorum(len(await jury.list_jurors(conn, campaign.id)), rules.quorum),
        tallies=await recusals.list_tallies(conn, campaign.id),
        waiting_comments=[] if drawn else await sheet_store.list_waiting_comments(conn, campaign.id),
    )
    left_out = [each for each in facts if reasons[each.post_id] is None and is_left_out(each)]
    skipped = {each.post_id for each in left_out}
    rows = _rows([each for each in facts if each.post_id not in skipped], reasons, counted, scores)
    return Sheet(
        rows=[_only_a_ticket(row) for row in rows] if drawn else rows,
        blocked_by=waiting,
        skipped=[{"post_id": str(each.post_id), "reason": "awaiting_review"} for each in left_out],
    )


async def freeze(
    conn: Connection, campaign: PublishedCampaign, rules: Rules, sheet: Sheet, *, reason: str | None = None
) -> tuple[Settlement, Draw | None]:
    """Keeps the sheet. From here on the winners are a function of what is kept, and in a draw of a value yet to come.

    Returns the settlement and its draw; None for a campaign without one.
    """
    frozen_at = await lifecycle.mark_frozen(conn, campaign.id)
    settlement_id = await settlement_store.add_settlement(
        conn,
        campaign.id,
        rules_version=campaign.rules_version,
        frozen_at=frozen_at,
        skipped=sheet.skipped,
        forced=forced_by(sheet.blocked_by, frozen_at=frozen_at, settle_at=campaign.settle_at, reason=reason),
    )
    await sheet_store.add_sheet(conn, settlement_id, sheet.rows)
    settlement = await settlement_store.find_settlement(conn, campaign.id)
    assert settlement is not None
    found = None
    if rules.method == "draw":
        tickets = tickets_of(settlement, sheet.rows)
        await draw_store.add_draw(conn, settlement_id, draw.list_hash(campaign.id, tickets), len(tickets))
        found = await draw_store.find_draw(conn, settlement_id)
        if found is not None and found.beacon is None:
            await lifecycle.mark_blocked(conn, campaign.id, [{"kind": "awaiting_beacon"}])
    return settlement, found


def _rows(
    judged: Sequence[Facts],
    reasons: Mapping[int, str | None],
    counted: Mapping[int, EntryEngagement],
    scores: Mapping[int, Sequence[Decimal]],
) -> list[SheetRow]:
    return [
        SheetRow(
            post_id=facts.post_id,
            account_id=facts.account_id,
            person=facts.person or b"",
            entered_at=facts.entered_at,
            revision=facts.revision or 1,
            quality=quality_of(scores.get(facts.post_id, ())),
            likes_counted=counted[facts.post_id].likes,
            commenters_counted=counted[facts.post_id].commenters,
            eligible=reasons[facts.post_id] is None,
            reason_code=reasons[facts.post_id],
            excluded=_excluded(counted[facts.post_id]),
        )
        for facts in judged
    ]


def _only_a_ticket(row: SheetRow) -> SheetRow:
    """In a draw marks, likes and comments are worth nothing."""
    return msgspec.structs.replace(row, quality=Decimal("0.000000"), likes_counted=0, commenters_counted=0, excluded=[])


def _excluded(counted: EntryEngagement) -> list[dict[str, Any]]:
    by_kind = (("like", counted.likes_excluded), ("comment", counted.commenters_excluded))
    return [
        {"kind": kind, "reason_code": reason, "count": count}
        for kind, excluded in by_kind
        for reason, count in excluded.items()
    ]
