"""The definitions of boards: their members and rows, and how many of them Redis keeps.

A new board is a new line of the table at the end. Projection, rebuild and drift check use only this table.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from feed.boards import compute, store
from feed.boards.model import BOARD_STATES, HOT, HOT_KEPT, HOT_SHOWN, Row, board_of
from feed.boards.store import Post
from feed.campaigns.scoring.engagement import list_entry_ids
from feed.postgres import Connection


class Board(NamedTuple):
    """One ranked list. `key` is the hash tag of its Redis keys, `campaign_id` is 0 for a board of the whole site."""

    definition: "Definition"
    key: str
    campaign_id: int = 0


class Members(NamedTuple):
    """The posts that a board is rebuilt from, and the score above which they are complete; None: they are complete."""

    post_ids: list[int]
    least: int | None = None


class Definition(Protocol):
    """A board, or one board for each of several subjects. Rows come from Postgres; a post without a row is not ranked."""

    @property
    def kept(self) -> int | None:
        """How many ranks Redis keeps; None: all. A board with more than twice as many is trimmed."""
        ...

    @property
    def shown(self) -> int:
        """How many ranks must be certain; a board with fewer is rebuilt."""
        ...

    @property
    def deferred(self) -> bool:
        """Whether rows are too expensive to compute after each commit. The worker then computes them along the change log."""
        ...

    async def list_boards(self, conn: Connection) -> list[Board]:
        """The boards that exist now."""
        ...

    async def list_members(self, conn: Connection, board: Board) -> Members:
        """The posts that the board is rebuilt from."""
        ...

    async def list_sample(self, conn: Connection, board: Board, count: int) -> list[int]:
        """About `count` posts that may be on the board, for the drift check."""
        ...

    async def list_candidates(
        self, conn: Connection, boards: Sequence[Board], post_ids: Sequence[int]
    ) -> dict[Board, list[int]]:
        """By board, those of the posts that may be on it, ranked or not."""
        ...

    async def list_rows(self, conn: Connection, board: Board, posts: Sequence[Post]) -> dict[int, Row]:
        """The rows of the ranked ones among the posts, by post."""
        ...


class SiteBoard(msgspec.Struct, frozen=True, kw_only=True):
    """One board of all posts, whose rows are computed from a post's counters only.

    `row(post)` is None for a post that is not ranked; `ranking(conn, limit)` returns the `limit` best rows, best first.
    """

    key: str
    row: Callable[[Post], Row | None]
    ranking: Callable[[Connection, int], Awaitable[list[Row]]]
    kept: int
    shown: int
    deferred: bool = False

    async def list_boards(self, conn: Connection) -> list[Board]:
        return [Board(self, self.key)]

    async def list_members(self, conn: Connection, board: Board) -> Members:
        rows = await self.ranking(conn, self.kept)
        return Members([row.post_id for row in rows], rows[-1].score - 1 if len(rows) >= self.kept else None)

    async def list_sample(self, conn: Connection, board: Board, count: int) -> list[int]:
        return await store.list_sample_posts(conn, count)

    async def list_candidates(
        self, conn: Connection, boards: Sequence[Board], post_ids: Sequence[int]
    ) -> dict[Board, list[int]]:
        return {board: list(post_ids) for board in boards}

    async def list_rows(self, conn: Connection, board: Board, posts: Sequence[Post]) -> dict[int, Row]:
        return {post.post_id: row for post in posts if (row := self.row(post)) is not None}


class CampaignBoards(msgspec.Struct, frozen=True, kw_only=True):
    """One board for each campaign that is open or being judged. Rows count persons, which needs a query for each post."""

    kept: int | None = None
    shown: int = 0
    deferred: bool = True

    async def list_boards(self, conn: Connection) -> list[Board]:
        campaign_ids = await store.list_campaigns(conn, BOARD_STATES)
        return [Board(self, board_of(campaign_id), campaign_id) for campaign_id in campaign_ids]

    async def list_members(self, conn: Connection, board: Board) -> Members:
        return Members(await list_entry_ids(conn, board.campaign_id))

    async def list_sample(self, conn: Connection, board: Board, count: int) -> list[int]:
        return await store.list_sample_entries(conn, board.campaign_id, count)

    async def list_candidates(
        self, conn: Connection, boards: Sequence[Board], post_ids: Sequence[int]
    ) -> dict[Board, list[int]]:
        entered = await store.list_entered(conn, post_ids, [board.campaign_id for board in boards])
        return {board: entered[board.campaign_id] for board in boards if board.campaign_id in entered}

    async def list_rows(self, conn: Connection, board: Board, posts: Sequence[Post]) -> dict[int, Row]:
        return await compute.campaign_rows(conn, board.campaign_id, [post.post_id for post in posts])


DEFINITIONS: tuple[Definition, ...] = (
    SiteBoard(key=HOT, row=compute.hot_row, ranking=compute.hot_ranking, kept=HOT_KEPT, shown=HOT_SHOWN),
    CampaignBoards(),
)


async def list_boards(conn: Connection) -> list[Board]:
    """Every board that exists now."""
    return [board for definition in DEFINITIONS for board in await definition.list_boards(conn)]
