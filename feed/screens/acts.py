"""Whose likes and comments are behind the numbers of a sheet: the same that the settlement has counted, one by one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from feed.postgres import Connection, many
from feed.prizes.scrutiny import Act

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


def acts_of(rows: Sequence[Record]) -> list[Act]:
    """The acts, persons numbered in the order of their hashes."""
    # Bit by bit: whoever calls this in a thread lets the others go on in between.
    read = [row for start in range(0, len(rows), _AT_A_TIME) for row in many(rows[start : start + _AT_A_TIME], _Row)]
    numbers = {person: number for number, person in enumerate(sorted({row.person for row in read}), start=1)}
    return [Act(row.post_id, numbers[row.person], row.liked, row.at, row.made_at) for row in read]


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
    """The likes and comments of these entries that count, one of each person; as `count_engagement` counts them."""
    return await conn.fetch(
        """
        WITH campaign AS MATERIALIZED (
            SELECT campaigns.id, campaigns.ends_at,
                campaigns.ends_at - make_interval(
                    days => coalesce((rules -> 'eligibility' ->> 'min_account_age_days')::integer, 0)
                ) AS made_until
            FROM campaigns
            JOIN campaign_rules ON campaign_rules.campaign_id = campaigns.id
                AND campaign_rules.version = campaigns.rules_version
            WHERE campaigns.id = $1
        ), unfit (account_id, liked) AS (
            SELECT account_id, NULL::boolean
            FROM staff_rights, campaign
            WHERE granted_at <= ends_at AND coalesce(revoked_at, 'infinity') > ends_at
            UNION ALL
            SELECT account_id, NULL FROM jurors WHERE campaign_id = $1
            UNION ALL
            SELECT account_id, NULL
            FROM sanctions, campaign
            WHERE kind = 'ban' AND starts_at <= ends_at AND coalesce(least(lifted_at, until), 'infinity') > ends_at
            UNION ALL
            SELECT account_id, kind = 'like'
            FROM voids CROSS JOIN unnest(kinds) AS kind
            WHERE campaign_id = $1 AND withdrawn_at IS NULL AND account_id IS NOT NULL
        ), unfit_persons AS MATERIALIZED (
            SELECT DISTINCT accounts.person, unfit.liked
            FROM unfit JOIN accounts ON accounts.id = unfit.account_id
            WHERE accounts.person IS NOT NULL
        ), void_posts AS MATERIALIZED (
            SELECT post_id, kind = 'like' AS liked
            FROM voids CROSS JOIN unnest(kinds) AS kind
            WHERE campaign_id = $1 AND withdrawn_at IS NULL AND post_id IS NOT NULL
        ), acted (post_id, account_id, liked, at) AS (
            SELECT likes.post_id, likes.account_id, true, likes.liked_at
            FROM campaign CROSS JOIN likes
            WHERE likes.post_id = ANY ($2::bigint[]) AND likes.liked_at < ends_at AND likes.liked_at > '-infinity'
            UNION ALL
            SELECT past_likes.post_id, past_likes.account_id, true, past_likes.liked_at
            FROM campaign CROSS JOIN past_likes
            WHERE past_likes.post_id = ANY ($2::bigint[]) AND past_likes.liked_at < ends_at
                AND past_likes.unliked_at >= ends_at
            UNION ALL
            SELECT comments.post_id, comments.author_id, false, comments.created_at
            FROM campaign CROSS JOIN comments
            WHERE comments.post_id = ANY ($2::bigint[]) AND comments.created_at < ends_at
                AND (comments.state = 'published' OR (comments.state = 'deleted' AND comments.deleted_at >= ends_at))
        ), counted AS (
            SELECT acted.post_id, accounts.person, acted.liked, min(acted.at) AS at, min(accounts.created_at) AS made_at
            FROM acted
            CROSS JOIN campaign
            JOIN entries ON entries.campaign_id = campaign.id AND entries.post_id = acted.post_id
            JOIN accounts AS author ON author.id = entries.author_id
            JOIN accounts ON accounts.id = acted.account_id
            WHERE accounts.id <> entries.author_id AND accounts.person IS DISTINCT FROM author.person
                AND accounts.person IS NOT NULL AND accounts.phone_verified_at < campaign.ends_at
                AND accounts.created_at <= campaign.made_until
                AND accounts.person NOT IN (SELECT person FROM unfit_persons WHERE liked IS NULL)
                AND (accounts.person, acted.liked) NOT IN (SELECT person, liked FROM unfit_persons WHERE liked IS NOT NULL)
                AND (acted.post_id, acted.liked) NOT IN (SELECT post_id, liked FROM void_posts)
            GROUP BY acted.post_id, accounts.person, acted.liked
        )
        SELECT post_id, person, liked, at, made_at
        FROM counted
        ORDER BY post_id, person, liked
        """,
        campaign_id,
        list(post_ids),
    )
