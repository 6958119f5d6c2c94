"""SQL of what editors have to see before they announce: who is left out by others' acts, and facts that ended after the deadline."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from feed.campaigns.entries.ended_facts import FactKind
from feed.campaigns.scoring.engagement import ExclusionReason
from feed.postgres import Connection, many
from feed.prizes.settlement.eligibility import EntryReason

# Reasons of entries that other people's acts have set. The others are the author's own, or follow from the rules.
SET_BY_OTHERS = ("staff", "juror", "banned", "disqualified", "removed", "rejected")
_MAX_ROWS = 2_000
_MAX_ACTS = 200
_CAMPAIGN_ACTS = (
    "entry_disqualified",
    "entry_reinstated",
    "voids_added",
    "void_withdrawn",
    "jurors_proposed",
    "jurors_assigned",
    "juror_declined",
    "fact_set_aside_first",
    "fact_set_aside",
    "undo_settlement",
    "withdraw_result",
)


class Barred(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the frozen sheet that cannot win because of an act of others."""

    entry_id: int
    post_id: int | None
    comment_id: int | None
    account_id: int
    name: str
    reason_code: EntryReason | ExclusionReason
    quality: Decimal
    likes_counted: int
    commenters_counted: int


class EndedFact(msgspec.Struct, frozen=True, kw_only=True):
    """A role or ban of an entry's author that held at the deadline and has ended before the freeze. `counts`: it excludes the entry."""

    entry_id: int
    post_id: int | None
    comment_id: int | None
    account_id: int
    name: str
    reason_code: FactKind
    began_at: datetime
    ended_at: datetime
    counts: bool
    quality: Decimal
    likes_counted: int
    commenters_counted: int


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """An audited act on the campaign, on one of these posts, or on a person behind them; `actor_id` is None for the system."""

    id: int
    at: datetime
    actor_id: int | None
    action: str
    subject_kind: str
    subject_id: int | None
    detail: dict[str, Any]


async def list_places(conn: Connection, settlement_id: int) -> list[Decimal]:
    """The scores of those who hold a place or are reserves."""
    rows = await conn.fetch(
        """
        SELECT score FROM held_places WHERE settlement_id = $1
        UNION ALL
        SELECT score FROM reserves WHERE settlement_id = $1 AND promoted_at IS NULL
        """,
        settlement_id,
    )
    return [Decimal(row["score"]) for row in rows]


async def list_barred(conn: Connection, settlement_id: int) -> list[Barred]:
    """The entries that cannot win because of others' acts, those with most marks and likes first; at most 2,000."""
    rows = await conn.fetch(
        """
        SELECT sheet_rows.entry_id, sheet_rows.post_id, sheet_rows.comment_id, sheet_rows.account_id, accounts.name, sheet_rows.reason_code, sheet_rows.quality,
            sheet_rows.likes_counted, sheet_rows.commenters_counted
        FROM sheet_rows JOIN accounts ON accounts.id = sheet_rows.account_id
        WHERE sheet_rows.settlement_id = $1 AND sheet_rows.reason_code = ANY ($2::text[])
        ORDER BY sheet_rows.quality DESC, sheet_rows.likes_counted + sheet_rows.commenters_counted DESC, sheet_rows.entry_id
        LIMIT $3
        """,
        settlement_id,
        SET_BY_OTHERS,
        _MAX_ROWS,
    )
    return many(rows, Barred)


async def list_ended_facts(conn: Connection, settlement_id: int) -> list[EndedFact]:
    """Roles and bans of authors, with any account of theirs, that held at the deadline and have ended before the freeze."""
    rows = await conn.fetch(
        """
        SELECT sheet_rows.entry_id, sheet_rows.post_id, sheet_rows.comment_id, sheet_rows.account_id, accounts.name, facts.reason AS reason_code, facts.began_at,
            facts.ended_at, facts.counts, sheet_rows.quality, sheet_rows.likes_counted, sheet_rows.commenters_counted
        FROM settlements
        JOIN deadline_facts AS facts ON facts.campaign_id = settlements.campaign_id AND facts.ended_at IS NOT NULL
        JOIN same_person_accounts AS same ON same.account_id = facts.account_id
        JOIN sheet_rows ON sheet_rows.settlement_id = settlements.id AND sheet_rows.account_id = same.same_id
        JOIN accounts ON accounts.id = sheet_rows.account_id
        WHERE settlements.id = $1
        ORDER BY sheet_rows.entry_id, facts.reason, facts.began_at
        LIMIT $2
        """,
        settlement_id,
        _MAX_ROWS,
    )
    return many(rows, EndedFact)


async def list_acts(
    conn: Connection, campaign_id: int, *, entry_ids: Sequence[int], account_ids: Sequence[int]
) -> list[Act]:
    """The acts on the campaign and its topic that change who counts, and all acts on these posts or comments and on these accounts' persons.

    Newest first, at most 200.
    """
    rows = await conn.fetch(
        """
        SELECT id, at, actor_id, action, subject_kind, subject_id, detail
        FROM (
            SELECT * FROM audit WHERE subject_kind = 'campaign' AND subject_id = $1 AND action = ANY ($2::text[])
            UNION ALL
            SELECT * FROM audit
            WHERE subject_kind = 'topic' AND subject_id = (SELECT topic_id FROM campaigns WHERE campaigns.id = $1)
            UNION ALL
            SELECT * FROM audit WHERE subject_kind IN ('post', 'comment') AND subject_id = ANY ($3::bigint[])
            UNION ALL
            SELECT * FROM audit
            WHERE subject_kind = 'account' AND subject_id IN (
                SELECT same_id FROM same_person_accounts WHERE account_id = ANY ($4::bigint[])
            )
        ) AS found
        ORDER BY id DESC
        LIMIT $5
        """,
        campaign_id,
        _CAMPAIGN_ACTS,
        entry_ids,
        account_ids,
        _MAX_ACTS,
    )
    return many(rows, Act)
