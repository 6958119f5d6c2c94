"""Real rows with sensible defaults. Each builder takes a connection (or a pool) and returns the id of what it made."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Protocol

from feed.accounts.model import AccountId, Role

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
RULES: dict[str, Any] = {
    "title": "读书月",
    "weights": {"quality": "0.5", "likes": "0.3", "comments": "0.2"},
    "caps": {"likes": 1000, "comments": 200},
    "tie_break": ["quality", "likes", "comments", "earliest"],
    "eligibility": {"min_account_age_days": 0, "require_media": False},
}
_numbers = count(1)


class Runs(Protocol):
    """What runs a statement: a connection or a pool."""

    async def execute(self, query: str, *args: Any) -> str: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...


def now() -> datetime:
    """The machine's clock, which here is the database's too."""
    return datetime.now(UTC)


async def account(
    conn: Runs,
    *,
    person: str | None = None,
    verified: datetime | bool = True,
    created_at: datetime | None = None,
) -> AccountId:
    """An account with a verified phone since a month; `person` makes two accounts one person's."""
    number = next(_numbers)
    made = created_at or now() - 30 * DAY
    since = (made if verified else None) if isinstance(verified, bool) else verified
    return AccountId(
        await conn.fetchval(
            """
            INSERT INTO accounts (iss, sub, name, person, phone_verified_at, created_at)
            VALUES ('test', $1, $1, $2, $3, $4)
            RETURNING id
            """,
            f"p{number}",
            (person or f"person {number}").encode() if since else None,
            since,
            made,
        )
    )


async def person(conn: Runs, *, role: Role | None = None, person: str | None = None) -> AccountId:
    """A person with a verified phone, staff if a role is given."""
    account_id = await account(conn, person=person)
    if role is not None:
        await staff(conn, account_id, role=role)
    return account_id


async def topic(conn: Runs, name: str = "读书") -> int:
    """The topic of that name, made once."""
    return int(
        await conn.fetchval(
            """
            INSERT INTO topics (key, name) VALUES ($1, $1)
            ON CONFLICT (key) DO UPDATE SET name = excluded.name
            RETURNING id
            """,
            name,
        )
    )


async def post(
    conn: Runs,
    author_id: int | None = None,
    *,
    at: datetime | None = None,
    topics: Sequence[str] = ("读书",),
    state: str = "published",
) -> int:
    """A post with one approved revision and counters at zero, made an hour ago."""
    author = author_id if author_id is not None else await account(conn)
    made = at or now() - HOUR
    post_id = int(
        await conn.fetchval(
            """
            INSERT INTO posts (author_id, state, created_at, published_at, deleted_at)
            VALUES ($1, $2, $3::timestamptz, $3, CASE WHEN $2 = 'deleted' THEN $3::timestamptz END)
            RETURNING id
            """,
            author,
            state,
            made,
        )
    )
    await conn.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at)
        VALUES ($1, 1, 'x', $2, '', $3, $4, $4)
        """,
        post_id,
        [await topic(conn, name) for name in topics],
        author,
        made,
    )
    await conn.execute("INSERT INTO post_stats (post_id) VALUES ($1)", post_id)
    return post_id


async def like(conn: Runs, post_id: int, account_id: int | None = None, *, at: datetime | None = None) -> int:
    """A like with its share of the counters; returns whose."""
    liker = account_id if account_id is not None else await account(conn)
    await conn.execute(
        "INSERT INTO likes (post_id, account_id, liked_at) VALUES ($1, $2, coalesce($3, clock_timestamp()))",
        post_id,
        liker,
        at,
    )
    await conn.execute(
        """
        UPDATE post_stats
        SET like_count = like_count + 1, version = version + 1,
            own_like_count = own_like_count + (SELECT (author_id = $2)::integer FROM posts WHERE id = $1)
        WHERE post_id = $1
        """,
        post_id,
        liker,
    )
    await _change(conn, post_id)
    return liker


async def past_like(conn: Runs, post_id: int, account_id: int, *, at: datetime, until: datetime) -> None:
    """A like that was taken back."""
    await conn.execute(
        "INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at) VALUES ($1, $2, $3, $4)",
        post_id,
        account_id,
        at,
        until,
    )


async def comment(
    conn: Runs,
    post_id: int,
    account_id: int | None = None,
    *,
    at: datetime | None = None,
    state: str = "published",
    deleted_at: datetime | None = None,
) -> int:
    """A comment, with its share of the counters if others see it; returns its id."""
    author = account_id if account_id is not None else await account(conn)
    comment_id = int(
        await conn.fetchval(
            """
            INSERT INTO comments (post_id, author_id, text, state, created_at, deleted_at)
            VALUES ($1, $2, '好', $3, coalesce($4, clock_timestamp()), $5)
            RETURNING id
            """,
            post_id,
            author,
            state,
            at,
            deleted_at,
        )
    )
    if state == "published":
        await conn.execute(
            """
            UPDATE post_stats
            SET comment_count = comment_count + 1, version = version + 1,
                own_comment_count = own_comment_count + (SELECT (author_id = $2)::integer FROM posts WHERE id = $1)
            WHERE post_id = $1
            """,
            post_id,
            author,
        )
        await _change(conn, post_id)
    return comment_id


async def campaign(
    conn: Runs,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    state: str = "scheduled",
    topic_name: str = "读书",
    settle_at: datetime | None = None,
    marks_locked_at: datetime | None = None,
    **rules: Any,
) -> int:
    """A published campaign that began yesterday and ends tomorrow; `rules` go over the defaults."""
    begin, end = starts_at or now() - DAY, ends_at or now() + DAY
    campaign_id = int(
        await conn.fetchval(
            """
            INSERT INTO campaigns
                (state, draft, topic_id, rules_version, starts_at, ends_at, settle_at, marks_locked_at, created_by, published_at)
            VALUES ($1, $2, $3, 1, $4, $5, $6, $7, 1, $4)
            RETURNING id
            """,
            state,
            RULES | rules,
            await topic(conn, topic_name),
            begin,
            end,
            settle_at or end + 3 * DAY,
            marks_locked_at,
        )
    )
    # Tests of migrations make campaigns before these columns exist.
    if "entry_by" in rules:
        await conn.execute(
            "UPDATE campaigns SET entry_by = $2, entry_post_id = $3 WHERE id = $1",
            campaign_id,
            rules["entry_by"],
            int(rules["announcement_post_id"]),
        )
    await conn.execute(
        """
        INSERT INTO campaign_rules (campaign_id, version, rules, rules_text, rules_sha256, created_by)
        VALUES ($1, 1, $2, '', '', 1)
        """,
        campaign_id,
        RULES
        | {"topic": topic_name, "starts_at": begin, "ends_at": end, "method": "ranked", "winner_count": 3}
        | rules,
    )
    return campaign_id


async def change_rules(conn: Runs, campaign_id: int, **rules: Any) -> None:
    """Puts these into the published rules and the draft, as no caller of the API can."""
    await conn.execute("UPDATE campaigns SET draft = draft || $2 WHERE id = $1", campaign_id, rules)
    await conn.execute(
        """
        UPDATE campaign_rules SET rules = rules || $2
        FROM campaigns
        WHERE campaigns.id = $1 AND campaign_rules.campaign_id = $1 AND version = campaigns.rules_version
        """,
        campaign_id,
        rules,
    )


async def entry(conn: Runs, campaign_id: int, author_id: int | None = None, *, at: datetime | None = None) -> int:
    """A post that has entered the campaign; returns the post's id."""
    author = author_id if author_id is not None else await account(conn)
    made = at or now() - HOUR
    post_id = await post(conn, author, at=made)
    await conn.execute(
        "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, $4)",
        campaign_id,
        post_id,
        author,
        made,
    )
    return post_id


async def staff(
    conn: Runs, account_id: int, *, since: datetime | None = None, until: datetime | None = None, role: str = "editor"
) -> None:
    """A right, given a week ago."""
    await conn.execute(
        "INSERT INTO staff_rights (account_id, role, granted_at, revoked_at) VALUES ($1, $2, $3, $4)",
        account_id,
        role,
        since or now() - 7 * DAY,
        until,
    )


async def juror(conn: Runs, campaign_id: int, account_id: int, *, removed_at: datetime | None = None) -> None:
    """A present or former member of the jury."""
    await conn.execute(
        "INSERT INTO jurors (campaign_id, account_id, removed_at) VALUES ($1, $2, $3)",
        campaign_id,
        account_id,
        removed_at,
    )


async def ban(
    conn: Runs,
    account_id: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    lifted_at: datetime | None = None,
    kind: str = "ban",
) -> None:
    """A sanction, imposed a week ago."""
    await conn.execute(
        """
        INSERT INTO sanctions (account_id, kind, reason_code, starts_at, until, lifted_at) VALUES ($1, $2, 'spam', $3, $4, $5)
        """,
        account_id,
        kind,
        since or now() - 7 * DAY,
        until,
        lifted_at,
    )


async def void(
    conn: Runs,
    campaign_id: int,
    *,
    account_id: int | None = None,
    post_id: int | None = None,
    kinds: Sequence[str] = ("like", "comment"),
    withdrawn_at: datetime | None = None,
) -> None:
    """Engagement that does not count."""
    await conn.execute(
        """
        INSERT INTO voids (campaign_id, account_id, post_id, kinds, reason_code, made_by, withdrawn_at)
        VALUES ($1, $2, $3, $4, 'bought', 1, $5)
        """,
        campaign_id,
        account_id,
        post_id,
        kinds,
        withdrawn_at,
    )


async def mark(conn: Runs, campaign_id: int, post_id: int, juror_id: int, score: str) -> None:
    """What one juror thinks of one entry."""
    await conn.execute(
        "INSERT INTO marks (campaign_id, post_id, juror_id, score) VALUES ($1, $2, $3, $4::text::numeric)",
        campaign_id,
        post_id,
        juror_id,
        score,
    )


async def _change(conn: Runs, post_id: int) -> None:
    await conn.execute(
        "INSERT INTO changes (post_id, version) SELECT post_id, version FROM post_stats WHERE post_id = $1", post_id
    )
