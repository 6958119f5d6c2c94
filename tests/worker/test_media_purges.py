"""What stops to be public is purged from the CDN: at least once, signed, with a receipt, and visibly if it is not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from asyncpg import Pool, Record

from feed.media import purge_store, purges, removal_store
from feed.media.model import PurgeNotDead, PurgeNotFound
from feed.media.purge_store import PurgeAttempt
from feed.observability.metrics import PURGES_DEAD
from feed.postgres import transaction
from feed.webhooks import MAX_TRIES, InvalidHookSettings, read_hook
from feed.worker.media_purges import PurgeClient, call_of, send_purges, watch_purges
from tests.support import make, make_media
from tests.support.push_receiver import SECRET, Answer, Receiver, receiving

BASE = "https://cdn.example/media"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
async def client(receiver: Receiver) -> AsyncIterator[PurgeClient]:
    hook = read_hook(receiver.url, SECRET, setting="FEED_CDN_PURGE")
    assert hook is not None
    opened = PurgeClient(hook, BASE)
    yield opened
    await opened.close()


async def hide(pool: "Pool[Record]", count: int = 1) -> list[int]:
    owner, post_id = await make.account(pool), await make.post(pool)
    media_ids = [await make_media.medium(pool, owner, post_id=post_id) for _ in range(count)]
    async with transaction(pool) as conn:
        assert await purges.enqueue(conn, media_ids, "hidden") == count
    return media_ids


async def hurry(pool: "Pool[Record]") -> None:
    """Lets everything that waits be due."""
    await pool.execute("UPDATE media_purges SET due_at = now() WHERE state = 'waiting'")
    await pool.execute("UPDATE purge_hook SET probe_at = now()")


async def states(pool: "Pool[Record]") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await pool.fetch("SELECT state, tries, error_code FROM media_purges ORDER BY id")]


async def test_every_published_address_is_purged_and_once_more_for_responses_on_their_way(
    pool: "Pool[Record]", client: PurgeClient, receiver: Receiver
) -> None:
    (media_id,) = await hide(pool)
    key = await pool.fetchval("SELECT key FROM media WHERE id = $1", media_id)
    assert await send_purges(pool, client) is True
    assert await send_purges(pool, client) is False
    (call,) = receiver.received
    assert call.signed
    assert call.body["urls"] == [f"{BASE}/{key}/full.webp", f"{BASE}/{key}/list.webp"]
    assert call.body["media"] == [{"media_id": str(media_id), "reason": "hidden"}]
    assert call.id == call.body["id"]
    row = await pool.fetchrow("SELECT state, receipt, purged_at, ended_at FROM media_purges")
    assert row is not None
    assert (row["state"], row["receipt"], row["ended_at"]) == ("waiting", "204 ", None)
    assert row["purged_at"] is not None
    await hurry(pool)
    await send_purges(pool, client)
    assert receiver.received[1].body["urls"] == call.body["urls"]
    assert receiver.received[1].id != call.id
    assert await states(pool) == [("delivered", 2, None)]
    await hurry(pool)
    assert await send_purges(pool, client) is False


async def test_a_removal_and_its_purge_are_committed_together(pool: "Pool[Record]") -> None:
    media_id = await make_media.medium(pool, await make.account(pool), used_as="avatar")

    async def act(*, fails: bool) -> None:
        async with transaction(pool) as conn:
            await removal_store.mark_removed(conn, [media_id], "replaced")
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        await act(fails=True)
    assert await states(pool) == []
    await act(fails=False)
    assert await states(pool) == [("waiting", 0, None)]


async def test_a_hundred_addresses_are_one_call(pool: "Pool[Record]", client: PurgeClient, receiver: Receiver) -> None:
    await hide(pool, 60)
    while await send_purges(pool, client):
        pass
    assert [len(each.body["urls"]) for each in receiver.received] == [100, 20]


async def test_without_a_hook_purges_wait_and_one_is_set_up_later(
    pool: "Pool[Record]", client: PurgeClient, receiver: Receiver
) -> None:
    await hide(pool)
    assert await send_purges(pool, None) is False
    await send_purges(pool, client)
    assert len(receiver.received) == 1


async def test_a_failed_purge_is_retried_under_the_same_id_until_it_is_dead_and_visible(
    pool: "Pool[Record]", client: PurgeClient, receiver: Receiver
) -> None:
    await hide(pool)
    receiver.always = Answer(500)
    for tries in range(1, MAX_TRIES + 1):
        assert [each[:2] for each in await states(pool)] == [("waiting", tries - 1)]
        await hurry(pool)
        await send_purges(pool, client)
    assert await states(pool) == [("dead", MAX_TRIES, "status_500")]
    assert len(set(receiver.ids)) == 1
    await watch_purges(pool, client)
    assert PURGES_DEAD._value.get() == 1
    # An admin has it sent again.
    purge_id = await pool.fetchval("SELECT id FROM media_purges")
    receiver.always = Answer(200)
    await purges.retry_purge(pool, purge_id, by=None)
    with pytest.raises(PurgeNotDead):
        await purges.retry_purge(pool, purge_id, by=None)
    with pytest.raises(PurgeNotFound):
        await purges.retry_purge(pool, 1, by=None)
    for _ in range(2):
        await hurry(pool)
        await send_purges(pool, client)
    assert [each[0] for each in await states(pool)] == ["delivered"]


async def test_one_purge_that_the_receiver_rejects_keeps_no_other_one(
    pool: "Pool[Record]", client: PurgeClient, receiver: Receiver
) -> None:
    await hide(pool, 3)
    # The call with all three, and then the first one alone.
    receiver.script = [Answer(400), Answer(400)]
    for _ in range(8):
        await send_purges(pool, client)
        await hurry(pool)
    assert sorted(each[0] for each in await states(pool)) == ["dead", "delivered", "delivered"]


async def test_a_receiver_that_is_down_is_probed_and_one_that_asks_for_a_pause_gets_it(
    pool: "Pool[Record]", client: PurgeClient, receiver: Receiver
) -> None:
    await hide(pool)
    receiver.script = [Answer(503, (("retry-after", "600"),))]
    await send_purges(pool, client)
    await pool.execute("UPDATE media_purges SET due_at = now()")
    assert await send_purges(pool, client) is False
    assert len(receiver.received) == 1
    await hurry(pool)
    await send_purges(pool, client)
    assert len(receiver.received) == 2
    assert await pool.fetchval("SELECT failures FROM purge_hook") == 0


async def test_two_workers_send_a_purge_once(pool: "Pool[Record]", client: PurgeClient, receiver: Receiver) -> None:
    await hide(pool, 5)
    await asyncio.gather(*(send_purges(pool, client) for _ in range(4)))
    sent = [url for each in receiver.received for url in each.body["urls"]]
    assert len(sent) == len(set(sent)) == 10


async def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(
    pool: "Pool[Record]", client: PurgeClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hide(pool)

    async def die(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(purges, "record_accepted", die)
        with pytest.raises(asyncio.CancelledError):
            await send_purges(pool, client)
    assert await send_purges(pool, client) is False
    await hurry(pool)
    await send_purges(pool, client)
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


async def test_delivered_purges_are_kept_for_half_a_year_and_unsent_ones_for_a_month(pool: "Pool[Record]") -> None:
    await hide(pool, 4)
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM media_purges ORDER BY id")]
    ended = "UPDATE media_purges SET state = $2, ended_at = now() - $3::interval, purged_at = now() WHERE id = $1"
    await pool.execute(ended, ids[0], "delivered", timedelta(days=179))
    await pool.execute(ended, ids[1], "delivered", timedelta(days=181))
    await pool.execute(ended, ids[2], "dead", timedelta(days=31))
    async with transaction(pool) as conn:
        await purge_store.remove_old(conn, days=180, waiting_days=30)
    kept = [row["id"] for row in await pool.fetch("SELECT id FROM media_purges ORDER BY id")]
    assert kept == [ids[0], ids[3]]


def test_the_id_of_a_call_is_the_same_for_the_same_purges_only() -> None:
    def attempt(purge_id: int, *, tries: int = 1, purged: bool = False) -> PurgeAttempt:
        return PurgeAttempt(purge_id, 7, "hidden", ["k/list.webp"], tries, purged)

    first = call_of([attempt(1)], BASE).id
    assert first == call_of([attempt(1, tries=3)], BASE).id
    assert len({first, call_of([attempt(2)], BASE).id, call_of([attempt(1, purged=True)], BASE).id}) == 3


def test_settings_of_the_hook_are_named_when_they_are_wrong() -> None:
    with pytest.raises(InvalidHookSettings, match="FEED_CDN_PURGE_URL"):
        read_hook("http://cdn.example/purge", SECRET, setting="FEED_CDN_PURGE")
    with pytest.raises(InvalidHookSettings, match="FEED_CDN_PURGE_SECRET"):
        read_hook("https://cdn.example/purge", "short", setting="FEED_CDN_PURGE")
