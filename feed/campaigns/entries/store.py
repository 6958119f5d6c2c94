"""SQL of entries: taking part, shortlist, disqualification."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.campaigns.errors import EntryNotFound
from feed.postgres import Connection, one


class Entry(msgspec.Struct, frozen=True):
    """A post in a campaign."""

    campaign_id: int
    post_id: int
    author_id: int
    entered_at: datetime
    shortlisted_at: datetime | None
    disqualified_at: datetime | None
    disqualified_reason: str | None


async def add_entries(conn: Connection, post_ids: Sequence[int]) -> None:
    """Adds an entry for each post to every running campaign whose topic, or an alias of it, one of its revisions bears.

    Runs in the transaction that writes a revision, so no post of the period is missed; the freeze decides which
    revision is judged and whether it still bears the topic.
    """
    await conn.execute(
        """
        INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
        SELECT campaigns.id, posts.id, posts.author_id, posts.created_at
        FROM posts
        JOIN campaigns ON campaigns.state = 'scheduled' AND campaigns.entry_by = 'post'
            AND campaigns.starts_at <= posts.created_at AND posts.created_at < campaigns.ends_at
        WHERE posts.id = ANY ($1::bigint[]) AND EXISTS (
            SELECT FROM post_revisions
            WHERE post_revisions.post_id = posts.id
                AND campaigns.entry_topic_ids && post_revisions.topic_ids
                AND post_revisions.created_at < campaigns.ends_at
        )
        ON CONFLICT DO NOTHING
        """,
        post_ids,
    )


async def add_missed_entries(conn: Connection, campaign_id: int) -> int:
    """Adds entries that `add_entries` could not: posts older than the publication of the campaign. Returns how many.

    Runs when a campaign is published and before its sheet is frozen.
    """
    entered = await conn.fetch(
        """
        INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
        SELECT campaigns.id, posts.id, posts.author_id, posts.created_at
        FROM campaigns
        JOIN posts ON posts.created_at >= campaigns.starts_at AND posts.created_at < campaigns.ends_at
        WHERE campaigns.id = $1 AND campaigns.state IN ('scheduled', 'judging') AND campaigns.entry_by = 'post' AND EXISTS (
            SELECT FROM post_revisions
            WHERE post_revisions.post_id = posts.id
                AND campaigns.entry_topic_ids && post_revisions.topic_ids
                AND post_revisions.created_at < campaigns.ends_at
        )
        ON CONFLICT DO NOTHING
        RETURNING post_id
        """,
        campaign_id,
    )
    return len(entered)


async def add_entries_of_topics(conn: Connection, topic_ids: Sequence[int]) -> list[int]:
    """Adds the visible posts with these topics to the running campaigns that take them. Returns the posts that were added.

    Runs when a topic becomes an alias. Posts that are not visible yet are added before the sheet is frozen.
    """
    rows = await conn.fetch(
        """
        INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
        SELECT DISTINCT campaigns.id, posts.id, posts.author_id, posts.created_at
        FROM campaigns
        JOIN topic_posts ON topic_posts.topic_id = ANY ($1::bigint[])
            AND topic_posts.topic_id = ANY (campaigns.entry_topic_ids)
            AND topic_posts.published_at >= campaigns.starts_at
        JOIN posts ON posts.id = topic_posts.post_id
            AND campaigns.starts_at <= posts.created_at AND posts.created_at < campaigns.ends_at
        WHERE campaigns.state = 'scheduled' AND campaigns.entry_by = 'post' AND campaigns.ends_at > clock_timestamp()
        ON CONFLICT DO NOTHING
        RETURNING post_id
        """,
        topic_ids,
    )
    return sorted({row["post_id"] for row in rows})


async def find_entry(conn: Connection, campaign_id: int, post_id: int) -> Entry | None:
    """The entry, disqualified or not."""
    row = await conn.fetchrow(
        """
        SELECT campaign_id, post_id, author_id, entered_at, shortlisted_at, disqualified_at, disqualified_reason
        FROM entries WHERE campaign_id = $1 AND post_id = $2
        """,
        campaign_id,
        post_id,
    )
    return one(row, Entry)


async def get_entry(conn: Connection, campaign_id: int, post_id: int) -> Entry:
    """The entry, disqualified or not. Raises EntryNotFound."""
    entry = await find_entry(conn, campaign_id, post_id)
    if entry is None:
        raise EntryNotFound
    return entry


async def list_engaged_by(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> list[int]:
    """Post ids of the entries that these accounts' persons have ever liked or commented on, with any account."""
    rows = await conn.fetch(
        """
        WITH persons_accounts AS (
            SELECT DISTINCT same_id AS id FROM same_person_accounts WHERE account_id = ANY($2::bigint[])
        ), engaged AS (
            SELECT post_id FROM likes WHERE account_id IN (SELECT id FROM persons_accounts)
            UNION
            SELECT past_likes.post_id
            FROM entries JOIN past_likes ON past_likes.post_id = entries.post_id
            WHERE entries.campaign_id = $1 AND past_likes.account_id IN (SELECT id FROM persons_accounts)
            UNION
            SELECT comments.post_id
            FROM entries JOIN comments ON comments.post_id = entries.post_id
            WHERE entries.campaign_id = $1 AND comments.author_id IN (SELECT id FROM persons_accounts)
        )
        SELECT post_id FROM entries WHERE campaign_id = $1 AND post_id IN (SELECT post_id FROM engaged) ORDER BY post_id
        """,
        campaign_id,
        account_ids,
    )
    return [row["post_id"] for row in rows]


async def list_participants(conn: Connection, campaign_id: int, account_ids: Sequence[int]) -> list[int]:
    """Those of these accounts whose persons have an entry, a like or a comment in the campaign that a seat on the jury would exclude.

    With any account of the person, also without a phone, which may be verified yet, and comments that wait for review. What does not
    count anyway, of staff or jurors, is not considered.
    """
    rows = await conn.fetch(
        """
        WITH asked AS (
            SELECT accounts.id, same.same_id
            FROM accounts JOIN same_person_accounts AS same ON same.account_id = accounts.id
            WHERE accounts.id = ANY ($2::bigint[]) AND NOT EXISTS (
                SELECT FROM campaign_flags AS flags
                WHERE flags.campaign_id = $1 AND flags.reason IN ('staff', 'juror') AND flags.account_id IN (
                    SELECT mine.same_id FROM same_person_accounts AS mine WHERE mine.account_id = accounts.id
                )
            )
        )
        SELECT DISTINCT asked.id
        FROM asked
        JOIN LATERAL (
            SELECT FROM entries WHERE entries.campaign_id = $1 AND entries.author_id = asked.same_id
            UNION ALL
            SELECT FROM likes JOIN entries ON entries.campaign_id = $1 AND entries.post_id = likes.post_id
            WHERE likes.account_id = asked.same_id AND likes.liked_at > '-infinity'
            UNION ALL
            SELECT FROM comments JOIN entries ON entries.campaign_id = $1 AND entries.post_id = comments.post_id
            WHERE comments.author_id = asked.same_id AND shown_state(comments.state, comments.holds) IN ('published', 'pending')
        ) AS part ON true
        ORDER BY asked.id
        """,
        campaign_id,
        account_ids,
    )
    return [row["id"] for row in rows]


async def count_shortlisted(conn: Connection, campaign_id: int) -> int:
    """The number of shortlisted entries that compete: disqualified, removed and deleted ones free their places."""
    return int(
        await conn.fetchval(
            """
            SELECT count(*)
            FROM entries JOIN visible_posts AS posts ON posts.id = entries.post_id
            WHERE entries.campaign_id = $1 AND entries.shortlisted_at IS NOT NULL AND entries.disqualified_at IS NULL
            """,
            campaign_id,
        )
    )


async def mark_shortlisted(conn: Connection, campaign_id: int, post_id: int, *, by: int) -> bool:
    """Puts the entry on the shortlist. False if it was there."""
    return bool(
        await conn.fetchval(
            """
            UPDATE entries SET shortlisted_at = now(), shortlisted_by = $3, unlisted_at = NULL, unlisted_by = NULL
            WHERE campaign_id = $1 AND post_id = $2 AND shortlisted_at IS NULL
            RETURNING true
            """,
            campaign_id,
            post_id,
            by,
        )
    )


async def mark_not_shortlisted(conn: Connection, campaign_id: int, post_id: int, *, by: int) -> bool:
    """Takes the entry off the shortlist and records that. False if it was not there."""
    return bool(
        await conn.fetchval(
            """
            UPDATE entries SET shortlisted_at = NULL, shortlisted_by = NULL, unlisted_at = now(), unlisted_by = $3
            WHERE campaign_id = $1 AND post_id = $2 AND shortlisted_at IS NOT NULL
            RETURNING true
            """,
            campaign_id,
            post_id,
            by,
        )
    )


async def mark_disqualified(
    conn: Connection, campaign_id: int, post_id: int, *, reason_code: str, note: str | None, by: int
) -> bool:
    """Disqualifies the entry. False if it was disqualified already; the first reason stays."""
    return bool(
        await conn.fetchval(
            """
            UPDATE entries
            SET disqualified_at = now(), disqualified_by = $5, disqualified_reason = $3, disqualified_note = $4
            WHERE campaign_id = $1 AND post_id = $2 AND disqualified_at IS NULL
            RETURNING true
            """,
            campaign_id,
            post_id,
            reason_code,
            note,
            by,
        )
    )


async def mark_reinstated(conn: Connection, campaign_id: int, post_id: int) -> bool:
    """Reverses a disqualification, whose reason stays in the audit log. False if the entry was not disqualified."""
    return bool(
        await conn.fetchval(
            """
            UPDATE entries
            SET disqualified_at = NULL, disqualified_by = NULL, disqualified_reason = NULL, disqualified_note = NULL
            WHERE campaign_id = $1 AND post_id = $2 AND disqualified_at IS NOT NULL
            RETURNING true
            """,
            campaign_id,
            post_id,
        )
    )
