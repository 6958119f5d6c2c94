"""Building and freezing a sheet, inside a transaction that holds the lock of the campaign's row."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from feed.accounts import approval_store
from feed.accounts.approvals import ACTS_BEFORE_THE_RESULT
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.entries import shortlist
from feed.campaigns.entries import store as entries
from feed.campaigns.entries import void_store as voids
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury import store as jury
from feed.campaigns.jury.mark_store import Mark
from feed.campaigns.jury.quorum import Quorum
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import Criterion, Rules
from feed.campaigns.scoring.engagement import EntryEngagement, count_engagement, quality_of
from feed.postgres import Connection
from feed.prizes import settlement_store
from feed.prizes.draw import algorithm
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.model import Draw
from feed.prizes.model import FrozenMark, Settlement, SheetRow
from feed.prizes.result.decision import tickets_of
from feed.prizes.result.document import six_decimals
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement.draw_sheet import build_draw_sheet
from feed.prizes.settlement.eligibility import (
    EligibilityTerms,
    EntryFacts,
    find_blocks,
    forced_by,
    reason_of,
    skip_reason,
)
from feed.prizes.settlement.sheet import Sheet


async def build_sheet(conn: Connection, campaign: PublishedCampaign, rules: Rules) -> Sheet:
    """The sheet with the present verdicts. Engagement counts as of the end of the campaign, whenever this is called."""
    await sheet_store.raise_transaction_limits(conn)
    if rules.entry_by != "post":
        return await build_draw_sheet(conn, campaign, rules)
    await shortlist.fill_at_close(conn, campaign.id)
    await entries.add_missed_entries(conn, campaign.id)
    facts = await sheet_store.list_facts(conn, campaign.id)
    counted = {each.post_id: each for each in await count_engagement(conn, campaign.id)}
    marked: dict[int, list[Mark]] = {}
    for mark in await marks.list_marks(conn, campaign.id):
        marked.setdefault(mark.post_id, []).append(mark)
    is_draw = rules.method == "draw"
    terms = EligibilityTerms(
        require_media=rules.eligibility.require_media, counts_quality=rules.weights.quality > 0 and not is_draw
    )
    reasons = {each.post_id: reason_of(each, terms, counted[each.post_id].author_reason) for each in facts}
    blocks = find_blocks(
        [each for each in facts if reasons[each.post_id] is None],
        terms,
        quorum=Quorum(len(await jury.list_jurors(conn, campaign.id)), rules.quorum),
        tallies=await recusals.list_tallies(conn, campaign.id),
        waiting_comments=[] if is_draw else await sheet_store.list_waiting_comments(conn, campaign.id),
    )
    skipped = {
        each.post_id: why for each in facts if reasons[each.post_id] is None and (why := skip_reason(each)) is not None
    }
    judged = [each for each in facts if each.post_id not in skipped]
    rows = _rows(judged, reasons, counted, marked, rules.criteria)
    return Sheet(
        rows=[_without_counts(row) for row in rows] if is_draw else rows,
        blocked_by=blocks,
        skipped=[{"post_id": str(post_id), "reason": why} for post_id, why in skipped.items()],
    )


async def freeze(
    conn: Connection, campaign: PublishedCampaign, rules: Rules, sheet: Sheet, *, reason: str | None = None
) -> tuple[Settlement, Draw | None]:
    """Stores the sheet, which determines the winners from now on, in a draw together with a value that is not known yet.

    Returns the settlement and its draw, None for a ranked campaign.
    """
    frozen_at = await lifecycle.mark_frozen(conn, campaign.id)
    # Given without knowing who wins: who undoes the settlement afterwards would be the second person at once.
    for act in ACTS_BEFORE_THE_RESULT:
        await approval_store.remove_approvals(conn, act, campaign.id)
    settlement_id = await settlement_store.add_settlement(
        conn,
        campaign.id,
        rules_version=campaign.rules_version,
        frozen_at=frozen_at,
        skipped=sheet.skipped,
        voids=await voids.count_active(conn, campaign.id),
        forced=forced_by(sheet.blocked_by, frozen_at=frozen_at, settle_at=campaign.settle_at, reason=reason),
    )
    await sheet_store.add_sheet(conn, settlement_id, sheet.rows)
    settlement = await settlement_store.find_settlement(conn, campaign.id)
    assert settlement is not None
    draw = None
    if rules.method == "draw":
        tickets = tickets_of(settlement, sheet.rows)
        await draw_store.add_draw(conn, settlement_id, algorithm.list_hash(campaign.id, tickets), len(tickets))
        draw = await draw_store.find_draw(conn, settlement_id)
        if draw is not None and draw.beacon is None:
            await lifecycle.mark_blocked(conn, campaign.id, [{"kind": "awaiting_beacon"}])
    return settlement, draw


def _rows(
    judged: Sequence[EntryFacts],
    reasons: Mapping[int, str | None],
    counted: Mapping[int, EntryEngagement],
    marked: Mapping[int, Sequence[Mark]],
    criteria: Sequence[Criterion],
) -> list[SheetRow]:
    return [
        SheetRow(
            post_id=facts.post_id,
            account_id=facts.account_id,
            person=facts.person or b"",
            entered_at=facts.entered_at,
            revision=facts.revision or 1,
            quality=quality_of([mark.score for mark in marked.get(facts.post_id, ())]),
            likes_counted=counted[facts.post_id].likes,
            commenters_counted=counted[facts.post_id].commenters,
            eligible=reasons[facts.post_id] is None,
            reason_code=reasons[facts.post_id],
            excluded=_excluded(counted[facts.post_id]),
            marks=[_frozen_mark(mark, criteria) for mark in marked.get(facts.post_id, ())],
        )
        for facts in judged
    ]


def _frozen_mark(mark: Mark, criteria: Sequence[Criterion]) -> FrozenMark:
    by_name = mark.scores or {}
    names = [each.name for each in criteria]
    scores = [six_decimals(Decimal(by_name[name])) for name in names] if by_name.keys() == set(names) else None
    return FrozenMark(mark.juror_id, six_decimals(mark.score), scores or None)


def _without_counts(row: SheetRow) -> SheetRow:
    """In a draw marks, likes and comments do not count."""
    return msgspec.structs.replace(
        row, quality=Decimal("0.000000"), likes_counted=0, commenters_counted=0, excluded=[], marks=[]
    )


def _excluded(counted: EntryEngagement) -> list[dict[str, Any]]:
    by_kind = (("like", counted.likes_excluded), ("comment", counted.commenters_excluded))
    return [
        {"kind": kind, "reason_code": reason, "count": count}
        for kind, excluded in by_kind
        for reason, count in excluded.items()
    ]
