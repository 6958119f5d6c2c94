"""Concurrent writes on one post through several processes: every counter equals the number of its rows."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from random import Random

import pytest
from redis.asyncio import Redis

from feed.keys.store import Keys
from feed.postgres import open_pool
from feed.settings import Settings
from tests.support import make
from tests.support.boards import assert_same, settle
from tests.support.square import Square, miscounted, square

PROCESSES = 3
PEOPLE = 12
OPERATIONS = 900


@pytest.fixture
async def processes(settings: Settings, database: str, redis: Redis, keys: Keys) -> AsyncIterator[list[Square]]:
    """Applications with their own pools and batchers, on the same servers."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(PROCESSES):
            # On a busy machine a batch takes longer than a request may: counters are the subject here, not time limits.
            pool = await open_pool(database, size=6, statement_seconds=60)
            stack.callback(pool.terminate)
            made.append(await stack.enter_async_context(square(settings, pool, redis, keys)))
        yield made


@pytest.mark.parametrize("seed", range(2))
async def test_parallel_writes_keep_counters_exact(processes: list[Square], redis: Redis, seed: int) -> None:
    random = Random(seed)
    pool = processes[0].app_state.pool
    campaign = await make.campaign(pool)
    people = [f"p{n}" for n in range(PEOPLE)]
    for name in (*people, "reviewer 1", "reviewer 2", "reviewer"):
        await processes[0].id_of(name)
    # One post with most writes and two more, so that batches contain several posts in any order.
    posts = [await processes[0].publish(people[n]) for n in range(3)]
    comments = [(await processes[0].comment(people[n], posts[0]))[1] for n in range(4)]
    statuses: Counter[int] = Counter()

    async def run_operation() -> None:
        at, name, post = random.choice(processes), random.choice(people), random.choice((posts[0], *posts))
        comment = random.choice(comments)
        match random.choices(range(8), (30, 20, 15, 10, 8, 6, 8, 3))[0]:
            case 0:
                status, _ = await at.do(name, "PUT", f"/posts/{post}/like")
            case 1:
                status, _ = await at.do(name, "DELETE", f"/posts/{post}/like")
            case 2:
                status, made = await at.comment(name, post)
                comments.extend([made] if made else [])
            case 3:
                status, made = await at.comment(name, posts[0], reply_to=comment)
                comments.extend([made] if made else [])
            case 4:
                owner = await pool.fetchval(
                    "SELECT sub FROM accounts JOIN comments ON author_id = accounts.id WHERE comments.id = $1",
                    int(comment),
                )
                status, _ = await at.do(owner, "DELETE", f"/comments/{comment}")
            case 5:
                verdict = random.choice(("remove", "restore"))
                status = await at.judge("comment", comment, verdict, by=f"reviewer {random.randint(1, 2)}")
            case 6:
                status, _ = await at.do(name, random.choice(("PUT", "DELETE")), f"/comments/{comment}/like")
            case _:
                statuses[await at.judge("post", post, "remove")] += 1
                # Restored at once: writes on a removed post are rejected and would not race.
                status = await at.judge("post", post, "restore")
        statuses[status] += 1

    async def run() -> None:
        for _ in range(OPERATIONS // 30):
            await run_operation()

    await asyncio.gather(*(run() for _ in range(30)))
    assert await miscounted(pool) == []
    assert max(statuses) < 500, statuses
    assert statuses[200] > OPERATIONS / 3, statuses
    await settle(pool, redis)
    await assert_same(pool, redis, [campaign])


async def test_a_concurrent_removal_and_deletion_of_a_comment_count_once(processes: list[Square]) -> None:
    first, second, _ = processes
    pool = first.app_state.pool
    await first.id_of("reviewer")
    post = await first.publish("小明")
    _, root = await first.comment("小红", post)
    for _ in range(8):
        _, comment = await first.comment("小红", post)
        _, reply = await first.comment("小红", post, reply_to=root)
        for id_ in (comment, reply):
            removed, (deleted, _) = await asyncio.gather(
                first.judge("comment", id_, "remove"), second.do("小红", "DELETE", f"/comments/{id_}")
            )
            assert deleted == 204
            assert removed in (200, 409)
        assert await miscounted(pool) == []
    row = await pool.fetchrow("SELECT comment_count FROM post_stats WHERE post_id = $1", int(post))
    assert row is not None
    assert row["comment_count"] == 1
    assert await pool.fetchval("SELECT count(*) FROM comments WHERE state = 'deleted'") == 16


async def test_concurrent_likes_and_unlikes_keep_the_count_exact(processes: list[Square]) -> None:
    first = processes[0]
    post = await first.publish("小明")
    people = [f"p{n}" for n in range(PEOPLE)]
    for name in people:
        await first.id_of(name)
    for method, wanted in (("PUT", PEOPLE), ("DELETE", 0), ("PUT", PEOPLE)):
        answers = await asyncio.gather(
            *(at.person(name)(method, f"/posts/{post}/like") for name in people for at in processes)
        )
        assert {answer.status_code for answer in answers} == {200}
        assert await first.app_state.pool.fetchval("SELECT like_count FROM post_stats") == wanted
        # Each response has a count between the first and the last.
        counts = [answer.json()["like_count"] for answer in answers]
        assert wanted in counts
        assert all(0 <= count <= PEOPLE for count in counts)
    assert await first.app_state.pool.fetchval("SELECT count(*) FROM past_likes") == PEOPLE
