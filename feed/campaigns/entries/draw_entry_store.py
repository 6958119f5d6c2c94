"""SQL of draws by comment or like: their entries, and the announcement post under which they are made."""

import msgspec

from feed.campaigns.entries.draw_entries import DrawEntry
from feed.postgres import Connection, many, one


class Announcement(msgspec.Struct, frozen=True):
    """What a post needs to be the announcement of such a draw."""

    is_by_staff: bool
    takes_comments: bool
    # Whether the newsroom has signed it in all stages.
    is_signed: bool


async def list_entries(conn: Connection, campaign_id: int) -> list[DrawEntry]:
    """All entries of the draw; none of a campaign that posts enter."""
    rows = await conn.fetch(
        """
        SELECT account_id, comment_id, entered_at, person, waits, reason
        FROM draw_entries
        WHERE campaign_id = $1
        """,
        campaign_id,
    )
    return many(rows, DrawEntry)


async def list_entries_of(conn: Connection, campaign_id: int, account_id: int) -> list[DrawEntry]:
    """The entries of the account's person, with any account."""
    rows = await conn.fetch(
        """
        SELECT account_id, comment_id, entered_at, person, waits, reason
        FROM draw_entries
        WHERE campaign_id = $1
            AND account_id = ANY (ARRAY(SELECT same_id FROM same_person_accounts WHERE same_person_accounts.account_id = $2))
        """,
        campaign_id,
        account_id,
    )
    return many(rows, DrawEntry)


async def hold_post(conn: Connection, post_id: int) -> None:
    """Keeps the post from being edited, hidden or deleted until the transaction ends."""
    await conn.execute("SELECT FROM posts WHERE id = $1 FOR SHARE", post_id)


async def find_announcement(conn: Connection, post_id: int) -> Announcement | None:
    """The post as an announcement; None if it is not visible to others."""
    row = await conn.fetchrow(
        """
        SELECT EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = posts.author_id) AS is_by_staff,
            posts.comment_policy = 'everyone' AS takes_comments, revisions.credits <> '[]' AS is_signed
        FROM visible_posts AS posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        WHERE posts.id = $1
        """,
        post_id,
    )
    return one(row, Announcement)


async def is_entered_under(conn: Connection, post_id: int) -> bool:
    """Whether comments under the post or likes of it are entries of a published draw whose list is not frozen yet."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM campaigns
                WHERE entry_post_id = $1 AND state IN ('scheduled', 'judging') AND frozen_at IS NULL
            )
            """,
            post_id,
        )
    )
