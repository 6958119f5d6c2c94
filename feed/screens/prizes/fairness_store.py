"""Whose likes and comments are behind the numbers of a sheet: the same that the settlement has counted, one by one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from feed.postgres import Connection, many
from feed.prizes.fairness.scenarios import EngagementEvent

# So much is asked for at once: each statement is over in a fraction of the time that one has.
_AT_ONCE = 25_000
_AT_A_TIME = 1_000


class _Row(msgspec.Struct, frozen=True):
    post_id: int
    person: bytes
    liked: bool
    at: datetime
    made_at: datetime


async def read_acts(conn: Connection, campaign_id: int, weights: Mapping[int, int]) -> list[Record]:
    """What `acts_of` makes acts from: of these entries, each with how much there is to read of it."""
    found: list[Record] = []
    for post_ids in _portions(weights):
        found += await list_acts(conn, campaign_id, post_ids)
    return found


def acts_of(rows: Sequence[Record]) -> list[EngagementEvent]:
    """The acts, persons numbered in the order of their hashes."""
    # Bit by bit: whoever calls this in a thread lets the others go on in between.
    read = [row for start in range(0, len(rows), _AT_A_TIME) for row in many(rows[start : start + _AT_A_TIME], _Row)]
    numbers = {person: number for number, person in enumerate(sorted({row.person for row in read}), start=1)}
    return [EngagementEvent(row.post_id, numbers[row.person], row.liked, row.at, row.made_at) for row in read]


def _portions(weights: Mapping[int, int]) -> Iterator[list[int]]:
    portion: list[int] = []
    total = 0
    for post_id, weight in weights.items():
        if portion and total + weight > _AT_ONCE:
            yield portion
            portion, total = [], 0
        portion.append(post_id)
        total += weight
    if portion:
        yield portion


async def count_remarks(conn: Connection, post_ids: Sequence[int]) -> dict[int, int]:
    """How many comments each of these posts shows."""
    rows = await conn.fetch(
        "SELECT post_id, comment_count FROM post_stats WHERE post_id = ANY ($1::bigint[])", post_ids
    )
    return {row["post_id"]: row["comment_count"] for row in rows}


async def list_acts(conn: Connection, campaign_id: int, post_ids: Sequence[int]) -> list[Record]:
    """The first like and comment of each person whose engagement with these entries counts; as `count_engagement` counts."""
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
                AND (comments.state = 'published' OR (comments.state = 'deleted' AND comments.deleted_at >= instant))
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
