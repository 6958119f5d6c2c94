"""Leaderboards of campaigns: before the settlement from Redis, or from Postgres if Redis cannot answer; afterwards from the sheet."""

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
from feed.ranking_snapshots import MAX_RANKED
from feed.screens.campaigns.final_leaderboard import FinalLeaderboards
from feed.screens.posts.cards import Fragment, PostCard
from feed.screens.posts.page_render import Frame, PageBase, build_base

_RUNNING: tuple[State, ...] = ("scheduled", "open")

_encode = msgspec.json.Encoder().encode


class Parts(msgspec.Struct, frozen=True):
    """The parts of a score, in points. Quality is null until the marks are locked."""

    quality: str | None
    likes: str
    comments: str


class LeaderboardItem(msgspec.Struct, frozen=True):
    """An entry with its rank and score."""

    rank: int
    score: str
    parts: Parts
    post: PostCard


class Leaderboard(msgspec.Struct, frozen=True):
    """The best entries. `basis`: whether the scores contain quality (`full`) or not."""

    items: list[LeaderboardItem]
    as_of: datetime
    provisional: bool
    basis: Literal["engagement", "full"]


class LeaderboardEntry(msgspec.Struct, frozen=True):
    """An entry with its rank and score, before its post is read."""

    post_id: int
    rank: int
    score: Score
    shows_quality: bool


class LeaderboardRows(msgspec.Struct, frozen=True):
    """A leaderboard before its posts are read."""

    entries: list[LeaderboardEntry]
    as_of: datetime
    provisional: bool
    basis: Literal["engagement", "full"]


class Leaderboards:
    """Reads the leaderboard of a campaign, from its board until the settlement, then from the frozen sheet."""

    def __init__(self, pool: Pool, redis: Redis, final: FinalLeaderboards, epoch: Callable[[], str | None]) -> None:
        self.pool = pool
        self._redis = redis
        self._final = final
        self._epoch = epoch

    async def list(self, campaign: Campaign, *, limit: int = MAX_RANKED) -> list[Row]:
        """At least the `limit` best rows and all that tie with the last of them, in the order of the scores."""
        if campaign.state in BOARD_STATES:
            rows = await redis_store.top(self._redis, board_of(campaign.id), epoch=self._epoch(), limit=limit)
        else:
            rows = await self._final.list_best(campaign.id)
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
    return LeaderboardRows(
        entries=entries[:limit],
        as_of=campaign.now,
        provisional=campaign.state in (*BOARD_STATES, "cancelled"),
        basis="engagement" if campaign.marks_locked_at is None else "full",
    )


async def get_published(conn: Connection, campaign_id: int) -> Campaign:
    """A published campaign. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None or campaign.published_at is None:
        raise CampaignNotFound
    return campaign


def is_board_shown(campaign: Campaign) -> bool:
    """Whether the rules make the board public now. A draw has no board: likes and marks do not affect its result.

    From the freeze to the announcement there is none: it would be the result before its announcement.
    """
    if campaign.draft.get("method") == "draw" or (campaign.frozen_at is not None and campaign.announced_at is None):
        return False
    board = campaign.draft.get("board")
    now = served_state(campaign.state, campaign.starts_at, campaign.ends_at, campaign.now)
    return board == "public" or (board == "after_close" and now not in _RUNNING)


def rank_entries(rows: Sequence[Row], rules: Rules) -> list[LeaderboardEntry]:
    """Entries in the order of the rules' score and tie-break, each with its score in parts."""
    ordered = sorted(rows, key=lambda row: ranking_key(_ranked(row), rules.tie_break))
    return [
        LeaderboardEntry(
            row.post_id,
            rank,
            score(row.quality or Decimal(0), row.likes, row.comments, rules.weights, rules.caps),
            row.quality is not None,
        )
        for rank, row in enumerate(ordered, 1)
    ]


def leaderboard_base(board: LeaderboardRows, fragments: Sequence[Fragment], *, read_at: float) -> PageBase:
    """The leaderboard's page. The rank of a post that is no longer public is left out."""
    published = {
        part.post_id: msgspec.structs.replace(part, json_prefix=part.ranked_prefix)
        for part in fragments
        if part.is_visible
    }
    entries = [entry for entry in board.entries if entry.post_id in published]
    members = {"as_of": board.as_of, "provisional": board.provisional, "basis": board.basis}
    frame = Frame(
        end=b"," + _encode(members)[1:],
        before=[_encode(_item_members(entry))[:-1] + b',"post":' for entry in entries],
        after=b"}",
        unfiltered=True,
    )
    return build_base([published[entry.post_id] for entry in entries], frame, read_at=read_at)


def _item_members(entry: LeaderboardEntry) -> dict[str, Any]:
    quality = f"{entry.score.quality:f}" if entry.shows_quality else None
    parts = Parts(quality, f"{entry.score.likes:f}", f"{entry.score.comments:f}")
    return {"rank": entry.rank, "score": f"{entry.score.total:f}", "parts": parts}


def _ranked(row: Row) -> RankedEntry:
    return RankedEntry(
        entry_id=row.post_id,
        person=b"",
        entered_at=row.at,
        quality=row.quality or Decimal(0),
        likes=row.likes,
        commenters=row.comments,
        score=Decimal(row.score).scaleb(-6),
    )
