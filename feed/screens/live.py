"""The states that streams of events show: of many posts, inboxes and boards at once, the same for all who may see them."""

from collections.abc import Sequence

import msgspec

from feed.campaigns.errors import BoardHidden, CampaignNotFound
from feed.pagination import NEWEST
from feed.postgres import Connection, Pool
from feed.screens.campaigns.leaderboard import LeaderboardRows, Leaderboards, get_leaderboard
from feed.screens.people.inbox import MAX_UNREAD
from feed.screens.posts import feeds
from feed.screens.staff.queue import list_parts

# A board's rows in an event; a page of so many rows changes when one of them does.
BOARD_ROWS = 20
# The newest posts in an event: more new ones than these are "20 or more".
NEWEST_POSTS = 20


class PostCounts(msgspec.Struct, frozen=True):
    """The counters of a post that everybody may see."""

    likes: int
    comments: int


class BoardRow(msgspec.Struct, frozen=True):
    """A row of a leaderboard."""

    rank: int
    post_id: str
    score: str


class BoardState(msgspec.Struct, frozen=True):
    """The first rows of a public leaderboard, and what kind it is."""

    provisional: bool
    basis: str
    rows: list[BoardRow]


class NewestPosts(msgspec.Struct, frozen=True):
    """The newest posts of the site, newest first."""

    post_ids: list[str]


class UnreadCount(msgspec.Struct, frozen=True):
    """The number of unread notifications."""

    unread_count: int


class QueueDepth(msgspec.Struct, frozen=True):
    """The open cases of a kind at a stage, and those past their due time."""

    kind: str
    stage: int
    open: int
    overdue: int


class QueueState(msgspec.Struct, frozen=True):
    """The depth of the review queue, as a whole and by kind and stage."""

    open: int
    overdue: int
    parts: list[QueueDepth]


class CampaignCounts(msgspec.Struct, frozen=True):
    """How many entries a campaign has, how many of them are public or shortlisted, and what their posts got; of a draw by comment or
    like what its announcement got. When one of these moves, so do the numbers and charts of its page (`feed.screens.campaigns.numbers`).
    """

    entered: int
    visible: int
    shortlisted: int
    likes: int
    comments: int


async def list_counts(conn: Connection, post_ids: Sequence[int]) -> dict[int, PostCounts]:
    """The counters of those of the posts that everybody may see."""
    rows = await conn.fetch(
        """
        SELECT shown.id, stats.like_count, stats.comment_count
        FROM visible_posts AS shown
        JOIN post_stats AS stats ON stats.post_id = shown.id
        WHERE shown.id = ANY ($1::bigint[])
        """,
        post_ids,
    )
    return {row["id"]: PostCounts(row["like_count"], row["comment_count"]) for row in rows}


async def list_unread(conn: Connection, account_ids: Sequence[int]) -> dict[int, UnreadCount]:
    """The unread notifications of each account, MAX_UNREAD at most."""
    rows = await conn.fetch(
        """
        SELECT given.account_id, unread.count
        FROM unnest($1::bigint[]) AS given (account_id)
        CROSS JOIN LATERAL (
            SELECT count(*) FROM (
                SELECT FROM shown_inbox
                WHERE shown_inbox.account_id = given.account_id AND read_at IS NULL
                ORDER BY id DESC
                LIMIT $2
            ) AS few
        ) AS unread
        """,
        account_ids,
        MAX_UNREAD,
    )
    return {row["account_id"]: UnreadCount(row["count"]) for row in rows}


async def list_boards(leaderboards: Leaderboards, campaign_ids: Sequence[int]) -> dict[int, BoardState]:
    """The boards of those of the campaigns whose board is public now, without posts that are not."""
    boards: dict[int, LeaderboardRows] = {}
    for campaign_id in campaign_ids:
        try:
            boards[campaign_id] = await get_leaderboard(leaderboards, campaign_id, limit=BOARD_ROWS)
        except (CampaignNotFound, BoardHidden):
            continue
    ranked = [entry.post_id for board in boards.values() for entry in board.entries]
    visible = await _list_visible(leaderboards.pool, ranked)
    return {campaign_id: _state_of(board, visible) for campaign_id, board in boards.items()}


async def _list_visible(pool: Pool, post_ids: Sequence[int]) -> set[int]:
    if not post_ids:
        return set()
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT id FROM visible_posts WHERE id = ANY ($1::bigint[])", post_ids)
    return {row["id"] for row in rows}


def _state_of(board: LeaderboardRows, visible: set[int]) -> BoardState:
    rows = [
        BoardRow(entry.rank, str(entry.post_id), f"{entry.score.total:f}")
        for entry in board.entries
        if entry.post_id in visible
    ]
    return BoardState(board.provisional, board.basis, rows)


async def list_campaign_counts(conn: Connection, campaign_ids: Sequence[int]) -> dict[int, CampaignCounts]:
    """The counts of those of the campaigns that exist."""
    rows = await conn.fetch(
        """
        SELECT campaigns.id, counted.entered, counted.visible, counted.shortlisted, counted.likes, counted.comments
        FROM campaigns
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE posts.is_entry) AS entered,
                count(*) FILTER (WHERE posts.is_entry AND visible.id IS NOT NULL) AS visible,
                count(posts.shortlisted_at) AS shortlisted,
                coalesce(sum(stats.like_count), 0)::bigint AS likes,
                coalesce(sum(stats.comment_count), 0)::bigint AS comments
            FROM (
                SELECT entries.post_id, entries.shortlisted_at, true AS is_entry
                FROM entries WHERE entries.campaign_id = campaigns.id
                UNION ALL
                SELECT campaigns.entry_post_id, NULL, false
                WHERE campaigns.entry_post_id IS NOT NULL
            ) AS posts
            LEFT JOIN visible_posts AS visible ON visible.id = posts.post_id
            LEFT JOIN post_stats AS stats ON stats.post_id = posts.post_id
        ) AS counted
        WHERE campaigns.id = ANY ($1::bigint[])
        """,
        campaign_ids,
    )
    return {row["id"]: msgspec.convert(row, CampaignCounts) for row in rows}


async def list_newest(conn: Connection) -> NewestPosts:
    """The newest posts that everybody may see."""
    return NewestPosts([str(each.id) for each in await feeds.list_latest(conn, NEWEST, NEWEST_POSTS)])


async def get_depth(conn: Connection) -> QueueState:
    """The depth of the review queue now."""
    parts = [QueueDepth(each.kind, each.stage, each.open, each.overdue) for each in await list_parts(conn)]
    return QueueState(sum(each.open for each in parts), sum(each.overdue for each in parts), parts)
