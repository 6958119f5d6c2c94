"""The settlement of a campaign for editors: state, winners, reserves and sheet."""

from datetime import datetime
from typing import Any

import msgspec
from asyncpg import Record
from msgspec import UNSET

from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.entries.ended_facts import FactKind
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.model import StoredState
from feed.campaigns.scoring.engagement import ExclusionReason
from feed.postgres import Connection
from feed.prizes.announcement import review_store
from feed.prizes.announcement.review import read_review
from feed.prizes.announcement.review_store import Barred, EndedFact
from feed.prizes.model import Forced, SheetNotFound
from feed.prizes.result.document import Result, Row, label_of, six_decimals
from feed.prizes.settlement.eligibility import EntryReason
from feed.reasons import ReplacementReason
from feed.screens.prizes.cards import shown_score

Id = str


class SelectedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A winner or a reserve; `place` of a reserve is its position among the reserves.

    `replacement_asked_by`: the first of the two editors that a replacement of this winner takes; `replacement_reason_code`: the
    reason that the winner is to read.
    """

    place: int
    rank: int
    user: dict[str, str]
    post_id: Id | None
    comment_id: Id | None
    score: str | None
    replacement_asked_by: Id | None = None
    replacement_reason_code: ReplacementReason | None = None


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that would be among winners and reserves but for an act of others: a role, a seat, a ban, a removal, an exclusion."""

    post_id: Id | None
    comment_id: Id | None
    user: dict[str, str]
    reason_code: EntryReason | ExclusionReason
    score: str | None


class EndedFactCard(msgspec.Struct, frozen=True, kw_only=True):
    """A leader's role (`staff`) or ban that held at the deadline and has ended before the freeze. `counts`: it excludes the entry.

    One that lasted less than a day in all does not count.
    """

    post_id: Id | None
    comment_id: Id | None
    user: dict[str, str]
    reason_code: FactKind
    began_at: datetime
    ended_at: datetime
    counts: bool


class ActCard(msgspec.Struct, frozen=True, kw_only=True):
    """An audited act on the campaign, its topic, or an entry or author named in the review; `by` is null for the system."""

    id: Id
    at: datetime
    by: Id | None
    action: str
    subject: dict[str, str]
    detail: dict[str, Any]


class ReviewCard(msgspec.Struct, frozen=True, kw_only=True):
    """What has put leaders out, and by whose acts, newest first. With `ended_facts` announcing needs a reason."""

    left_out: list[LeftOut]
    ended_facts: list[EndedFactCard]
    acts: list[ActCard]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The settlement of a campaign: what it waits for, or its winners and reserves."""

    campaign_id: Id
    state: StoredState
    blocked_by: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    # The conditions that were overridden, and why.
    forced: Forced | None
    frozen_at: datetime | None
    settled_at: datetime | None
    result_sha256: str | None
    winners: list[SelectedPerson]
    reserves: list[SelectedPerson]
    announced_first_by: Id | None
    announced_at: datetime | None
    objections_end_at: datetime | None
    # Without an answer, or upheld without the remedy carried out.
    objections_open: int
    # Those without an answer by kind: one answer may be for all of a kind.
    objections_unanswered: dict[str, int]
    # From the decision to the end of the objection period.
    review: ReviewCard | None


class SheetLine(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen entry. Score and rank are null before the settlement; an entry that cannot win has a reason and no rank."""

    post_id: Id | None
    comment_id: Id | None
    user: dict[str, str]
    entered_at: datetime
    revision: int
    quality: str
    likes_counted: int
    commenters_counted: int
    eligible: bool
    reason_code: EntryReason | ExclusionReason | None
    excluded: list[dict[str, Any]]
    score: str | None
    rank: int | None


class SheetCard(msgspec.Struct, frozen=True, kw_only=True):
    """The sheet of the settlement in force, best entry first."""

    campaign_id: Id
    rules_version: int
    frozen_at: datetime
    settled_at: datetime | None
    skipped: list[dict[str, Any]]
    items: list[SheetLine]


async def get_decision(conn: Connection, campaign_id: int) -> Decision:
    """The settlement in force, with names, for editors only. Raises CampaignNotFound."""
    row = await conn.fetchrow(
        """
        SELECT campaigns.state, blocked_by, campaigns.frozen_at, campaigns.settled_at,
            CASE WHEN campaigns.announced_by IS NOT NULL THEN campaigns.announced_first_by ELSE (
                SELECT account_id FROM approvals_in_force
                WHERE act = 'announce' AND subject_id = campaigns.id
                ORDER BY given_at, account_id
                LIMIT 1
            ) END AS announced_first_by,
            campaigns.announced_at, campaigns.objections_end_at, settlements.id AS settlement_id,
            settlements.rules_version AS settlement_rules_version, settlements.result_sha256, coalesce(settlements.skipped, '[]') AS skipped, settlements.forced,
            (
                SELECT count(*) FROM open_objections WHERE open_objections.settlement_id = settlements.id
            ) AS objections_open,
            (
                SELECT coalesce(jsonb_object_agg(kind, number), '{}')
                FROM (
                    SELECT kind, count(*) AS number
                    FROM objections
                    WHERE objections.settlement_id = settlements.id AND answered_at IS NULL
                    GROUP BY kind
                ) AS unanswered
            ) AS objections_unanswered
        FROM campaigns
        LEFT JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        WHERE campaigns.id = $1
        """,
        campaign_id,
    )
    if row is None:
        raise CampaignNotFound
    first_by = row["announced_first_by"]
    return Decision(
        campaign_id=str(campaign_id),
        state=row["state"],
        blocked_by=row["blocked_by"],
        skipped=row["skipped"],
        forced=None if row["forced"] is None else msgspec.convert(row["forced"], Forced),
        frozen_at=row["frozen_at"],
        settled_at=row["settled_at"],
        result_sha256=row["result_sha256"],
        winners=await _list_winners(conn, row["settlement_id"]),
        reserves=await _list_reserves(conn, row["settlement_id"]),
        announced_first_by=None if first_by is None else str(first_by),
        announced_at=row["announced_at"],
        objections_end_at=row["objections_end_at"],
        objections_open=row["objections_open"],
        objections_unanswered=row["objections_unanswered"],
        review=await _read_review(conn, campaign_id, row),
    )


async def _read_review(conn: Connection, campaign_id: int, row: Record) -> ReviewCard | None:
    if row["state"] not in ("decided", "announced") or row["settlement_id"] is None:
        return None
    rules = await lifecycle.get_rules(conn, campaign_id, row["settlement_rules_version"])
    found = await read_review(conn, row["settlement_id"], rules)
    named: list[Barred | EndedFact] = [*(each for each, _ in found.left_out), *found.ended_facts]
    acts = await review_store.list_acts(
        conn,
        campaign_id,
        entry_ids=[each.entry_id for each in named],
        account_ids=[each.account_id for each in named],
    )
    return ReviewCard(
        left_out=[
            LeftOut(
                post_id=_id(each.post_id),
                comment_id=_id(each.comment_id),
                user={"id": str(each.account_id), "name": each.name},
                reason_code=each.reason_code,
                score=shown_score(six_decimals(score), is_drawn=rules.method == "draw"),
            )
            for each, score in found.left_out
        ],
        ended_facts=[
            EndedFactCard(
                post_id=_id(each.post_id),
                comment_id=_id(each.comment_id),
                user={"id": str(each.account_id), "name": each.name},
                reason_code=each.reason_code,
                began_at=each.began_at,
                ended_at=each.ended_at,
                counts=each.counts,
            )
            for each in found.ended_facts
        ],
        acts=[
            ActCard(
                id=str(each.id),
                at=each.at,
                by=None if each.actor_id is None else str(each.actor_id),
                action=each.action,
                subject={"kind": each.subject_kind, "id": str(each.subject_id or "")},
                detail=each.detail,
            )
            for each in acts
        ],
    )


async def _list_winners(conn: Connection, settlement_id: int | None) -> list[SelectedPerson]:
    rows = await conn.fetch(
        """
        SELECT held_places.place, held_places.rank, held_places.account_id, accounts.name, held_places.post_id, held_places.comment_id,
            held_places.score, replacements.asked_by, replacements.reason_code,
            EXISTS (SELECT FROM draws WHERE draws.settlement_id = held_places.settlement_id) AS is_drawn
        FROM held_places
        JOIN accounts ON accounts.id = held_places.account_id
        LEFT JOIN replacements ON replacements.winner_id = held_places.id AND EXISTS (
            SELECT FROM approvals_in_force AS approvals
            WHERE approvals.act = 'replace' AND approvals.subject_id = held_places.id
                AND approvals.account_id = replacements.asked_by
        )
        WHERE held_places.settlement_id = $1
        ORDER BY held_places.place
        """,
        settlement_id,
    )
    return [_selected(row) for row in rows]


async def _list_reserves(conn: Connection, settlement_id: int | None) -> list[SelectedPerson]:
    rows = await conn.fetch(
        """
        SELECT reserves.position AS place, reserves.rank, reserves.account_id, accounts.name, reserves.post_id, reserves.comment_id, reserves.score,
            EXISTS (SELECT FROM draws WHERE draws.settlement_id = reserves.settlement_id) AS is_drawn,
            NULL::bigint AS asked_by, NULL AS reason_code
        FROM reserves JOIN accounts ON accounts.id = reserves.account_id
        WHERE reserves.settlement_id = $1 AND reserves.promoted_at IS NULL
        ORDER BY reserves.position
        """,
        settlement_id,
    )
    return [_selected(row) for row in rows]


def _selected(row: Record) -> SelectedPerson:
    return SelectedPerson(
        place=row["place"],
        rank=row["rank"],
        user={"id": str(row["account_id"]), "name": row["name"]},
        post_id=_id(row["post_id"]),
        comment_id=_id(row["comment_id"]),
        score=shown_score(row["score"], is_drawn=row["is_drawn"]),
        replacement_asked_by=None if row["asked_by"] is None else str(row["asked_by"]),
        replacement_reason_code=row["reason_code"],
    )


async def get_sheet(conn: Connection, campaign_id: int) -> SheetCard:
    """The frozen sheet with names, for editors only. Raises SheetNotFound while nothing is frozen."""
    settlement = await conn.fetchrow(
        """
        SELECT id, rules_version, frozen_at, settled_at, skipped, result
        FROM settlements
        WHERE campaign_id = $1 AND undone_at IS NULL
        """,
        campaign_id,
    )
    if settlement is None:
        raise SheetNotFound
    rows = await conn.fetch(
        """
        SELECT entry_id, sheet_rows.post_id, sheet_rows.comment_id, sheet_rows.account_id, accounts.name, entered_at, revision, quality, likes_counted,
            commenters_counted, eligible, reason_code, excluded, rank
        FROM sheet_rows JOIN accounts ON accounts.id = sheet_rows.account_id
        WHERE settlement_id = $1
        ORDER BY entry_id
        """,
        settlement["id"],
    )
    result = settlement["result"]
    ranked = {label_of(line): line for line in msgspec.json.decode(result, type=Result).sheet} if result else {}
    lines = [_sheet_line(row, ranked.get(str(row["entry_id"]))) for row in rows]
    return SheetCard(
        campaign_id=str(campaign_id),
        rules_version=settlement["rules_version"],
        frozen_at=settlement["frozen_at"],
        settled_at=settlement["settled_at"],
        skipped=settlement["skipped"],
        # Entries without a rank come last.
        items=sorted(lines, key=lambda line: (line.rank is None, line.rank or 0)),
    )


def _sheet_line(row: Record, ranked: Row | None) -> SheetLine:
    return SheetLine(
        post_id=_id(row["post_id"]),
        comment_id=_id(row["comment_id"]),
        user={"id": str(row["account_id"]), "name": row["name"]},
        entered_at=row["entered_at"],
        revision=row["revision"],
        quality=f"{row['quality']:f}",
        likes_counted=row["likes_counted"],
        commenters_counted=row["commenters_counted"],
        eligible=row["eligible"],
        reason_code=row["reason_code"],
        excluded=row["excluded"],
        score=None if ranked is None or ranked.score is UNSET else ranked.score,
        # Of a draw, the rank of the person's ticket is stored with the row.
        rank=row["rank"] if ranked is None else ranked.rank,
    )


def _id(number: int | None) -> Id | None:
    return None if number is None else str(number)
