"""SQL of entries: which posts stand in a campaign, the editors' shortlist, and who was disqualified."""

from feed.postgres import Connection


async def enter_post(conn: Connection, *, post_id: int) -> None:
    """Enters the post into every running campaign whose topic one of its revisions bears.

    Part of the transaction that writes a revision, so no post of the period is missed; the freeze decides later which
    revision is judged and whether it still bears the topic.
    """
    await conn.execute(
        """
        INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
        SELECT campaigns.id, posts.id, posts.author_id, posts.created_at
        FROM posts
        JOIN campaigns ON campaigns.state = 'scheduled'
            AND campaigns.starts_at <= posts.created_at AND posts.created_at < campaigns.ends_at
        WHERE posts.id = $1 AND EXISTS (
            SELECT FROM post_revisions
            WHERE post_revisions.post_id = posts.id
                AND campaigns.topic_id = ANY(post_revisions.topic_ids)
                AND post_revisions.created_at < campaigns.ends_at
        )
        ON CONFLICT DO NOTHING
        """,
        post_id,
    )


async def sweep_entries(conn: Connection, campaign_id: int) -> int:
    """Enters what `enter_post` could not see: posts older than the publication of the campaign. How many were new.

    Runs when a campaign is published and before its sheet is frozen.
    """
    entered = await conn.fetch(
        """
        INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
        SELECT campaigns.id, posts.id, posts.author_id, posts.created_at
        FROM campaigns
        JOIN posts ON posts.created_at >= campaigns.starts_at AND posts.created_at < campaigns.ends_at
        WHERE campaigns.id = $1 AND campaigns.state IN ('scheduled', 'judging') AND EXISTS (
            SELECT FROM post_revisions
            WHERE post_revisions.post_id = posts.id
                AND campaigns.topic_id = ANY(post_revisions.topic_ids)
                AND post_revisions.created_at < campaigns.ends_at
        )
        ON CONFLICT DO NOTHING
        RETURNING post_id
        """,
        campaign_id,
    )
    return len(entered)
