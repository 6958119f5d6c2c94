"""The end of background tasks: cancelled, waited for, and given up after a time, so that no shutdown waits for ever."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

log = structlog.get_logger("feed.tasks")

STOP_SECONDS = 3.0
# Ending takes milliseconds, but for a task that waits for a server which does not respond.
_AGAIN_SECONDS = 0.5


async def stop_tasks(
    *tasks: "asyncio.Future[Any]", within: float = STOP_SECONDS, again: float = _AGAIN_SECONDS
) -> bool:
    """Cancels tasks and waits until they have ended. Returns whether they have; what goes on or raises is logged.

    A cancellation can get lost: before Python 3.12 `asyncio.wait_for` swallows one that arrives as what it waits for is done, and
    redis-py sends each command with it. So it is repeated after each `again` seconds; a task that cleans up needs more of them.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    stopped = [task for task in tasks if not task.done()]
    running = set(stopped)
    while running and (left := until - loop.time()) > 0:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=min(left, again))
    for task in running:
        log.error("task does not end", task=_name_of(task))
    _log_errors(task for task in stopped if task.done())
    return not running


async def close_all(*, within: float, **closing: Coroutine[Any, Any, object]) -> None:
    """Awaits all at once what closes something. What takes longer than `within` seconds is cancelled and logged, errors are logged."""
    tasks = [asyncio.create_task(each, name=f"close {name}") for name, each in closing.items()]
    done, late = await asyncio.wait(tasks, timeout=within)
    _log_errors(done)
    for task in late:
        log.warning("not closed in time", task=task.get_name())
    await stop_tasks(*late, within=2 * _AGAIN_SECONDS)


def _log_errors(tasks: "Iterable[asyncio.Future[Any]]") -> None:
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        # A `gather` that was cancelled has the cancellation of its first child as its error.
        if error is not None and not isinstance(error, asyncio.CancelledError):
            log.error("task failed", task=_name_of(task), exc_info=error)


def _name_of(task: "asyncio.Future[Any]") -> str:
    return task.get_name() if isinstance(task, asyncio.Task) else "several"
