"""The Lua scripts of a board: versions, floors, guards and rebuilds, for any order of writes."""

import itertools
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import pytest
from redis.asyncio import Redis

from feed.boards import redis_store
from feed.boards.model import Position, Row
from feed.boards.redis_store import Guard, Item

BOARD, EPOCH = "c7", "e"
AT = datetime(2026, 9, 1, 8, 30, 0, 123456, tzinfo=UTC)


def row(post_id: int, score: int, *, likes: int = 0) -> Row:
    return Row(post_id, 1, score, likes, 0, AT, Decimal("87.500000"))


def item(post_id: int, version: int, score: int) -> Item:
    return Item(post_id, version, row(post_id, score))


async def make_ready(redis: Redis, *items: Item, number: int = 10, least: int | None = None) -> None:
    assert await redis_store.begin_building(redis, BOARD, EPOCH, step=0, floor=number)
    assert await redis_store.write(redis, BOARD, EPOCH, items, read_at=number, guard=Guard("built", 0, 1)) == []
    position = Position(number, "s")
    assert await redis_store.finish_building(redis, BOARD, EPOCH, step=1, position=position, least=least)


async def write(redis: Redis, *items: Item, read_at: int = 10, guard: Guard | None = None) -> list[int] | None:
    if guard is None:
        return await redis_store.write(redis, BOARD, EPOCH, items, read_at=read_at)
    return await redis_store.write(redis, BOARD, EPOCH, items, read_at=read_at, guard=guard)


async def top(redis: Redis, limit: int = 100) -> list[tuple[int, int]] | None:
    rows = await redis_store.top(redis, BOARD, epoch=EPOCH, limit=limit)
    return None if rows is None else [(row.post_id, row.score) for row in rows]


async def number_of(redis: Redis) -> int | None:
    meta = await redis_store.find_meta(redis, BOARD, EPOCH)
    return None if meta is None else meta.position.number


async def test_a_row_comes_back_as_it_was_written(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50))
    assert await redis_store.top(redis, BOARD, epoch=EPOCH, limit=1) == [row(1, 50)]


async def test_only_a_newer_version_changes_a_row(redis: Redis) -> None:
    await make_ready(redis, item(1, 5, 50))
    for version, score, held in [(5, 99, 50), (4, 99, 50), (6, 60, 60), (5, 99, 60)]:
        assert await write(redis, item(1, version, score)) == []
        assert await top(redis) == [(1, held)]


async def test_versions_are_compared_as_numbers(redis: Redis) -> None:
    await make_ready(redis, item(1, 9, 50))
    await write(redis, item(1, 10, 60))
    assert await top(redis) == [(1, 60)]


@pytest.mark.parametrize("seed", range(5))
async def test_writes_in_any_order_and_repeated_give_the_same_board(redis: Redis, seed: int) -> None:
    dice = random.Random(seed)
    history = [
        Item(post_id, version, None if dice.random() < 0.3 else row(post_id, dice.randrange(5)))
        for post_id, version in itertools.product(range(1, 6), range(1, 6))
    ]
    writes = history + dice.choices(history, k=30)
    dice.shuffle(writes)
    await make_ready(redis, number=0)
    while writes:
        batch = [writes.pop() for _ in range(min(len(writes), dice.randrange(1, 4)))]
        assert await write(redis, *{each.post_id: each for each in batch}.values()) == []
        for each in batch:
            await write(redis, each)
    last = [each.row for each in history if each.version == 5 and each.row is not None]
    assert sorted(await top(redis) or []) == sorted((each.post_id, each.score) for each in last)
    meta = await redis_store.find_meta(redis, BOARD, EPOCH)
    assert meta is not None
    assert meta.ranks == len(last)


async def test_a_late_write_does_not_bring_a_removed_post_back(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50))
    await write(redis, Item(1, 3, None))
    await write(redis, item(1, 2, 99))
    assert await top(redis) == []
    await write(redis, item(1, 4, 40))
    assert await top(redis) == [(1, 40)]


async def test_after_a_tombstone_is_dropped_rows_read_before_it_are_rejected(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50), number=10)
    await write(redis, Item(1, 3, None), read_at=11, guard=Guard("ready", 10, 12))
    await redis_store.forget_tombstones(redis, BOARD, EPOCH)
    assert await redis_store.list_versions(redis, BOARD, EPOCH, [1]) == {}
    assert await write(redis, item(1, 2, 99), read_at=11) == [1]
    assert await top(redis) == []
    assert await write(redis, item(1, 4, 40), read_at=12) == []
    assert await top(redis) == [(1, 40)]


async def test_only_tombstones_are_dropped(redis: Redis) -> None:
    await make_ready(redis, *(item(post_id, 1, post_id) for post_id in range(1, 51)))
    await write(redis, *(Item(post_id, 2, None) for post_id in range(1, 31)))
    meta = await redis_store.find_meta(redis, BOARD, EPOCH)
    assert meta is not None
    assert 25 <= meta.tombstones <= 30
    await redis_store.forget_tombstones(redis, BOARD, EPOCH)
    assert await top(redis) == [(post_id, post_id) for post_id in range(50, 30, -1)]


async def test_the_top_includes_every_tie_with_its_last_row(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 9), item(2, 1, 5), item(3, 1, 5), item(4, 1, 5), item(5, 1, 4))
    found = await top(redis, 2)
    assert found is not None
    assert sorted(found) == [(1, 9), (2, 5), (3, 5), (4, 5)]


async def test_scores_with_fourteen_digits_are_exact(redis: Redis) -> None:
    scores = [41_888_123_456_789, 41_888_123_456_788]
    await make_ready(redis, item(1, 1, scores[1]), item(2, 1, scores[0]))
    assert await top(redis, 1) == [(2, scores[0])]


async def test_a_missing_board_returns_nothing_and_accepts_no_writes(redis: Redis) -> None:
    assert await top(redis) is None
    assert await write(redis, item(1, 1, 50)) is None
    assert await redis.dbsize() == 0


async def test_another_epoch_is_another_board(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50))
    assert await redis_store.top(redis, BOARD, epoch="other", limit=1) is None
    assert await redis_store.top(redis, BOARD, epoch=None, limit=1) is None


async def test_a_board_is_readable_only_after_its_rebuild(redis: Redis) -> None:
    assert await redis_store.begin_building(redis, BOARD, EPOCH, step=7, floor=10)
    assert await write(redis, item(1, 1, 50), guard=Guard("built", 7, 8)) == []
    assert await write(redis, item(2, 1, 50)) is None
    assert await top(redis) is None
    assert not await redis_store.finish_building(redis, BOARD, EPOCH, step=7, position=Position(10), least=None)
    assert await redis_store.finish_building(redis, BOARD, EPOCH, step=8, position=Position(10), least=None)
    assert await top(redis) == [(1, 50)]


async def test_one_process_rebuilds_at_a_time_and_a_lost_step_is_detected(redis: Redis) -> None:
    assert await redis_store.begin_building(redis, BOARD, EPOCH, step=1, floor=10)
    assert await redis_store.is_being_built(redis, BOARD, EPOCH)
    assert not await redis_store.begin_building(redis, BOARD, EPOCH, step=100, floor=10)
    assert await write(redis, item(1, 1, 50), guard=Guard("built", 1, 2)) == []
    await redis.flushdb()
    assert await write(redis, item(2, 1, 50), guard=Guard("built", 2, 3)) is None
    assert await redis_store.begin_building(redis, BOARD, EPOCH, step=100, floor=10)
    assert await write(redis, item(2, 1, 50), guard=Guard("built", 2, 3)) is None
    assert await write(redis, item(1, 1, 50), guard=Guard("built", 100, 101)) == []


async def test_the_position_advances_with_the_write_and_never_decreases(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50), number=10)
    assert await write(redis, item(1, 2, 60), guard=Guard("ready", 10, 15, "t")) == []
    assert await number_of(redis) == 15
    assert await write(redis, guard=Guard("ready", 8, 12, "u")) == []
    assert await number_of(redis) == 15
    meta = await redis_store.find_meta(redis, BOARD, EPOCH)
    assert meta is not None
    assert meta.position == Position(15, "t")


async def test_a_board_behind_the_start_of_a_write_is_not_moved(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50), number=10)
    assert await write(redis, item(1, 2, 60), guard=Guard("ready", 11, 15)) is None
    assert await number_of(redis) == 10
    assert await top(redis) == [(1, 50)]


async def test_the_position_stays_when_an_expected_version_is_missing(redis: Redis) -> None:
    await make_ready(redis, item(1, 5, 50), number=10)
    claims = [Item(1, 5, None, held=True), Item(2, 1, None, held=True)]
    assert await write(redis, *claims, guard=Guard("ready", 10, 15)) == [2]
    assert await write(redis, Item(1, 6, None, held=True), guard=Guard("ready", 10, 15)) == [1]
    assert await number_of(redis) == 10
    assert await write(redis, claims[0], guard=Guard("ready", 10, 15)) == []
    assert await number_of(redis) == 15
    assert await top(redis) == [(1, 50)]


@pytest.mark.parametrize("lost", ["rows", "rank"])
async def test_the_loss_of_one_key_is_detected(redis: Redis, lost: str) -> None:
    await make_ready(redis, item(1, 1, 50), item(2, 1, 40))
    await redis.delete(f"feed:{{{BOARD}}}:{EPOCH}:{lost}")
    assert await top(redis) is None
    assert await redis_store.find_meta(redis, BOARD, EPOCH) is None
    await write(redis, item(1, 2, 60))
    assert await top(redis) is None


async def test_a_trimmed_board_returns_only_ranks_above_the_trimmed_ones(redis: Redis) -> None:
    await make_ready(redis, *(item(post_id, 1, post_id * 10) for post_id in (1, 2, 3, 4)))
    await redis_store.trim(redis, BOARD, EPOCH, keep=3)
    assert await redis_store.find_least(redis, BOARD, EPOCH) == 10
    assert await top(redis, 3) == [(4, 40), (3, 30), (2, 20)]
    assert await top(redis, 4) is None
    await write(redis, item(2, 2, 10))
    assert await top(redis, 3) is None
    assert await top(redis, 2) == [(4, 40), (3, 30)]
    meta = await redis_store.find_meta(redis, BOARD, EPOCH)
    assert meta is not None
    assert (meta.ranks, meta.certain) == (3, 2)


async def test_after_a_trim_rows_read_before_it_are_rejected(redis: Redis) -> None:
    await make_ready(redis, item(1, 5, 10), item(2, 1, 20), number=10)
    await redis_store.trim(redis, BOARD, EPOCH, keep=1)
    assert await write(redis, item(1, 4, 99), read_at=9) == [1]
    assert await write(redis, item(1, 6, 30), read_at=10) == []
    assert await top(redis, 2) == [(1, 30), (2, 20)]


async def test_scripts_are_loaded_again_after_a_script_flush(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50))
    await redis.script_flush()
    assert await top(redis) == [(1, 50)]


async def test_every_key_of_a_board_is_on_one_node(redis: Redis) -> None:
    await make_ready(redis, item(1, 1, 50))
    keys = cast(list[bytes], await redis.keys())
    assert {key.split(b"}")[0] for key in keys} == {b"feed:{c7"}
    assert all([await redis.ttl(key) > 0 for key in keys])
