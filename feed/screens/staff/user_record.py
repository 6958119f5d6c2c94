"""What moderators see of a user: the person's accounts, sanctions, decisions about what was written, appeals and reports; and the look-up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec

from feed.accounts.model import AccountNotFound, Role
from feed.moderation.model import VerdictKind
from feed.postgres import Connection, many, one
from feed.reasons import VerdictReason
from feed.screens.posts.cards import Id
from feed.screens.staff.sanctions import SanctionRecord
from feed.texts import among

LISTED_MOST = 50
# The last code point: a prefix with it appended is the upper bound of the names with that prefix.
_LAST = "\U0010ffff"


class UserFound(msgspec.Struct, frozen=True):
    """An account in a look-up. `erased`: its name is gone."""

    id: Id
    name: str
    avatar_url: str | None
    badge: str | None
    created_at: datetime
    erased: bool
    banned: bool
    muted: bool


class DecisionRecord(msgspec.Struct, frozen=True):
    """A decision in force that hides what the person wrote, with the text that it is about."""

    kind: Literal["post", "comment", "user"]
    id: Id
    case_id: Id
    verdict: VerdictKind
    reason_code: Annotated[str, among(get_args(VerdictReason))]
    text: str
    made_at: datetime


class VerdictCounts(msgspec.Struct, frozen=True):
    """How many verdicts of each kind are in force about what the person wrote, and how many were undone."""

    approve: int
    reject: int
    remove: int
    restore: int
    dismiss: int
    escalate: int
    undone: int


class CaseCounts(msgspec.Struct, frozen=True):
    """How many cases there are, how many of them wait, and in how many what was asked for was granted."""

    all: int
    open: int
    upheld: int


class UserRecord(msgspec.Struct, frozen=True):
    """The record of the person behind an account. `accounts`: all with the same verified phone, the asked one first.
    `post_count`, `comment_count`: what was written, in any state. `appeals` are the person's own, `reports` those about the person's items.
    """

    user: UserFound
    accounts: list[UserFound]
    roles: list[Role]
    post_count: int
    comment_count: int
    verdicts: VerdictCounts
    appeals: CaseCounts
    reports: CaseCounts
    reports_made: CaseCounts
    hidden: list[DecisionRecord]
    sanctions: list[SanctionRecord]


async def list_found(conn: Connection, account_ids: Sequence[int]) -> list[UserFound]:
    """The accounts in the order of the ids, erased ones too."""
    rows = await conn.fetch(
        """
        SELECT accounts.id::text, accounts.name, avatar_address(accounts.avatar_url) AS avatar_url, accounts.badge, accounts.created_at,
               accounts.erased_at IS NOT NULL AS erased, sanctions_now.banned, sanctions_now.muted
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN accounts ON accounts.id = wanted.id
        JOIN sanctions_now ON sanctions_now.account_id = accounts.id
        ORDER BY wanted.position
        """,
        account_ids,
    )
    return many(rows, UserFound)


async def list_by_name(conn: Connection, prefix: str, after: tuple[str, int], limit: int) -> list[tuple[str, int]]:
    """Lower-case name and id of the accounts whose names begin with the prefix, by name. `after`: the last of the page before."""
    lowered = prefix.lower()
    rows = await conn.fetch(
        """
        SELECT lower(name) AS name, id
        FROM accounts
        WHERE lower(name) COLLATE "C" >= $1 AND lower(name) COLLATE "C" < $2
          AND (lower(name) COLLATE "C", id) > ($3 COLLATE "C", $4) AND erased_at IS NULL
        ORDER BY lower(name) COLLATE "C", id
        LIMIT $5
        """,
        lowered,
        lowered + _LAST,
        *after,
        limit,
    )
    return [(row["name"], row["id"]) for row in rows]


async def get_record(conn: Connection, account_id: int, sanctions: list[SanctionRecord], same: list[int]) -> UserRecord:
    """The record of the person with the accounts `same`. Raises AccountNotFound."""
    found = await list_found(conn, [account_id, *(each for each in same if each != account_id)])
    if not found or found[0].id != str(account_id):
        raise AccountNotFound
    counts = one(
        await conn.fetchrow(
            """
            SELECT
                (SELECT count(*) FROM posts WHERE author_id = ANY ($1::bigint[])) AS posts,
                (SELECT count(*) FROM comments WHERE author_id = ANY ($1::bigint[])) AS comments,
                ARRAY(
                    SELECT DISTINCT role FROM rights_now WHERE account_id = ANY ($1::bigint[]) ORDER BY role
                ) AS roles,
                (
                    SELECT jsonb_object_agg(counted.verdict, counted.number)
                    FROM (
                        SELECT CASE WHEN undone_at IS NULL THEN verdict ELSE 'undone' END AS verdict, count(*) AS number
                        FROM verdicts WHERE author_id = ANY ($1::bigint[])
                        GROUP BY 1
                    ) AS counted
                ) AS verdicts
            """,
            same,
        ),
        _Counts,
    )
    assert counts is not None
    kinds = {kind: (counts.verdicts or {}).get(kind, 0) for kind in VerdictCounts.__struct_fields__}
    return UserRecord(
        user=found[0],
        accounts=found,
        roles=counts.roles,
        post_count=counts.posts,
        comment_count=counts.comments,
        verdicts=VerdictCounts(**kinds),
        appeals=await _count_cases(conn, "appeal", same),
        reports=await _count_cases(conn, "report", same),
        reports_made=await _count_reports_made(conn, same),
        hidden=await _list_hidden(conn, same),
        sanctions=sanctions,
    )


class _Counts(msgspec.Struct, frozen=True):
    posts: int
    comments: int
    roles: list[Role]
    verdicts: dict[str, int] | None


async def _count_cases(conn: Connection, kind: Literal["appeal", "report"], authors: list[int]) -> CaseCounts:
    counts = one(
        await conn.fetchrow(
            """
            SELECT count(*) AS all, count(*) FILTER (WHERE state = 'open') AS open,
                   count(*) FILTER (WHERE EXISTS (
                       SELECT FROM verdicts
                       WHERE verdicts.case_id = cases.id AND verdicts.undone_at IS NULL
                         AND verdicts.verdict = ANY (CASE WHEN $1 = 'appeal' THEN '{restore}'::text[] ELSE '{remove,reject}' END)
                   )) AS upheld
            FROM cases
            WHERE author_id = ANY ($2::bigint[]) AND kind = $1
            """,
            kind,
            authors,
        ),
        CaseCounts,
    )
    assert counts is not None
    return counts


async def _count_reports_made(conn: Connection, reporters: list[int]) -> CaseCounts:
    counts = one(
        await conn.fetchrow(
            """
            SELECT count(*) AS all, count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'upheld') AS upheld
            FROM reports
            WHERE reporter_id = ANY ($1::bigint[])
            """,
            reporters,
        ),
        CaseCounts,
    )
    assert counts is not None
    return counts


async def _list_hidden(conn: Connection, authors: list[int]) -> list[DecisionRecord]:
    rows = await conn.fetch(
        """
        SELECT CASE WHEN verdicts.comment_id IS NOT NULL THEN 'comment' WHEN verdicts.post_id IS NOT NULL THEN 'post' ELSE 'user' END
                   AS kind,
               coalesce(verdicts.comment_id, verdicts.post_id, verdicts.author_id)::text AS id, verdicts.case_id::text,
               verdicts.verdict, verdicts.reason_code, verdicts.made_at,
               coalesce(comments.text, revisions.text, '') AS text
        FROM (
            SELECT id, case_id, verdict, reason_code, made_at, post_id, comment_id, revision, author_id
            FROM verdicts
            WHERE author_id = ANY ($1::bigint[]) AND undone_at IS NULL AND verdict IN ('remove', 'reject')
            ORDER BY id DESC
            LIMIT $2
        ) AS verdicts
        LEFT JOIN comments ON comments.post_id = verdicts.post_id AND comments.id = verdicts.comment_id
        LEFT JOIN posts ON posts.id = verdicts.post_id AND verdicts.comment_id IS NULL
        LEFT JOIN post_revisions AS revisions
          ON revisions.post_id = posts.id AND revisions.revision = coalesce(verdicts.revision, posts.revision)
        ORDER BY verdicts.id DESC
        """,
        authors,
        LISTED_MOST,
    )
    return many(rows, DecisionRecord)
