"""SQL of the queue and of the archive: which cases a filter selects, in their order.

One statement serves all filters. Each of its branches begins with another index, and only that of the filter's source is executed: the
others are switched off by their first condition, also in a plan that is made for any parameters. Branches of many cases read a window of
them in order, which is moved and enlarged until it contains enough that the filter selects.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

from asyncpg import Record

from feed.cases.model import CaseFilter, CaseId, Source
from feed.pagination import Position
from feed.postgres import Connection

# The cases of a campaign with at most so many entries are found from these, of a larger one from the queue.
_FEW_ENTRIES = 2_000
# The windows: most filters select many of the first cases.
_WINDOWS = (200, 2_000, 20_000)
_WINDOWED: tuple[Source, ...] = ("all", "kind", "stage")


class Queued(NamedTuple):
    """A case at its position in the queue, or in the archive."""

    id: CaseId
    position: Position


async def list_open(
    conn: Connection, case_filter: CaseFilter, after: Position, limit: int, *, free: bool = False
) -> list[Queued]:
    """The open cases that the filter selects, the earliest due first; `free`: without a lease that is in force."""

    async def read(*parameters: Any) -> Sequence[Record]:
        return await _read_open(conn, *parameters, free)

    return await _search(conn, case_filter, after, limit, read)


async def list_closed(conn: Connection, case_filter: CaseFilter, after: Position, limit: int) -> list[Queued]:
    """The closed cases that the filter selects, the newest first."""

    async def read(*parameters: Any) -> Sequence[Record]:
        return await _read_closed(conn, *parameters)

    return await _search(conn, case_filter, after, limit, read)


async def _search(
    conn: Connection,
    case_filter: CaseFilter,
    after: Position,
    limit: int,
    read: Callable[..., Awaitable[Sequence[Record]]],
) -> list[Queued]:
    if case_filter.nothing:
        return []
    source = await _source(conn, case_filter)
    found: list[Queued] = []
    for window in chain(_WINDOWS, repeat(_WINDOWS[-1])):
        rows = await read(
            source,
            after.at,
            after.id,
            limit - len(found),
            window,
            case_filter.kind,
            case_filter.stage,
            case_filter.campaign_id,
            case_filter.topic_ids,
            case_filter.has_media,
            case_filter.author_id,
            case_filter.subject_id,
        )
        found += [Queued(row["id"], Position(row["at"], row["id"])) for row in rows if row["is_chosen"]]
        furthest = next((Position(row["at"], row["id"]) for row in rows if not row["is_chosen"]), None)
        if furthest is None or len(found) == limit or source not in _WINDOWED:
            break
        after = furthest
    return found


async def _source(conn: Connection, case_filter: CaseFilter) -> Source:
    source = case_filter.source
    if case_filter.campaign_id is None or source not in _WINDOWED:
        return source
    entries = await _count_entries(conn, case_filter.campaign_id, most=_FEW_ENTRIES + 1)
    return "campaign" if entries <= _FEW_ENTRIES else source


async def _count_entries(conn: Connection, campaign_id: int, *, most: int) -> int:
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM (SELECT FROM entries WHERE campaign_id = $1 LIMIT $2) AS counted", campaign_id, most
        )
    )


async def _read_open(conn: Connection, *parameters: Any) -> Sequence[Record]:
    """The cases of a window that the filter selects, then the last case of the window if it is full."""
    return await conn.fetch(
        """
        WITH found AS MATERIALIZED (
            (
                SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
                FROM cases
                WHERE $1 = 'all' AND state = 'open' AND (due_at, id) > ($2, $3)
                ORDER BY due_at, id LIMIT $5
            )
            UNION ALL
            (
                SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
                FROM cases
                WHERE $1 = 'kind' AND state = 'open' AND kind = $6 AND (due_at, id) > ($2, $3)
                ORDER BY due_at, id LIMIT $5
            )
            UNION ALL
            (
                SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
                FROM cases
                WHERE $1 = 'stage' AND state = 'open' AND stage = $7 AND stage > 1 AND (due_at, id) > ($2, $3)
                ORDER BY due_at, id LIMIT $5
            )
            UNION ALL
            SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
            FROM cases
            WHERE $1 = 'author' AND state = 'open' AND author_id = $11 AND (due_at, id) > ($2, $3)
            UNION ALL
            SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
            FROM cases
            WHERE $1 = 'subject' AND state = 'open' AND comment_id = $12 AND (due_at, id) > ($2, $3)
            UNION ALL
            SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
            FROM cases
            WHERE $1 = 'subject' AND state = 'open' AND comment_id IS NULL AND post_id = $12 AND (due_at, id) > ($2, $3)
            UNION ALL
            SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
            FROM cases
            WHERE $1 = 'subject' AND state = 'open' AND comment_id IS NULL AND post_id IS NULL AND account_id = $12 AND (due_at, id) > ($2, $3)
            UNION ALL
            SELECT id, due_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision, leased_by,
                    leased_until
            FROM cases
            WHERE $1 = 'subject' AND state = 'open' AND kind = 'report' AND coalesce(comment_id, post_id, account_id, topic_id) = $12 AND topic_id = $12 AND (due_at, id) > ($2, $3)
            UNION ALL
            SELECT cases.id, due_at, kind, stage, cases.post_id, comment_id, account_id, topic_id, cases.author_id, revision, leased_by,
                    leased_until
            FROM entries JOIN cases ON cases.post_id = entries.post_id
            WHERE $1 = 'campaign' AND entries.campaign_id = $8 AND state = 'open' AND (due_at, cases.id) > ($2, $3)
        ), holders AS MATERIALIZED (
            -- Each reviewer is looked up once, not for each of the leases.
            SELECT leased_by FROM found
            WHERE $13::boolean AND leased_by IS NOT NULL
            GROUP BY leased_by
            HAVING lease_holder(leased_by, max(leased_until)) IS NOT NULL
        ), chosen AS (
            SELECT id, due_at FROM found
            WHERE ($6::text IS NULL OR kind = $6)
              AND ($7::smallint IS NULL OR stage = $7)
              AND ($8::bigint IS NULL OR $1 = 'campaign' OR EXISTS (
                  SELECT FROM entries WHERE entries.post_id = found.post_id AND entries.campaign_id = $8
              ))
              AND ($9::bigint[] IS NULL OR EXISTS (
                  SELECT FROM posts
                  JOIN post_revisions AS revisions
                    ON revisions.post_id = posts.id AND revisions.revision = coalesce(found.revision, posts.revision)
                WHERE posts.id = found.post_id AND revisions.topic_ids && $9
              ))
              AND ($10::boolean IS NULL OR $10 = (comment_id IS NULL AND EXISTS (
                  SELECT FROM post_revisions AS revisions
                WHERE revisions.post_id = found.post_id AND revisions.revision = found.revision AND cardinality(revisions.media_ids) > 0
              )))
              AND ($11::bigint IS NULL OR author_id = $11)
              AND ($12::bigint IS NULL OR coalesce(comment_id, post_id, account_id, topic_id) = $12)
              AND (NOT $13::boolean OR leased_by IS NULL OR leased_until <= clock_timestamp()
                   OR leased_by NOT IN (SELECT holders.leased_by FROM holders))
            ORDER BY due_at, id LIMIT $4
        ), furthest AS (
            SELECT id, due_at FROM found ORDER BY due_at, id OFFSET $5 - 1 LIMIT 1
        )
        SELECT true AS is_chosen, id, due_at AS at FROM chosen
        UNION ALL
        SELECT false, id, due_at FROM furthest
        """,
        *parameters,
    )


async def _read_closed(conn: Connection, *parameters: Any) -> Sequence[Record]:
    """The cases of a window that the filter selects, then the last case of the window if it is full."""
    return await conn.fetch(
        """
        WITH found AS MATERIALIZED (
            (
                SELECT id, created_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision
                FROM cases
                WHERE $1 = ANY ('{all,stage}') AND state = 'closed' AND $2::timestamptz IS NOT NULL AND id < $3
                ORDER BY id DESC LIMIT $5
            )
            UNION ALL
            (
                SELECT id, created_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision
                FROM cases
                WHERE $1 = 'kind' AND state = 'closed' AND kind = $6 AND $2::timestamptz IS NOT NULL AND id < $3
                ORDER BY id DESC LIMIT $5
            )
            UNION ALL
            SELECT id, created_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision
            FROM cases
            WHERE $1 = 'author' AND state = 'closed' AND author_id = $11 AND $2::timestamptz IS NOT NULL AND id < $3
            UNION ALL
            SELECT id, created_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision
            FROM cases
            WHERE $1 = 'subject' AND state = 'closed' AND comment_id = $12 AND $2::timestamptz IS NOT NULL AND id < $3
            UNION ALL
            SELECT id, created_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision
            FROM cases
            WHERE $1 = 'subject' AND state = 'closed' AND comment_id IS NULL AND post_id = $12 AND $2::timestamptz IS NOT NULL AND id < $3
            UNION ALL
            SELECT id, created_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision
            FROM cases
            WHERE $1 = 'subject' AND state = 'closed' AND comment_id IS NULL AND post_id IS NULL AND account_id = $12 AND $2::timestamptz IS NOT NULL AND id < $3
            UNION ALL
            SELECT id, created_at, kind, stage, post_id, comment_id, account_id, topic_id, author_id, revision
            FROM cases
            WHERE $1 = 'subject' AND state = 'closed' AND kind = 'report' AND topic_id = $12 AND $2::timestamptz IS NOT NULL AND id < $3
            UNION ALL
            SELECT cases.id, created_at, kind, stage, cases.post_id, comment_id, account_id, topic_id, cases.author_id, revision
            FROM entries JOIN cases ON cases.post_id = entries.post_id
            WHERE $1 = 'campaign' AND entries.campaign_id = $8 AND state = 'closed' AND $2::timestamptz IS NOT NULL AND cases.id < $3
        ), chosen AS (
            SELECT id, created_at FROM found
            WHERE ($6::text IS NULL OR kind = $6)
              AND ($7::smallint IS NULL OR stage = $7)
              AND ($8::bigint IS NULL OR $1 = 'campaign' OR EXISTS (
                  SELECT FROM entries WHERE entries.post_id = found.post_id AND entries.campaign_id = $8
              ))
              AND ($9::bigint[] IS NULL OR EXISTS (
                  SELECT FROM posts
                  JOIN post_revisions AS revisions
                    ON revisions.post_id = posts.id AND revisions.revision = coalesce(found.revision, posts.revision)
                WHERE posts.id = found.post_id AND revisions.topic_ids && $9
              ))
              AND ($10::boolean IS NULL OR $10 = (comment_id IS NULL AND EXISTS (
                  SELECT FROM post_revisions AS revisions
                WHERE revisions.post_id = found.post_id AND revisions.revision = found.revision AND cardinality(revisions.media_ids) > 0
              )))
              AND ($11::bigint IS NULL OR author_id = $11)
              AND ($12::bigint IS NULL OR coalesce(comment_id, post_id, account_id, topic_id) = $12)
            ORDER BY id DESC LIMIT $4
        ), furthest AS (
            SELECT id, created_at FROM found ORDER BY id DESC OFFSET $5 - 1 LIMIT 1
        )
        SELECT true AS is_chosen, id, created_at AS at FROM chosen
        UNION ALL
        SELECT false, id, created_at FROM furthest
        """,
        *parameters,
    )
