"""The numbers of a campaign over time, and how many entries come how far, for editors. The work is bounded."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from feed.campaigns import store as campaigns
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.store import Campaign
from feed.postgres import Connection, many

Id = str
Step = Literal["minute", "hour", "day", "week"]

# The likes and comments of the entries with the most of them are read until they reach this number.
ACTS_MOST = 100_000
# The finest step with which the time of the campaign has at most so many points; a longer one is cut at its start.
POINTS_MOST = 120
STEPS: dict[Step, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries come how far. Members are null where the campaign has none: comments and likes enter a draw without an entry."""

    entered: int
    visible: int | None
    competing: int | None
    shortlisted: int | None
    winners: int | None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What was made from `at` on until the next point: entries, and likes and comments that stand now."""

    at: datetime
    entries: int
    likes: int
    comments: int


class CampaignNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a campaign at `as_of`. `points` cover its time until then, one for each step, also where nothing happened.

    `looked_at`: the number of posts whose likes and comments are in the points, those with the most; fewer than `posts` only if
    there are very many.
    """

    campaign_id: Id
    as_of: datetime
    step: Step
    points: list[Point]
    posts: int
    looked_at: int
    likes: int
    comments: int
    funnel: Funnel


class _Counts(msgspec.Struct, frozen=True):
    entered: int
    visible: int
    competing: int
    shortlisted: int
    winners: int | None


class _Post(msgspec.Struct, frozen=True):
    post_id: int
    likes: int
    comments: int


class _Bucket(msgspec.Struct, frozen=True):
    at: datetime
    entries: int
    likes: int
    comments: int


async def get_numbers(conn: Connection, campaign_id: int) -> CampaignNumbers:
    """The numbers of a campaign. Those of a draft are zero. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    counts = await _count_entries(conn, campaign_id)
    posts = await _list_posts(conn, campaign_id)
    looked_at = _within(posts)
    start, end = _period(campaign)
    step = step_of(end - start)
    start = max(start, end - POINTS_MOST * STEPS[step])
    found = await _list_buckets(conn, campaign_id, looked_at, start=start, end=end, width=STEPS[step])
    is_entered_by_posts = campaign.draft.get("entry_by", "post") == "post"
    return CampaignNumbers(
        campaign_id=str(campaign_id),
        as_of=campaign.now,
        step=step,
        points=[Point(at=each.at, entries=each.entries, likes=each.likes, comments=each.comments) for each in found],
        posts=len(posts),
        looked_at=len(looked_at),
        likes=sum(each.likes for each in posts),
        comments=sum(each.comments for each in posts),
        funnel=Funnel(
            entered=counts.entered,
            visible=counts.visible if is_entered_by_posts else None,
            competing=counts.competing if is_entered_by_posts else None,
            shortlisted=counts.shortlisted if campaign.draft.get("method") == "ranked" else None,
            winners=counts.winners,
        ),
    )


def step_of(period: timedelta) -> Step:
    """The step of the points of a period."""
    return next((name for name, width in STEPS.items() if period <= POINTS_MOST * width), "week")


def _period(campaign: Campaign) -> tuple[datetime, datetime]:
    """From the opening until the end, or now; empty before the opening."""
    if campaign.published_at is None or campaign.starts_at is None or campaign.ends_at is None:
        return campaign.now, campaign.now
    end = min(campaign.now, campaign.ends_at)
    return min(campaign.starts_at, end), end


def _within(posts: Sequence[_Post]) -> list[int]:
    """The first of the posts, whose likes and comments together are within the bound; at least one."""
    acts = 0
    chosen: list[int] = []
    for post in posts:
        acts += post.likes + post.comments
        if chosen and acts > ACTS_MOST:
            break
        chosen.append(post.post_id)
    return chosen


async def _count_entries(conn: Connection, campaign_id: int) -> _Counts:
    rows = await conn.fetch(
        """
        SELECT count(*) AS entered, count(visible.id) AS visible,
            count(*) FILTER (
                WHERE visible.id IS NOT NULL AND entries.disqualified_at IS NULL AND judged.bears_topic AND judged.media_suffice
            ) AS competing,
            count(*) FILTER (WHERE entries.shortlisted_at IS NOT NULL) AS shortlisted,
            (
                -- Before the announcement the winners are in the settlement, which has a page of its own.
                SELECT count(DISTINCT winners.place)
                FROM settlements
                JOIN campaigns ON campaigns.id = settlements.campaign_id AND campaigns.announced_at IS NOT NULL
                JOIN winners ON winners.settlement_id = settlements.id
                WHERE settlements.campaign_id = $1 AND settlements.undone_at IS NULL
                HAVING count(*) > 0
            ) AS winners
        FROM entries
        LEFT JOIN visible_posts AS visible ON visible.id = entries.post_id
        LEFT JOIN judged_revisions AS judged ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        WHERE entries.campaign_id = $1
        """,
        campaign_id,
    )
    return many(rows, _Counts)[0]


async def _list_posts(conn: Connection, campaign_id: int) -> list[_Post]:
    """The posts of the entries, or the one under which a draw is entered, those with the most likes and comments first."""
    rows = await conn.fetch(
        """
        SELECT stats.post_id, stats.like_count AS likes, stats.comment_count AS comments
        FROM post_stats AS stats
        WHERE stats.post_id IN (
            SELECT post_id FROM entries WHERE campaign_id = $1
            UNION ALL
            SELECT entry_post_id FROM campaigns WHERE id = $1 AND entry_by <> 'post' AND entry_post_id IS NOT NULL
        )
        ORDER BY stats.like_count + stats.comment_count DESC, stats.post_id
        """,
        campaign_id,
    )
    return many(rows, _Post)


async def _list_buckets(
    conn: Connection, campaign_id: int, post_ids: Sequence[int], *, start: datetime, end: datetime, width: timedelta
) -> list[_Bucket]:
    """One row for each step. Days and weeks begin in Shanghai."""
    rows = await conn.fetch(
        """
        WITH made AS (
            SELECT date_bin($5, entered_at, '2000-01-03 00:00+08') AS at, 1 AS entries, 0 AS likes, 0 AS comments
            FROM entries WHERE campaign_id = $1 AND entered_at >= $3 AND entered_at < $4
            UNION ALL
            SELECT date_bin($5, liked_at, '2000-01-03 00:00+08'), 0, 1, 0
            FROM likes
            WHERE post_id = ANY ($2::bigint[]) AND liked_at >= $3 AND liked_at < $4 AND liked_at > '-infinity'
            UNION ALL
            SELECT date_bin($5, created_at, '2000-01-03 00:00+08'), 0, 0, 1
            FROM comments
            WHERE post_id = ANY ($2::bigint[]) AND created_at >= $3 AND created_at < $4
                AND shown_state(state, holds) = 'published'
        ), counted AS (
            SELECT at, sum(entries)::bigint AS entries, sum(likes)::bigint AS likes, sum(comments)::bigint AS comments
            FROM made GROUP BY at
        )
        SELECT steps.at, coalesce(counted.entries, 0) AS entries, coalesce(counted.likes, 0) AS likes,
            coalesce(counted.comments, 0) AS comments
        FROM generate_series(date_bin($5, $3::timestamptz, '2000-01-03 00:00+08'), $4::timestamptz, $5::interval) AS steps (at)
        LEFT JOIN counted ON counted.at = steps.at
        WHERE $3 < $4 AND steps.at < $4
        ORDER BY steps.at
        """,
        campaign_id,
        post_ids,
        start,
        end,
        width,
    )
    return many(rows, _Bucket)
