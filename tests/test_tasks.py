"""Background tasks end, or are given up, whatever they do with a cancellation."""

import asyncio

import pytest
from structlog.testing import capture_logs

from feed.tasks import close_all, stop_tasks


async def swallow(*, times: int, swallowed: list[int]) -> None:
    """Waits for ever, and loses so many cancellations, as `asyncio.wait_for` of Python 3.11 does now and then."""
    for number in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.append(number)
    await asyncio.Event().wait()


async def started(*works: asyncio.Task[None]) -> tuple[asyncio.Task[None], ...]:
    await asyncio.sleep(0)
    return works


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_a_task_that_loses_cancellations_is_cancelled_again(times: int) -> None:
    swallowed: list[int] = []
    (task,) = await started(asyncio.create_task(swallow(times=times, swallowed=swallowed)))
    assert await stop_tasks(task, again=0.01, within=60)
    assert task.cancelled()
    assert swallowed == [*range(times)]


async def test_a_task_that_never_ends_is_given_up_and_named() -> None:
    stubborn, quick = await started(
        asyncio.create_task(swallow(times=1_000, swallowed=[]), name="stubborn"),
        asyncio.create_task(swallow(times=0, swallowed=[]), name="quick"),
    )
    with capture_logs() as logs:
        assert not await stop_tasks(stubborn, quick, again=0.01, within=0.1)
    assert [(line["event"], line["task"]) for line in logs] == [("task does not end", "stubborn")]
    assert quick.cancelled()
    assert await stop_tasks(stubborn, again=0, within=60)


async def test_a_gathered_task_is_cancelled_again() -> None:
    swallowed: list[int] = []
    both = asyncio.gather(*(swallow(times=1, swallowed=swallowed) for _ in range(2)))
    await asyncio.sleep(0)
    assert await stop_tasks(both, again=0.01, within=60)
    assert swallowed == [0, 0]


async def test_the_end_of_what_was_cancelled_is_no_error() -> None:
    with capture_logs() as logs:
        assert await stop_tasks(
            asyncio.gather(asyncio.sleep(60), asyncio.sleep(60)), asyncio.create_task(asyncio.sleep(60))
        )
    assert logs == []


async def test_what_a_task_raises_at_its_end_is_logged() -> None:
    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("broken")

    async def done() -> None:
        return None

    failing, ended = await started(asyncio.create_task(fail(), name="failing"), asyncio.create_task(done()))
    await ended
    with capture_logs() as logs:
        assert await stop_tasks(failing, ended)
    assert [(line["event"], line["task"]) for line in logs] == [("task failed", "failing")]


async def test_one_that_does_not_close_or_fails_keeps_no_other_from_closing() -> None:
    closed: list[str] = []

    async def close(name: str) -> None:
        closed.append(name)

    async def fail() -> None:
        raise RuntimeError("broken")

    with capture_logs() as logs:
        await close_all(within=0.2, hanging=swallow(times=1, swallowed=[]), failing=fail(), last=close("last"))
    assert closed == ["last"]
    assert sorted((line["event"], line["task"]) for line in logs) == [
        ("not closed in time", "close hanging"),
        ("task failed", "close failing"),
    ]
