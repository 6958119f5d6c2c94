"""The likes and comments that a settlement has counted, as single events for the fairness report."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from feed.postgres import Connection, many
from feed.prizes.fairness.scenarios import EngagementEvent

# Likes and comments per statement: each ends well within the statement timeout.
_MAX_BATCH_COST = 25_000
_CHUNK_ROWS = 1_000


class _Row(msgspec.Struct, frozen=True):
    post_id: int
    person: bytes
    liked: bool
    at: datetime
    made_at: datetime


async def read_engagement(conn: Connection, campaign_id: int, costs: Mapping[int, int]) -> list[Record]:
    """The rows of `list_engagement` for the posts in `costs`, whose values are their numbers of likes and comments."""
    rows: list[Record] = []
    for post_ids in batches(costs):
        rows += await list_engagement(conn, campaign_id, post_ids)
    return rows


def to_events(rows: Sequence[Record]) -> list[EngagementEvent]:
    """The events of rows of `list_engagement`; persons become numbers, in the order of their hashes."""
    # In chunks: one long conversion in a thread would hold the interpreter lock and block the event loop.
    read = [row for start in range(0, len(rows), _CHUNK_ROWS) for row in many(rows[start : start + _CHUNK_ROWS], _Row)]
    numbers = {person: number for number, person in enumerate(sorted({row.person for row in read}), start=1)}
    return [EngagementEvent(row.post_id, numbers[row.person], row.liked, row.at, row.made_at) for row in read]


def batches(costs: Mapping[int, int]) -> Iterator[list[int]]:
    """The posts of `costs` in groups whose likes and comments one statement can read."""
    batch: list[int] = []
    total = 0
    for post_id, cost in costs.items():
        if batch and total + cost > _MAX_BATCH_COST:
            yield batch
            batch, total = [], 0
        batch.append(post_id)
        total += cost
    if batch:
        yield batch


async def count_comments(conn: Connection, post_ids: Sequence[int]) -> dict[int, int]:
    """The shown comments of each post by post id."""
    rows = await conn.fetch(
        "SELECT post_id, comment_count FROM post_stats WHERE post_id = ANY ($1::bigint[])", post_ids
    )
    return {row["post_id"]: row["comment_count"] for row in rows}


async def list_first_winners(conn: Connection, settlement_id: int) -> list[Record]:
    """Rank and entry of the winners of a draw before any amendment, by place."""
    return await conn.fetch(
        """
        SELECT rank, post_id::text, comment_id::text
        FROM winners
        WHERE settlement_id = $1
            AND NOT EXISTS (SELECT FROM amendments WHERE amendments.successor_id = winners.id)
        ORDER BY place
        """,
        settlement_id,
    )


async def list_tickets(conn: Connection, settlement_id: int, *, most: int) -> list[Record]:
    """`entered_at` and the account's `created_at` of the persons with a ticket in a frozen draw, by their first entry.

    The sheet of a draw by like does not say when an account has liked: the likes themselves do.
    """
    return await conn.fetch(
        """
        SELECT DISTINCT ON (sheet_rows.person) greatest(liked.at, sheet_rows.entered_at) AS entered_at, accounts.created_at
        FROM settlements
        JOIN campaigns ON campaigns.id = settlements.campaign_id
        JOIN sheet_rows ON sheet_rows.settlement_id = settlements.id AND sheet_rows.eligible
        JOIN accounts ON accounts.id = sheet_rows.account_id
        LEFT JOIN LATERAL (
            SELECT min(acts.liked_at) AS at
            FROM (
                SELECT liked_at FROM likes WHERE post_id = campaigns.entry_post_id AND account_id = sheet_rows.account_id
                UNION ALL
                SELECT liked_at
                FROM past_likes
                WHERE post_id = campaigns.entry_post_id AND account_id = sheet_rows.account_id
                    AND unliked_at >= campaigns.ends_at
            ) AS acts
            WHERE acts.liked_at < campaigns.ends_at
        ) AS liked ON campaigns.entry_by = 'like'
        WHERE settlements.id = $1
        ORDER BY sheet_rows.person, sheet_rows.entered_at, sheet_rows.entry_id
        LIMIT $2
        """,
        settlement_id,
        most,
    )


async def list_entrants(conn: Connection, campaign_id: int, *, most: int) -> list[Record]:
    """`entered_at` and the account's `created_at` of the persons who would have a ticket in a draw now, by their first entry."""
    return await conn.fetch(
        """
        SELECT DISTINCT ON (account.person) entries.entered_at, account.created_at
        FROM entries
        JOIN visible_posts ON visible_posts.id = entries.post_id
        JOIN judged_revisions AS judged ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        JOIN campaign_accounts AS account
            ON account.campaign_id = entries.campaign_id AND account.account_id = entries.author_id
        WHERE entries.campaign_id = $1 AND entries.disqualified_at IS NULL
            AND judged.bears_topic AND judged.media_suffice
            AND NOT account.not_verified AND NOT account.too_new
            AND account.person NOT IN (
                SELECT person FROM campaign_flagged_persons WHERE campaign_id = $1 AND liked IS NULL
            )
        ORDER BY account.person, entries.entered_at, entries.post_id
        LIMIT $2
        """,
        campaign_id,
        most,
    )


async def list_commenters_or_likers(conn: Connection, campaign_id: int, *, most: int) -> list[Record]:
    """The rows that the sheet of a draw by comment or like would have now, as `one_per_person` chooses them.

    Each has `entered_at`, the account's `created_at`, `has_ticket`, and in `entries` the number of all rows.
    """
    return await conn.fetch(
        """
        SELECT counted.entered_at, accounts.created_at, counted.has_ticket, count(*) OVER () AS entries
        FROM (
            SELECT DISTINCT ON (coalesce(person, int8send(account_id)))
                account_id, entered_at, reason IS NULL AND NOT waits AS has_ticket
            FROM draw_entries
            WHERE campaign_id = $1
            ORDER BY coalesce(person, int8send(account_id)), reason IS NOT NULL, waits, entered_at,
                coalesce(comment_id, account_id)
        ) AS counted
        JOIN accounts ON accounts.id = counted.account_id
        LIMIT $2
        """,
        campaign_id,
        most,
    )


async def list_engagement(conn: Connection, campaign_id: int, post_ids: Sequence[int]) -> list[Record]:
    """The first like and the first comment of each person that count for these entries, by the rules of `count_engagement`."""
    return await conn.fetch(
        """
        WITH terms AS MATERIALIZED (
            SELECT instant FROM campaign_terms WHERE campaign_id = $1
        ), flagged AS MATERIALIZED (
            SELECT person, liked FROM campaign_flagged_persons WHERE campaign_id = $1
        ), acted (post_id, account_id, liked, at) AS (
            SELECT likes.post_id, likes.account_id, true, likes.liked_at
            FROM terms CROSS JOIN likes
            WHERE likes.post_id = ANY ($2::bigint[]) AND likes.liked_at < instant AND likes.liked_at > '-infinity'
            UNION ALL
            SELECT past_likes.post_id, past_likes.account_id, true, past_likes.liked_at
            FROM terms CROSS JOIN past_likes
            WHERE past_likes.post_id = ANY ($2::bigint[]) AND past_likes.liked_at < instant AND past_likes.unliked_at >= instant
            UNION ALL
            SELECT comments.post_id, comments.author_id, false, comments.created_at
            FROM terms CROSS JOIN comments
            WHERE comments.post_id = ANY ($2::bigint[]) AND comments.created_at < instant
                AND (
                    shown_state(comments.state, comments.holds) = 'published'
                    OR (comments.state = 'deleted' AND comments.deleted_at >= instant)
                )
        ), counted AS (
            SELECT acted.post_id, account.person, acted.liked, min(acted.at) AS at, min(account.created_at) AS made_at
            FROM acted
            JOIN entries ON entries.campaign_id = $1 AND entries.post_id = acted.post_id
            JOIN accounts AS author ON author.id = entries.author_id
            JOIN campaign_accounts AS account ON account.campaign_id = $1 AND account.account_id = acted.account_id
            WHERE account.account_id <> entries.author_id AND account.person IS DISTINCT FROM author.person
                AND NOT account.not_verified AND NOT account.too_new
                AND account.person NOT IN (SELECT person FROM flagged WHERE liked IS NULL)
                AND (account.person, acted.liked) NOT IN (SELECT person, liked FROM flagged WHERE liked IS NOT NULL)
                AND (acted.post_id, acted.liked) NOT IN (
                    SELECT post_id, liked FROM active_voids WHERE campaign_id = $1 AND post_id IS NOT NULL
                )
            GROUP BY acted.post_id, account.person, acted.liked
        )
        SELECT post_id, person, liked, at, made_at
        FROM counted
        ORDER BY post_id, person, liked
        """,
        campaign_id,
        list(post_ids),
    )
