"""How the states of each kind of topic are read: all subscribed ones at once, some of them at a time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from feed.live.topics import TopicKind
from feed.postgres import Connection, Pool
from feed.screens import live as screen
from feed.screens.campaigns.leaderboard import Leaderboards

Read = Callable[[Sequence[int]], Awaitable[Mapping[int, Any]]]


class Reader(NamedTuple):
    """`read` returns the states by key; a key without one cannot be seen by those who may subscribe to it. `most` keys are read at a time."""

    read: Read
    most: int


def readers_of(pool: Pool, leaderboards: Leaderboards) -> dict[TopicKind, Reader]:
    """The readers of all kinds."""

    def over(read: Callable[[Connection, Sequence[int]], Awaitable[Mapping[int, Any]]]) -> Read:
        async def run(keys: Sequence[int]) -> Mapping[int, Any]:
            async with pool.acquire() as conn:
                return await read(conn, keys)

        return run

    def alone(read: Callable[[Connection], Awaitable[Any]]) -> Read:
        async def run(_: Sequence[int]) -> Mapping[int, Any]:
            async with pool.acquire() as conn:
                return {0: await read(conn)}

        return run

    async def read_boards(keys: Sequence[int]) -> Mapping[int, Any]:
        return await screen.list_boards(leaderboards, keys)

    return {
        "post": Reader(over(screen.list_counts), 2_000),
        # Three statements for each.
        "board": Reader(read_boards, 20),
        "latest": Reader(alone(screen.list_newest), 1),
        # An index scan with joins for each.
        "inbox": Reader(over(screen.list_unread), 500),
        "queue": Reader(alone(screen.get_depth), 1),
        # All entries of each.
        "campaign": Reader(over(screen.list_campaign_counts), 10),
    }
