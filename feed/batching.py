"""Many callers, one statement: group commit.

An item joins the pending batch. While a batch is in flight the next one fills; an idle batcher sends a single item at
once, so low load pays no delay. Each caller gets its own answer or its own error, after the batch has committed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from feed.errors import Unavailable
from feed.postgres import DOWN, retried

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Overloaded(Unavailable):
    """More waits than can be answered in time."""


class DatabaseAway(Unavailable):
    """The database does not answer now; what was not acknowledged may be repeated."""


class Batcher(Generic[Item, Answer]):
    """Coalesces the items of many callers into calls of `run`.

    `run` takes the items in the order of their arrival and returns, in the same order, an answer or what is to be raised
    for that item alone. It is one transaction: when it raises, nothing of it has happened, and it is run again on halves
    until the item that poisons the batch stands alone.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]],
        *,
        most: int = 256,
        waiting: int = 10_000,
    ) -> None:
        self._run = run
        self._most = most
        self._waiting = waiting
        self._pending: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._flight: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        """The answer to `item` once its batch is durable.

        Raises the item's own refusal, Overloaded when the queue is full, DatabaseAway when Postgres is.
        """
        if len(self._pending) >= self._waiting:
            raise Overloaded(retry_after=1)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending.append((item, answer))
        if self._flight is None:
            self._flight = asyncio.create_task(self._drain())
        # A caller that goes away must not take the batch of the others with it.
        return await answer

    async def close(self) -> None:
        """Waits for everything that has been submitted."""
        while self._flight is not None:
            await asyncio.wait([self._flight])

    async def _drain(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[: self._most], self._pending[self._most :]
                await self._settle(batch)
        finally:
            self._flight = None

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        items = [item for item, _ in batch]
        try:
            answers = await retried(lambda: self._run(items))
        except DOWN:
            answers = [DatabaseAway(retry_after=2)] * len(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the callers, and only to those it concerns
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._settle(batch[:middle])
                await self._settle(batch[middle:])
                return
            answers = [error]
        for (_, caller), answer in zip(batch, answers, strict=True):
            if caller.done():
                continue
            if isinstance(answer, BaseException):
                caller.set_exception(answer)
            else:
                caller.set_result(answer)
