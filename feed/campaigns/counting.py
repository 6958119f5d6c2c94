"""Which engagement counts in a campaign: one statement for the live board, the author's own view and the settlement."""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import reduce
from typing import Literal, get_args

import msgspec

from feed.postgres import Connection

# Why a like or a commenter does not count, in the order in which the rules are asked.
Reason = Literal["own", "not_verified", "staff", "juror", "banned", "too_new", "voided", "same_person"]
REASONS: tuple[Reason, ...] = get_args(Reason)

_CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN)
_STEP = Decimal("0.000001")
_NO_QUALITY = Decimal("0.000000")


class Counted(msgspec.Struct, frozen=True):
    """One entry's engagement at the instant that counts: the deadline, or now if that is earlier.

    `likes` and `commenters` are persons; `shown` is how many likes and commenting accounts were looked at, so that what was
    excluded (by reason, reasons without a case left out) and what counted add up to it.
    """

    post_id: int
    likes: int
    commenters: int
    likes_shown: int
    commenters_shown: int
    likes_excluded: dict[Reason, int]
    commenters_excluded: dict[Reason, int]
    author_reason: Reason | None  # Why the author may not win, or None.


async def count_engagement(
    conn: Connection, campaign_id: int, post_ids: Sequence[int] | None = None, *, now: datetime | None = None
) -> list[Counted]:
    """The entries among these posts (None: all entries), by id. `now` is the database's clock unless a test says otherwise.

    An account stands for its person: own, staff, juror, banned and voided hold for every account with the same verified
    phone. A user's act counts if it is stamped before the deadline, and what ended at the deadline or later had not ended.
    """
    # A plan that is made for any ids takes them for ten at most and joins in loops: so each step here goes on from the rows before it
    # by an index, sets are asked by IN, which hashes them, and the end groups instead of joining. No plan of it is quadratic.
    rows = await conn.fetch(
        """
        WITH campaign AS MATERIALIZED (
            SELECT campaigns.id, campaigns.ends_at,
                   least(coalesce($3::timestamptz, clock_timestamp()), campaigns.ends_at) AS instant,
                   campaigns.ends_at - make_interval(
                       days => coalesce((rules -> 'eligibility' ->> 'min_account_age_days')::integer, 0)
                   ) AS made_until
            FROM campaigns
            LEFT JOIN campaign_rules ON campaign_rules.campaign_id = campaigns.id
                AND campaign_rules.version = campaigns.rules_version
            WHERE campaigns.id = $1
        ), marked (account_id, staff, juror, banned, void_like, void_comment) AS (
            SELECT account_id, true, false, false, false, false
            FROM staff_rights, campaign
            WHERE granted_at <= instant AND coalesce(revoked_at, 'infinity') > instant
            UNION ALL
            SELECT account_id, false, true, false, false, false
            FROM jurors
            WHERE campaign_id = $1
            UNION ALL
            SELECT account_id, false, false, true, false, false
            FROM sanctions, campaign
            WHERE kind = 'ban' AND starts_at <= instant AND coalesce(least(lifted_at, until), 'infinity') > instant
            UNION ALL
            SELECT account_id, false, false, false, 'like' = ANY(kinds), 'comment' = ANY(kinds)
            FROM voids
            WHERE campaign_id = $1 AND withdrawn_at IS NULL AND account_id IS NOT NULL
        ), flagged AS MATERIALIZED (
            SELECT accounts.person, bool_or(staff) AS staff, bool_or(juror) AS juror, bool_or(banned) AS banned,
                   bool_or(void_like) AS void_like, bool_or(void_comment) AS void_comment
            FROM marked JOIN accounts ON accounts.id = marked.account_id
            WHERE accounts.person IS NOT NULL
            GROUP BY accounts.person
        ), void_posts AS (
            SELECT post_id, kinds FROM voids WHERE campaign_id = $1 AND withdrawn_at IS NULL AND post_id IS NOT NULL
        ), entered AS MATERIALIZED (
            SELECT entries.post_id, entries.author_id, author.person AS author_person,
                   entries.post_id IN (SELECT post_id FROM void_posts WHERE 'like' = ANY(kinds)) AS void_like,
                   entries.post_id IN (SELECT post_id FROM void_posts WHERE 'comment' = ANY(kinds)) AS void_comment,
                   CASE
                       WHEN author.person IS NULL OR author.phone_verified_at >= campaign.ends_at THEN 'not_verified'
                       WHEN author.person IN (SELECT person FROM flagged WHERE staff) THEN 'staff'
                       WHEN author.person IN (SELECT person FROM flagged WHERE juror) THEN 'juror'
                       WHEN author.person IN (SELECT person FROM flagged WHERE banned) THEN 'banned'
                       WHEN author.created_at > campaign.made_until THEN 'too_new'
                   END AS author_reason
            FROM campaign
            CROSS JOIN entries
            JOIN accounts AS author ON author.id = entries.author_id
            WHERE entries.campaign_id = $1 AND entries.post_id = ANY($2::bigint[])
        ), acted AS (
            SELECT likes.account_id, true AS liked, entered.post_id, author_id, author_person, void_like AS void
            FROM entered JOIN likes ON likes.post_id = entered.post_id
            WHERE likes.liked_at < (SELECT instant FROM campaign) AND likes.liked_at > '-infinity'
            UNION ALL
            SELECT past_likes.account_id, true, entered.post_id, author_id, author_person, void_like
            FROM entered JOIN past_likes ON past_likes.post_id = entered.post_id
            WHERE past_likes.liked_at < (SELECT instant FROM campaign)
                AND past_likes.unliked_at >= (SELECT instant FROM campaign)
            UNION ALL
            SELECT DISTINCT comments.author_id, false, entered.post_id, entered.author_id, author_person, void_comment
            FROM entered JOIN comments ON comments.post_id = entered.post_id
            WHERE comments.created_at < (SELECT instant FROM campaign)
                AND (
                    comments.state = 'published'
                    OR (comments.state = 'deleted' AND comments.deleted_at >= (SELECT instant FROM campaign))
                )
        ), judged AS (
            -- Numbers of REASONS, 0 where it counts: what is sorted and counted by the million is small. Where everybody is read, only
            -- those accounts are looked up of which there is something to say (whoever acts has an account, and accounts stay); few
            -- people are flagged, so whether somebody is at all is asked first. OFFSET 0: the reason is found once, not where it is named.
            SELECT acted.post_id, acted.liked, accounts.person,
                   CASE
                       WHEN acted.account_id = acted.author_id OR accounts.person = acted.author_person THEN 1
                       WHEN accounts.id IS NULL THEN CASE WHEN acted.void THEN 7 ELSE 0 END
                       WHEN accounts.person IS NULL OR accounts.phone_verified_at >= (SELECT ends_at FROM campaign) THEN 2
                       WHEN accounts.person IN (SELECT person FROM flagged) THEN CASE
                           WHEN accounts.person IN (SELECT person FROM flagged WHERE staff) THEN 3
                           WHEN accounts.person IN (SELECT person FROM flagged WHERE juror) THEN 4
                           WHEN accounts.person IN (SELECT person FROM flagged WHERE banned) THEN 5
                           WHEN accounts.created_at > (SELECT made_until FROM campaign) THEN 6
                           WHEN acted.void THEN 7
                           WHEN acted.liked AND accounts.person IN (SELECT person FROM flagged WHERE void_like) THEN 7
                           WHEN NOT acted.liked AND accounts.person IN (SELECT person FROM flagged WHERE void_comment) THEN 7
                           ELSE 0
                       END
                       WHEN accounts.created_at > (SELECT made_until FROM campaign) THEN 6
                       WHEN acted.void THEN 7
                       ELSE 0
                   END AS reason
            FROM acted
            LEFT JOIN accounts ON accounts.id = acted.account_id AND (
                $4::bytea[] IS NULL
                OR accounts.person IS NULL
                OR accounts.phone_verified_at >= (SELECT ends_at FROM campaign)
                OR accounts.created_at > (SELECT made_until FROM campaign)
                OR accounts.person IN (SELECT person FROM flagged)
                OR accounts.person IN (SELECT unnest($4::bytea[]))
            )
            OFFSET 0
        ), groups AS (
            -- Whoever has one account only is a person for each row, so that nothing has to be sorted to find those who have several.
            SELECT post_id, liked, reason, count(*) AS shown,
                   CASE WHEN reason = 0 AND ($4::bytea[] IS NULL OR person IN (SELECT unnest($4::bytea[]))) THEN person END AS several
            FROM judged
            GROUP BY post_id, liked, reason, several
        ), counts AS (
            SELECT post_id, liked, reason, sum(shown)::bigint AS shown,
                   sum(CASE WHEN several IS NULL THEN shown ELSE 1 END)::bigint AS persons, NULL AS author_reason
            FROM groups
            GROUP BY post_id, liked, reason
            UNION ALL
            -- The entry itself: what holds for its author, and a row where there is no engagement.
            SELECT post_id, NULL, NULL, 0, 0, author_reason FROM entered
        ), sums AS (
            SELECT post_id, max(author_reason) AS author_reason,
                   coalesce(sum(shown) FILTER (WHERE liked), 0)::bigint AS likes_shown,
                   coalesce(sum(shown) FILTER (WHERE NOT liked), 0)::bigint AS commenters_shown,
                   coalesce(max(persons) FILTER (WHERE liked AND reason = 0), 0) AS likes,
                   coalesce(max(persons) FILTER (WHERE NOT liked AND reason = 0), 0) AS commenters,
                   coalesce(max(shown) FILTER (WHERE liked AND reason = 0), 0) AS likes_passed,
                   coalesce(max(shown) FILTER (WHERE NOT liked AND reason = 0), 0) AS commenters_passed,
                   ARRAY[
                       max(shown) FILTER (WHERE liked AND reason = 1),
                       max(shown) FILTER (WHERE liked AND reason = 2),
                       max(shown) FILTER (WHERE liked AND reason = 3),
                       max(shown) FILTER (WHERE liked AND reason = 4),
                       max(shown) FILTER (WHERE liked AND reason = 5),
                       max(shown) FILTER (WHERE liked AND reason = 6),
                       max(shown) FILTER (WHERE liked AND reason = 7)
                   ] AS likes_refused,
                   ARRAY[
                       max(shown) FILTER (WHERE NOT liked AND reason = 1),
                       max(shown) FILTER (WHERE NOT liked AND reason = 2),
                       max(shown) FILTER (WHERE NOT liked AND reason = 3),
                       max(shown) FILTER (WHERE NOT liked AND reason = 4),
                       max(shown) FILTER (WHERE NOT liked AND reason = 5),
                       max(shown) FILTER (WHERE NOT liked AND reason = 6),
                       max(shown) FILTER (WHERE NOT liked AND reason = 7)
                   ] AS commenters_refused
            FROM counts
            GROUP BY post_id
        )
        SELECT post_id, author_reason, likes, likes_shown, commenters, commenters_shown,
               CASE WHEN likes < likes_shown THEN likes_refused || (likes_passed - likes) END AS no_likes,
               CASE WHEN commenters < commenters_shown THEN commenters_refused || (commenters_passed - commenters) END AS no_commenters
        FROM sums
        ORDER BY post_id
        """,
        campaign_id,
        await list_entry_ids(conn, campaign_id) if post_ids is None else post_ids,
        now,
        await list_with_several_accounts(conn) if post_ids is None else None,
    )
    return [
        Counted(
            post_id=row["post_id"],
            likes=row["likes"],
            commenters=row["commenters"],
            likes_shown=row["likes_shown"],
            commenters_shown=row["commenters_shown"],
            likes_excluded=_by_reason(row["no_likes"]),
            commenters_excluded=_by_reason(row["no_commenters"]),
            author_reason=row["author_reason"],
        )
        for row in rows
    ]


def quality_of(marks: Sequence[Decimal]) -> Decimal:
    """The mean of an entry's marks that count, to six decimals; 0 without any."""
    if not marks:
        return _NO_QUALITY
    total = _CONTEXT.divide(reduce(_CONTEXT.add, marks), Decimal(len(marks)))
    return total.quantize(_STEP, context=_CONTEXT)


def _by_reason(counts: Sequence[int | None] | None) -> dict[Reason, int]:
    """The reasons with a case; None where everything that is shown counted."""
    return {reason: count for reason, count in zip(REASONS, counts, strict=True) if count} if counts else {}


async def list_with_several_accounts(conn: Connection) -> list[bytes]:
    """The persons with more than one account: who reads everybody once need not look for them among millions of likes."""
    rows = await conn.fetch(
        "SELECT person FROM accounts WHERE person IS NOT NULL GROUP BY person HAVING count(*) > 1 ORDER BY person"
    )
    return [row["person"] for row in rows]


async def list_entry_ids(conn: Connection, campaign_id: int) -> list[int]:
    rows = await conn.fetch("SELECT post_id FROM entries WHERE campaign_id = $1 ORDER BY post_id", campaign_id)
    return [row["post_id"] for row in rows]
