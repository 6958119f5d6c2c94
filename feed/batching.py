"""Group commit: the writes of many callers in one statement.

An item joins the pending batch. While a batch is running the next one fills; an idle batcher runs a single item at once,
so there is no delay at low load. Each caller gets its own result or error after the commit of the batch.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from feed.errors import Unavailable
from feed.postgres import UNAVAILABLE, note_commit, with_retries
from feed.tasks import stop_tasks

# Longer than a statement without conflicts takes on a busy server.
CLOSE_SECONDS = 2.0

Item = TypeVar("Item")
Result = TypeVar("Result")


class Overloaded(Unavailable):
    """The queue is full."""


class DatabaseAway(Unavailable):
    """The database is unavailable; the request may be retried."""


class Batcher(Generic[Item, Result]):
    """Coalesces the items of many callers into calls of `run`.

    `run` takes items in order of arrival and returns, in the same order, a result or an exception for each item. It must be
    one transaction: when it raises, it is run again on halves of the batch until the failing item is isolated. A batcher that
    only reads says so with `writes=False`: what has written is not repeated as a part of its caller.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_batch: int = 256,
        max_pending: int = 10_000,
        writes: bool = True,
    ) -> None:
        self._writes = writes
        self._run = run
        self._max_batch = max_batch
        self._max_pending = max_pending
        self._pending: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """The result of `item` after the commit of its batch.

        Raises the item's own error, Overloaded when the queue is full, DatabaseAway when Postgres is unavailable.
        """
        if len(self._pending) >= self._max_pending:
            raise Overloaded(retry_after=1)
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.append((item, result))
        if self._running is None:
            self._running = asyncio.create_task(self._run_batches())
        # Only the future is awaited, so cancelling one caller does not cancel the batch.
        answer = await result
        if self._writes:
            note_commit()
        return answer

    async def close(self, *, within: float = CLOSE_SECONDS) -> None:
        """Waits for all submitted items; for those that are not done after `within` seconds, `submit` raises DatabaseAway."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        while self._running is not None and (left := until - loop.time()) > 0:
            await asyncio.wait([self._running], timeout=left)
        if self._running is not None:
            await stop_tasks(self._running)

    async def _run_batches(self) -> None:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        try:
            while self._pending:
                batch, self._pending = self._pending[: self._max_batch], self._pending[self._max_batch :]
                await self._run_batch(batch)
        finally:
            left, self._pending, self._running = [*batch, *self._pending], [], None
            for _, caller in left:
                if not caller.done():
                    caller.set_exception(DatabaseAway(retry_after=2))

    async def _run_batch(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        items = [item for item, _ in batch]
        try:
            results = await with_retries(lambda: self._run(items))
        except UNAVAILABLE:
            results = [DatabaseAway(retry_after=2)] * len(batch)
        except Exception as error:  # noqa: BLE001 - raised to the callers of the failing items
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._run_batch(batch[:middle])
                await self._run_batch(batch[middle:])
                return
            results = [error]
        for (_, caller), result in zip(batch, results, strict=True):
            if caller.done():
                continue
            if isinstance(result, BaseException):
                caller.set_exception(result)
            else:
                caller.set_result(result)
