"""Counts the engagement of a campaign: one statement for the live leaderboard, the author's own view and the settlement."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import reduce
from typing import Literal, get_args

import msgspec

from feed.postgres import Connection

# Why a like or a commenter does not count, the first match in this order: the type exclusion_reason of the database.
ExclusionReason = Literal["own", "not_verified", "staff", "juror", "banned", "too_new", "voided", "same_person"]
# Those of a person, who cannot win either.
PersonReason = Literal["own", "not_verified", "staff", "juror", "banned", "too_new", "voided"]
EXCLUSION_REASONS: tuple[ExclusionReason, ...] = get_args(ExclusionReason)

_CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN)
_STEP = Decimal("0.000001")
_NO_QUALITY = Decimal("0.000000")


class EntryEngagement(msgspec.Struct, frozen=True):
    """The engagement of an entry at the deadline, or now if that is earlier.

    `likes` and `commenters` count persons. `*_shown` count all likes and commenting accounts: those that count plus those
    that are excluded, whose numbers are by reason, without zeros.
    """

    post_id: int
    likes: int
    commenters: int
    likes_shown: int
    commenters_shown: int
    likes_excluded: dict[ExclusionReason, int]
    commenters_excluded: dict[ExclusionReason, int]
    author_reason: ExclusionReason | None  # Why the author may not win, or None.


async def count_engagement(
    conn: Connection, campaign_id: int, post_ids: Sequence[int] | None = None
) -> list[EntryEngagement]:
    """The engagement of the entries among these posts (None: of all entries), by id.

    An exclusion as own, staff, juror, banned or voided holds for every account with the same verified phone. A like or comment counts
    if it was made before the instant that counts and taken back, if at all, then or later.
    """
    # A generic plan assumes ten ids and prefers nested loops, so each step reads by an index from the rows before it, sets are tested
    # with IN, which hashes them, and the end groups instead of joining: no plan of this statement is quadratic.
    rows = await conn.fetch(
        """
        WITH terms AS MATERIALIZED (
            SELECT ends_at, instant, newest_account_at FROM campaign_terms WHERE campaign_id = $1
        ), flagged AS MATERIALIZED (
            SELECT person, reason, liked FROM campaign_flagged_persons WHERE campaign_id = $1
        ), void_posts AS MATERIALIZED (
            SELECT post_id, liked FROM active_voids WHERE campaign_id = $1 AND post_id IS NOT NULL
        ), entered AS MATERIALIZED (
            SELECT entries.post_id, entries.author_id, author.person AS author_person,
                   (entries.post_id, true) IN (SELECT post_id, liked FROM void_posts) AS likes_are_void,
                   (entries.post_id, false) IN (SELECT post_id, liked FROM void_posts) AS comments_are_void
            FROM entries
            JOIN accounts AS author ON author.id = entries.author_id
            WHERE entries.campaign_id = $1 AND entries.post_id = ANY($2::bigint[])
        ), acted AS (
            SELECT entered.post_id, true AS liked, likes.account_id, author_id, author_person, likes_are_void AS is_void
            FROM entered JOIN likes ON likes.post_id = entered.post_id
            WHERE likes.liked_at < (SELECT instant FROM terms) AND likes.liked_at > '-infinity'
            UNION ALL
            SELECT entered.post_id, true, past_likes.account_id, author_id, author_person, likes_are_void
            FROM entered JOIN past_likes ON past_likes.post_id = entered.post_id
            WHERE past_likes.liked_at < (SELECT instant FROM terms) AND past_likes.unliked_at >= (SELECT instant FROM terms)
            UNION ALL
            SELECT DISTINCT entered.post_id, false, comments.author_id, entered.author_id, author_person, comments_are_void
            FROM entered JOIN comments ON comments.post_id = entered.post_id
            WHERE comments.created_at < (SELECT instant FROM terms)
                AND (
                    shown_state(comments.state, comments.holds) = 'published'
                    OR (comments.state = 'deleted' AND comments.deleted_at >= (SELECT instant FROM terms))
                )
            UNION ALL
            -- A row for the author, neither like nor comment: its reason is why the entry cannot win.
            SELECT post_id, NULL, author_id, NULL, NULL, false
            FROM entered
        ), judged AS (
            -- Where all entries are counted, only accounts that may be excluded, or are one of several of a person, are looked up: for
            -- any other account the lookup of millions of rows would find nothing. It relies on accounts never being deleted.
            -- OFFSET 0 keeps the planner from evaluating the reason again at each place that names it.
            SELECT acted.post_id, acted.liked, account.person,
                   CASE
                       WHEN acted.account_id = acted.author_id OR account.person = acted.author_person THEN 'own'
                       WHEN account.id IS NULL THEN CASE WHEN acted.is_void THEN 'voided' END
                       WHEN account.not_verified THEN 'not_verified'
                       WHEN account.person IN (SELECT person FROM flagged WHERE reason = 'staff') THEN 'staff'
                       WHEN account.person IN (SELECT person FROM flagged WHERE reason = 'juror') THEN 'juror'
                       WHEN account.person IN (SELECT person FROM flagged WHERE reason = 'banned') THEN 'banned'
                       WHEN account.too_new THEN 'too_new'
                       WHEN acted.is_void
                           OR (account.person, acted.liked) IN (SELECT person, liked FROM flagged WHERE reason = 'voided')
                           THEN 'voided'
                   END::exclusion_reason AS reason
            FROM acted
            -- The comparisons of campaign_accounts, which would look up the campaign for each row.
            LEFT JOIN (
                SELECT id, person, person IS NULL OR phone_verified_at >= (SELECT ends_at FROM terms) AS not_verified,
                       created_at > (SELECT newest_account_at FROM terms) AS too_new
                FROM accounts
            ) AS account
                ON account.id = acted.account_id AND (
                    $3::bytea[] IS NULL
                    OR account.not_verified
                    OR account.too_new
                    OR account.person IN (SELECT person FROM flagged)
                    OR account.person IN (SELECT unnest($3::bytea[]))
                )
            OFFSET 0
        ), grouped AS (
            -- `person` only where several accounts may be one person; all others count row by row, without a sort.
            SELECT post_id, liked, reason, count(*) AS accounts,
                   CASE WHEN reason IS NULL AND ($3::bytea[] IS NULL OR person IN (SELECT unnest($3::bytea[]))) THEN person END AS person
            FROM judged
            GROUP BY 1, 2, 3, 5
        ), counts AS (
            SELECT post_id, liked, reason, sum(accounts)::bigint AS accounts,
                   sum(CASE WHEN person IS NULL THEN accounts ELSE 1 END)::bigint AS persons
            FROM grouped
            GROUP BY post_id, liked, reason
        )
        SELECT post_id,
               max(reason) FILTER (WHERE liked IS NULL)::text AS author_reason,
               coalesce(max(persons) FILTER (WHERE liked AND reason IS NULL), 0) AS likes,
               coalesce(max(persons) FILTER (WHERE NOT liked AND reason IS NULL), 0) AS commenters,
               coalesce(sum(accounts) FILTER (WHERE liked), 0)::bigint AS likes_shown,
               coalesce(sum(accounts) FILTER (WHERE NOT liked), 0)::bigint AS commenters_shown,
               jsonb_object_agg(reason, accounts) FILTER (WHERE liked AND reason IS NOT NULL) AS likes_excluded,
               jsonb_object_agg(reason, accounts) FILTER (WHERE NOT liked AND reason IS NOT NULL) AS commenters_excluded
        FROM counts
        GROUP BY post_id
        ORDER BY post_id
        """,
        campaign_id,
        await list_entry_ids(conn, campaign_id) if post_ids is None else post_ids,
        await list_multi_account_persons(conn) if post_ids is None else None,
    )
    return [
        EntryEngagement(
            post_id=row["post_id"],
            likes=row["likes"],
            commenters=row["commenters"],
            likes_shown=row["likes_shown"],
            commenters_shown=row["commenters_shown"],
            likes_excluded=_excluded(row["likes_excluded"], row["likes_shown"] - row["likes"]),
            commenters_excluded=_excluded(row["commenters_excluded"], row["commenters_shown"] - row["commenters"]),
            author_reason=row["author_reason"],
        )
        for row in rows
    ]


def _excluded(by_reason: dict[ExclusionReason, int] | None, total: int) -> dict[ExclusionReason, int]:
    """The numbers of exclusions by reason, in their order. Exclusions without a reason are further accounts of a person."""
    if not total:
        return {}
    counts_by_reason = by_reason or {}
    found = counts_by_reason | {"same_person": total - sum(counts_by_reason.values())}
    return {reason: found[reason] for reason in EXCLUSION_REASONS if found.get(reason)}


def quality_of(marks: Sequence[Decimal]) -> Decimal:
    """The quality of an entry: the mean of its marks that count, to six decimals; 0 without marks."""
    if not marks:
        return _NO_QUALITY
    total = _CONTEXT.divide(reduce(_CONTEXT.add, marks), Decimal(len(marks)))
    return total.quantize(_STEP, context=_CONTEXT)


async def list_multi_account_persons(conn: Connection) -> list[bytes]:
    """The persons with more than one account, so that a count of all entries need not look for them among millions of likes."""
    rows = await conn.fetch(
        "SELECT person FROM accounts WHERE person IS NOT NULL GROUP BY person HAVING count(*) > 1 ORDER BY person"
    )
    return [row["person"] for row in rows]


async def list_entry_ids(conn: Connection, campaign_id: int) -> list[int]:
    """The post ids of the campaign's entries, in order."""
    rows = await conn.fetch("SELECT post_id FROM entries WHERE campaign_id = $1 ORDER BY post_id", campaign_id)
    return [row["post_id"] for row in rows]
