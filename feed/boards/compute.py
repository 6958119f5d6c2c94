"""Rows and rankings of boards computed from Postgres: for the projection, and for reads while Redis is down."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from feed.boards import store
from feed.boards.hot_score import REACH, hot_score
from feed.boards.model import Row, top_with_ties
from feed.boards.store import Post
from feed.campaigns import store as campaigns
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring import engagement
from feed.campaigns.scoring.score import micro_points, score
from feed.postgres import Connection


def hot_row(post: Post) -> Row | None:
    """The post's row of the hot list; None if the post is not visible."""
    if not post.visible or post.published_at is None:
        return None
    return Row(
        post_id=post.post_id,
        author_id=post.author_id,
        score=hot_score(
            likes=post.like_count - post.own_like_count,
            comments=post.comment_count - post.own_comment_count,
            published_at=post.published_at,
        ),
        likes=post.like_count,
        comments=post.comment_count,
        at=post.published_at,
    )


async def hot_ranking(conn: Connection, limit: int) -> list[Row]:
    """The `limit` posts with the highest hot score, and all that tie with the last of them, best first."""
    rows = [hot_row(post) for post in await store.list_hottest(conn, limit, REACH)]
    return top_with_ties([row for row in rows if row is not None], limit)


async def campaign_rows(conn: Connection, campaign_id: int, post_ids: Sequence[int]) -> dict[int, Row]:
    """The leaderboard rows, by post, of those of the posts that compete."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    entries = [entry for entry in await store.list_entries(conn, post_ids, [campaign_id]) if entry.competes]
    if campaign is None or not entries:
        return {}
    counted = await engagement.count_engagement(conn, campaign_id, [entry.post_id for entry in entries])
    rules, _ = read_rules(campaign.draft, publishing=False)
    # Quality is secret, and not part of the board, until the marks are locked.
    qualities = await _qualities(conn, campaign_id) if campaign.marks_locked_at else {}
    counts = {each.post_id: each for each in counted if each.author_reason is None}
    rows: dict[int, Row] = {}
    for entry in entries:
        count = counts.get(entry.post_id)
        if count is None:
            continue
        quality = qualities.get(entry.post_id, engagement.quality_of([])) if campaign.marks_locked_at else None
        points = score(quality or Decimal(0), count.likes, count.commenters, rules.weights, rules.caps)
        rows[entry.post_id] = Row(
            post_id=entry.post_id,
            author_id=entry.author_id,
            score=micro_points(points),
            likes=count.likes,
            comments=count.commenters,
            at=entry.entered_at,
            quality=quality,
        )
    return rows


async def _qualities(conn: Connection, campaign_id: int) -> dict[int, Decimal]:
    """The quality of each entry that has a mark, by post."""
    scores: dict[int, list[Decimal]] = defaultdict(list)
    for mark in await marks.list_marks(conn, campaign_id):
        scores[mark.post_id].append(mark.score)
    return {post_id: engagement.quality_of(given) for post_id, given in scores.items()}


async def campaign_ranking(conn: Connection, campaign_id: int, limit: int) -> list[Row]:
    """The `limit` entries with the highest score, and all that tie with the last of them, best first."""
    rows = await campaign_rows(conn, campaign_id, await engagement.list_entry_ids(conn, campaign_id))
    return top_with_ties(list(rows.values()), limit)
