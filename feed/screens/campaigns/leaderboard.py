"""How a campaign stands: from the board in Redis, from Postgres where Redis cannot tell, the same either way; once settled, from the sheet."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from feed.boards import compute, redis_store
from feed.boards.model import BOARD_STATES, Row, board_of
from feed.campaigns import store as campaigns
from feed.campaigns.errors import BoardHidden, CampaignNotFound
from feed.campaigns.model import Rules, State, served_state
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.score import RankedEntry, Score, ranking_key, score
from feed.campaigns.store import Campaign
from feed.postgres import Connection, Pool
from feed.ranking_snapshots import LONGEST
from feed.screens.campaigns.final_leaderboard import FinalLeaderboards
from feed.screens.posts.cards import Fragment, PostCard
from feed.screens.posts.page_render import Frame, PageBase, build_base

_RUNNING: tuple[State, ...] = ("scheduled", "open")

_encode = msgspec.json.Encoder().encode


class Parts(msgspec.Struct, frozen=True):
    """What each criterion brings, in points. Quality is null until the marks are locked."""

    quality: str | None
    likes: str
    comments: str


class LeaderboardItem(msgspec.Struct, frozen=True):
    """An entry and its place."""

    rank: int
    score: str
    parts: Parts
    post: PostCard


class Leaderboard(msgspec.Struct, frozen=True):
    """The best entries. `basis` says whether quality is in the scores."""

    items: list[LeaderboardItem]
    as_of: datetime
    provisional: bool
    basis: Literal["engagement", "full"]


class LeaderboardEntry(msgspec.Struct, frozen=True):
    """An entry's place before it has a card."""

    post_id: int
    rank: int
    score: Score
    shows_quality: bool


class LeaderboardRows(msgspec.Struct, frozen=True):
    """A leaderboard before its posts have cards."""

    entries: list[LeaderboardEntry]
    as_of: datetime
    provisional: bool
    basis: Literal["engagement", "full"]


class Leaderboards:
    """Where campaigns stand: until the settlement by their boards in Redis, then by the frozen sheet."""

    def __init__(self, pool: Pool, redis: Redis, frozen: FinalLeaderboards, epoch: Callable[[], str | None]) -> None:
        self.pool = pool
        self._redis = redis
        self._frozen = frozen
        self._epoch = epoch

    async def list(self, campaign: Campaign, *, limit: int = LONGEST) -> list[Row]:
        """The `limit` best rows and all that tie with the last of them, or more."""
        if campaign.state in BOARD_STATES:
            rows = await redis_store.top(self._redis, board_of(campaign.id), epoch=self._epoch(), limit=limit)
        else:
            rows = await self._frozen.best(campaign.id)
        if rows is not None:
            return rows
        async with self.pool.acquire() as conn:
            return await compute.campaign_ranking(conn, campaign.id, limit)


async def get_leaderboard(leaderboards: Leaderboards, campaign_id: int, *, limit: int) -> LeaderboardRows:
    """The best `limit` entries. Raises CampaignNotFound, BoardHidden."""
    async with leaderboards.pool.acquire() as conn:
        campaign = await get_published(conn, campaign_id)
    if not is_board_shown(campaign):
        raise BoardHidden
    rules, _ = read_rules(campaign.draft, publishing=True)
    entries = rank_entries(await leaderboards.list(campaign, limit=limit), rules)
    full = campaign.marks_locked_at is not None
    return LeaderboardRows(
        entries=entries[:limit],
        as_of=campaign.now,
        provisional=campaign.state in (*BOARD_STATES, "decided", "cancelled"),
        basis="full" if full else "engagement",
    )


async def get_published(conn: Connection, campaign_id: int) -> Campaign:
    """A campaign that everybody may see. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None or campaign.published_at is None:
        raise CampaignNotFound
    return campaign


def is_board_shown(campaign: Campaign) -> bool:
    """Whether the rules let everybody see the board now. A draw has none: likes and marks bring nobody nearer to a prize."""
    if campaign.draft.get("method") == "draw":
        return False
    board = campaign.draft.get("board")
    now = served_state(campaign.state, campaign.starts_at, campaign.ends_at, campaign.now)
    return board == "public" or (board == "after_close" and now not in _RUNNING)


def rank_entries(rows: Sequence[Row], rules: Rules) -> list[LeaderboardEntry]:
    """Rows in the order of the rules, ties broken, each with its score in parts."""
    ordered = sorted(rows, key=lambda row: ranking_key(_ranked(row), rules.tie_break))
    return [
        LeaderboardEntry(
            row.post_id,
            number,
            score(row.quality or Decimal(0), row.likes, row.comments, rules.weights, rules.caps),
            row.quality is not None,
        )
        for number, row in enumerate(ordered, 1)
    ]


def leaderboard_base(board: LeaderboardRows, fragments: Sequence[Fragment], *, read_at: float) -> PageBase:
    """The leaderboard's page. A post that has just vanished leaves its rank empty."""
    seen = {part.post_id: part for part in fragments if part.state == "published"}
    entries = [each for each in board.entries if each.post_id in seen]
    about = {"as_of": board.as_of, "provisional": board.provisional, "basis": board.basis}
    frame = Frame(
        end=b"," + _encode(about)[1:],
        before=[_encode(_head(each))[:-1] + b',"post":' for each in entries],
        after=b"}",
        unfiltered=True,
    )
    return build_base([seen[each.post_id] for each in entries], frame, read_at=read_at)


def _head(entry: LeaderboardEntry) -> dict[str, Any]:
    quality = f"{entry.score.quality:f}" if entry.shows_quality else None
    parts = Parts(quality, f"{entry.score.likes:f}", f"{entry.score.comments:f}")
    return {"rank": entry.rank, "score": f"{entry.score.total:f}", "parts": parts}


def _ranked(row: Row) -> RankedEntry:
    return RankedEntry(
        post_id=row.post_id,
        person=b"",
        entered_at=row.at,
        quality=row.quality or Decimal(0),
        likes=row.likes,
        commenters=row.comments,
        score=Decimal(row.score).scaleb(-6),
    )
