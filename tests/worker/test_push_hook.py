"""Each message reaches the push hook: at least once, signed, and as long as it takes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.inbox import store as inbox
from feed.inbox.model import NewNotification
from feed.inbox.push_actions import retry_all_pushes
from feed.links import Links
from feed.postgres import transaction
from feed.webhooks import MAX_TRIES, read_hook
from feed.worker import retention
from feed.worker.push_hook import PushClient, send_pushes, watch_pushes
from feed.worker.schedule import SCHEDULE
from feed.worker.state import WorkerState
from tests.support import make
from tests.support.notifications import Town
from tests.support.push_receiver import SECRET, Answer, Receiver, receiving
from tests.support.waiting import HANG_SECONDS, becomes
from tests.support.worker import running

PUSHING = tuple(entry for entry in SCHEDULE if "push" in entry.name)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
async def hooked(worker_state: WorkerState, receiver: Receiver) -> AsyncIterator[WorkerState]:
    """A worker state with a hook that a worker serves."""
    client = client_of(receiver.url)
    worker_state = worker_state._replace(push=client)
    await watch_pushes(worker_state.pool, worker_state.push)
    yield worker_state
    await client.close()


def client_of(url: str) -> PushClient:
    hook = read_hook(url, SECRET)
    assert hook is not None
    return PushClient(hook)


async def add_notifications(worker_state: WorkerState, count: int = 1, to: AccountId | None = None) -> AccountId:
    """Adds notifications to an account, a new one by default."""
    reader = to or await make.account(worker_state.pool)
    async with transaction(worker_state.pool) as conn:
        await inbox.add_notifications(
            conn,
            [
                NewNotification(
                    reader,
                    "prize",
                    "prize.undone.draw",
                    {"campaign": f"抽奖{n}", "contact": None},
                    f"prize:{n}",
                    "/prizes/1",
                )
                for n in range(count)
            ],
        )
    return reader


async def hurry(worker_state: WorkerState) -> None:
    """Lets everything that waits be due."""
    await worker_state.pool.execute("UPDATE pushes SET due_at = now() WHERE state = 'waiting'")
    await worker_state.pool.execute("UPDATE push_hook SET probe_at = now()")


async def states(worker_state: WorkerState) -> list[tuple[Any, ...]]:
    rows = await worker_state.pool.fetch("SELECT state, tries, error_code FROM pushes ORDER BY inbox_id")
    return [tuple(row) for row in rows]


async def waits(hooked: WorkerState) -> tuple[float, float]:
    """Seconds until the only push is tried again: since it was tried last, and from now on. What was decided lies between them."""
    row = await hooked.pool.fetchrow(
        """
        SELECT extract(epoch FROM due_at - tried_at)::float8 AS since_try, extract(epoch FROM due_at - now())::float8 AS left
        FROM pushes
        """
    )
    assert row is not None
    return row["since_try"], row["left"]


async def test_a_message_is_pushed_signed_and_names_its_reader_as_the_app_does(
    hooked: WorkerState, receiver: Receiver
) -> None:
    reader = await add_notifications(hooked)
    assert await send_pushes(hooked.pool, hooked.push) is False
    (received,) = receiver.received
    account = await hooked.pool.fetchrow("SELECT iss, sub FROM accounts WHERE id = $1", reader)
    assert account is not None
    inbox_id = await hooked.pool.fetchval("SELECT id FROM inbox")
    assert received.signed
    assert received.id == received.body["id"] == str(inbox_id)
    assert received.body["user"] == {"id": str(reader), "iss": account["iss"], "sub": account["sub"]}
    assert {name: received.body[name] for name in ("kind", "title", "body", "deep_link", "unread_count")} == {
        "kind": "prize",
        "title": "“抽奖0”活动的结果已撤销",
        "body": "公示期内有异议成立，本次结果已撤销，原中奖资格不再有效，活动将重新核定中奖名单。如有疑问，请联系主办方。",
        "deep_link": "/prizes/1",
        "unread_count": 1,
    }
    # With these the receiver may use its own words.
    assert received.body["template"] == "prize.undone.draw"
    assert received.body["params"] == {"campaign": "抽奖0", "contact": None}
    await hurry(hooked)
    await send_pushes(hooked.pool, hooked.push)
    assert await states(hooked) == [("delivered", 1, None)]
    assert len(receiver.received) == 1


async def test_without_a_hook_messages_leave_no_pushes(worker_state: WorkerState) -> None:
    await watch_pushes(worker_state.pool, worker_state.push)
    await add_notifications(worker_state)
    assert await send_pushes(worker_state.pool, worker_state.push) is False
    assert await states(worker_state) == []


async def test_a_receiver_that_fails_first_hears_the_same_push_again(hooked: WorkerState, receiver: Receiver) -> None:
    receiver.script = [Answer(500), Answer(307, (("location", receiver.url),))]
    await add_notifications(hooked)
    await send_pushes(hooked.pool, hooked.push)
    since_try, left = await waits(hooked)
    assert since_try > 7
    assert left <= 12
    assert await send_pushes(hooked.pool, hooked.push) is False
    for _ in range(2):
        await hurry(hooked)
        await send_pushes(hooked.pool, hooked.push)
    assert len(receiver.received) == 3
    assert len(set(receiver.ids)) == 1
    assert all(each.signed for each in receiver.received)
    assert await states(hooked) == [("delivered", 3, None)]


async def test_a_receiver_that_takes_it_and_says_nothing_is_not_waited_for(
    hooked: WorkerState, receiver: Receiver
) -> None:
    receiver.script = [Answer(after_seconds=2 * HANG_SECONDS)]
    await add_notifications(hooked)
    async with asyncio.timeout(HANG_SECONDS):
        await send_pushes(hooked.pool, hooked.push)
    (state,) = await states(hooked)
    assert state[:2] == ("waiting", 1)
    await hurry(hooked)
    await send_pushes(hooked.pool, hooked.push)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.received) == 2


async def test_gone_is_final_until_somebody_tries_it_again(hooked: WorkerState, receiver: Receiver) -> None:
    receiver.script = [Answer(410), Answer(404)]
    await add_notifications(hooked, 2)
    await send_pushes(hooked.pool, hooked.push)
    await hurry(hooked)
    await send_pushes(hooked.pool, hooked.push)
    assert {state for state, *_ in await states(hooked)} == {"dead"}
    assert len(receiver.received) == 2

    assert await retry_all_pushes(hooked.pool, by=None) == 2
    await send_pushes(hooked.pool, hooked.push)
    assert {state for state, *_ in await states(hooked)} == {"delivered"}
    assert sorted(receiver.ids[:2]) == sorted(receiver.ids[2:])
    assert await hooked.pool.fetchval("SELECT detail ->> 'count' FROM audit WHERE action = 'push.retry_all'") == "2"
    assert await retry_all_pushes(hooked.pool, by=None) == 0


async def test_after_its_last_try_a_push_is_dead(hooked: WorkerState, receiver: Receiver) -> None:
    receiver.always = Answer(503)
    await add_notifications(hooked)
    await hooked.pool.execute("UPDATE pushes SET tries = $1", MAX_TRIES - 1)
    await send_pushes(hooked.pool, hooked.push)
    assert await states(hooked) == [("dead", MAX_TRIES, "status_503")]


async def test_a_receiver_that_asks_for_patience_gets_it(hooked: WorkerState, receiver: Receiver) -> None:
    receiver.script = [Answer(429, (("retry-after", "300"),))]
    reader = await add_notifications(hooked)
    await send_pushes(hooked.pool, hooked.push)
    since_try, left = await waits(hooked)
    assert since_try > 290
    assert left <= 300
    # Nor is it asked by others' pushes.
    async with transaction(hooked.pool) as conn:
        await inbox.add_notifications(conn, [NewNotification(reader, "system", "prize.codes", {}, "another")])
    await send_pushes(hooked.pool, hooked.push)
    assert len(receiver.received) == 1


async def test_a_receiver_that_is_down_is_probed_and_not_stormed(worker_state: WorkerState, receiver: Receiver) -> None:
    absent = worker_state._replace(push=client_of("http://127.0.0.1:9/hook"))
    await watch_pushes(absent.pool, absent.push)
    await add_notifications(absent, 40)
    for _ in range(10):
        await send_pushes(absent.pool, absent.push)
    tries = sum(tries for _, tries, _ in await states(absent))
    assert tries == 10
    await absent.pool.execute("UPDATE push_hook SET probe_at = now()")
    for _ in range(5):
        await send_pushes(absent.pool, absent.push)
    assert sum(tries for _, tries, _ in await states(absent)) == tries + 1

    back = worker_state._replace(push=client_of(receiver.url))
    await hurry(back)
    await send_pushes(back.pool, back.push)
    assert len(receiver.received) == 1
    while await send_pushes(back.pool, back.push):
        pass
    assert {state for state, *_ in await states(back)} == {"delivered"}
    assert len(set(receiver.ids)) == len(receiver.ids) == 40
    assert receiver.most_at_once <= 10


async def test_what_was_taken_back_is_not_pushed(hooked: WorkerState, receiver: Receiver) -> None:
    reader = await add_notifications(hooked, 2)
    async with transaction(hooked.pool) as conn:
        await inbox.remove_notifications(conn, [(reader, "prize:0")])
    await send_pushes(hooked.pool, hooked.push)
    assert [each.body["title"] for each in receiver.received] == ["“抽奖1”活动的结果已撤销"]
    assert await states(hooked) == [("retracted", 1, None), ("delivered", 1, None)]


async def test_nothing_is_pushed_to_the_erased_and_the_banned(hooked: WorkerState, receiver: Receiver) -> None:
    banned, erased = await add_notifications(hooked), await add_notifications(hooked)
    await make.ban(hooked.pool, banned)
    await hooked.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", erased)
    await send_pushes(hooked.pool, hooked.push)
    assert receiver.received == []
    assert {state for state, *_ in await states(hooked)} == {"retracted"}


async def test_likes_of_a_post_ring_at_once_and_then_not_for_each(hooked: WorkerState, receiver: Receiver) -> None:
    town = Town(hooked.pool)
    author, ming = await town.person("作者"), await town.person("小明")
    post = await town.post(author)
    await town.like(post, ming)
    await town.follow()
    await send_pushes(hooked.pool, hooked.push)
    for n in range(3):
        await town.like(post, await town.person(f"读者{n}"))
        await town.follow()
        await send_pushes(hooked.pool, hooked.push)
    assert [each.body["title"] for each in receiver.received] == ["“小明”赞了你的动态"]
    assert [state for state, *_ in await states(hooked)] == ["delivered", "retracted", "retracted", "waiting"]
    wait = await hooked.pool.fetchval("SELECT extract(epoch FROM due_at - now()) FROM pushes WHERE state = 'waiting'")
    assert 50 < wait <= 60
    await hurry(hooked)
    await send_pushes(hooked.pool, hooked.push)
    assert receiver.received[-1].body["title"] == "“读者2”等4人赞了你的动态"
    assert receiver.received[-1].body["subject"]["post_id"] == str(post)
    assert len(set(receiver.ids)) == 2


async def test_two_workers_push_each_message_once(hooked: WorkerState, database: str, receiver: Receiver) -> None:
    await add_notifications(hooked, 60)
    async with running(hooked, database, PUSHING), running(hooked, database, PUSHING):

        async def all_delivered() -> bool:
            return {state for state, *_ in await states(hooked)} == {"delivered"}

        await becomes(all_delivered)
    assert len(set(receiver.ids)) == len(receiver.ids) == 60


async def test_a_worker_killed_before_it_records_leaves_the_push_to_another(
    hooked: WorkerState, database: str, redis_url: str, receiver: Receiver, tmp_path: Path
) -> None:
    await add_notifications(hooked)
    environ = {
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": redis_url,
        "FEED_KEYS_DIR": str(tmp_path / "keys"),
        "FEED_PUSH_HOOK_URL": receiver.url,
        "FEED_PUSH_HOOK_SECRET": SECRET,
    }
    dying = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.killed_pushing", env={**os.environ, **environ}
    )
    async with asyncio.timeout(HANG_SECONDS):
        assert await dying.wait() == -signal.SIGKILL
    assert await states(hooked) == [("waiting", 1, None)]
    assert await send_pushes(hooked.pool, hooked.push) is False
    assert len(receiver.received) == 1

    await hurry(hooked)  # The lease ends.
    await send_pushes(hooked.pool, hooked.push)
    assert await states(hooked) == [("delivered", 2, None)]
    assert len(receiver.received) == 2
    assert len(set(receiver.ids)) == 1


async def test_what_was_delivered_is_forgotten_after_a_week(hooked: WorkerState) -> None:
    await add_notifications(hooked, 3)
    await send_pushes(hooked.pool, hooked.push)
    for n, (state, days) in enumerate((("delivered", 8), ("dead", 8), ("delivered", 6))):
        await hooked.pool.execute(
            "UPDATE pushes SET state = $2, ended_at = now() - make_interval(days => $3) WHERE once_key = $1",
            f"prize:{n}",
            state,
            days,
        )
    await retention.remove_old_pushes(hooked)
    assert sorted(state for state, *_ in await states(hooked)) == ["dead", "delivered"]


async def test_a_push_has_the_address_that_the_site_has_set(worker_state: WorkerState, receiver: Receiver) -> None:
    hook = read_hook(receiver.url, SECRET)
    assert hook is not None
    client = PushClient(hook, Links(deep="city://feed/{path}"))
    await watch_pushes(worker_state.pool, client)
    await add_notifications(worker_state)
    await send_pushes(worker_state.pool, client)
    await client.close()
    (received,) = receiver.received
    assert received.body["deep_link"] == "city://feed/prizes/1"
