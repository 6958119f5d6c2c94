"""Group commit: each caller gets its own answer, whatever becomes of the others."""

import asyncio
from collections.abc import Sequence

import pytest

from feed.batching import Batcher, DatabaseAway, Overloaded


class Poisoned(Exception):
    """One item can never be done."""


class Refused(Exception):
    """One item fails; the others succeed."""


async def test_an_idle_batcher_runs_a_single_item_at_once_and_the_rest_together() -> None:
    ran: list[list[int]] = []
    go_on = asyncio.Event()

    async def run(items: Sequence[int]) -> list[int | Exception]:
        ran.append(list(items))
        await go_on.wait()
        return [item * 10 for item in items]

    batcher: Batcher[int, int] = Batcher(run)
    first = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0.01)
    assert ran == [[1]]
    others = [asyncio.create_task(batcher.submit(item)) for item in (2, 3, 4)]
    await asyncio.sleep(0.01)
    go_on.set()
    assert await asyncio.gather(first, *others) == [10, 20, 30, 40]
    assert ran == [[1], [2, 3, 4]]


async def test_a_poisoned_item_fails_alone() -> None:
    done: list[int] = []

    async def run(items: Sequence[int]) -> list[int | Exception]:
        if 13 in items:
            raise Poisoned
        done.extend(items)
        return list(items)

    batcher: Batcher[int, int] = Batcher(run)
    answers = await asyncio.gather(*(batcher.submit(item) for item in range(40)), return_exceptions=True)
    assert [type(answer) for answer in answers if isinstance(answer, BaseException)] == [Poisoned]
    assert isinstance(answers[13], Poisoned)
    assert sorted(done) == [item for item in range(40) if item != 13]


async def test_a_refusal_is_its_own_callers_alone() -> None:
    async def run(items: Sequence[int]) -> list[int | Exception]:
        return [Refused() if item % 2 else item for item in items]

    batcher: Batcher[int, int] = Batcher(run)
    answers = await asyncio.gather(*(batcher.submit(item) for item in range(6)), return_exceptions=True)
    assert [isinstance(answer, Refused) for answer in answers] == [False, True] * 3


async def test_more_than_can_wait_is_told_to_come_back() -> None:
    go_on = asyncio.Event()

    async def run(items: Sequence[int]) -> list[int | Exception]:
        await go_on.wait()
        return list(items)

    batcher: Batcher[int, int] = Batcher(run, max_batch=2, max_pending=3)
    flying = asyncio.create_task(batcher.submit(0))
    await asyncio.sleep(0.01)
    max_pending = [asyncio.create_task(batcher.submit(item)) for item in (1, 2, 3)]
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded) as refused:
        await batcher.submit(4)
    assert refused.value.params["retry_after"] == 1
    go_on.set()
    assert await asyncio.gather(flying, *max_pending) == [0, 1, 2, 3]


async def test_a_caller_that_goes_away_takes_nobody_with_it() -> None:
    go_on = asyncio.Event()

    async def run(items: Sequence[int]) -> list[int | Exception]:
        await go_on.wait()
        return list(items)

    batcher: Batcher[int, int] = Batcher(run)
    impatient, patient = (asyncio.create_task(batcher.submit(item)) for item in (1, 2))
    await asyncio.sleep(0.01)
    impatient.cancel()
    await asyncio.sleep(0.01)
    go_on.set()
    assert await patient == 2
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_without_the_database_everybody_is_told_to_come_back() -> None:
    async def run(items: Sequence[int]) -> list[int | Exception]:
        raise ConnectionRefusedError

    batcher: Batcher[int, int] = Batcher(run)
    answers = await asyncio.gather(*(batcher.submit(item) for item in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DatabaseAway] * 3


async def test_closing_waits_for_what_was_submitted() -> None:
    done: list[int] = []

    async def run(items: Sequence[int]) -> list[int | Exception]:
        await asyncio.sleep(0)
        done.extend(items)
        return list(items)

    batcher: Batcher[int, int] = Batcher(run, max_batch=2)
    callers = [asyncio.create_task(batcher.submit(item)) for item in range(5)]
    await asyncio.sleep(0)
    await batcher.close()
    assert done == [0, 1, 2, 3, 4]
    assert await asyncio.gather(*callers) == done


async def test_closing_gives_up_what_does_not_end_and_its_callers_get_an_error() -> None:
    async def run(items: Sequence[int]) -> list[int | Exception]:
        await asyncio.Event().wait()
        return list(items)

    batcher: Batcher[int, int] = Batcher(run, max_batch=2)
    callers = [asyncio.create_task(batcher.submit(item)) for item in range(5)]
    await asyncio.sleep(0)
    await batcher.close(within=0.01)
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(answer) for answer in answers] == [DatabaseAway] * 5
