"""Exact counters, and one change for each update of them."""

from feed.changes import store
from feed.changes.store import Delta, Stats
from feed.postgres import Connection
from tests.support import make


async def test_a_new_post_has_counters_and_a_change(conn: Connection) -> None:
    await store.add_stats(conn, [1])
    assert await store.list_stats(conn, [1, 2]) == {1: Stats(1, 0, 0, 0, 0, 1)}
    assert [tuple(row) for row in await conn.fetch("SELECT post_id, version FROM changes")] == [(1, 1)]


async def test_several_deltas_of_one_post_are_one_version_and_one_change(conn: Connection) -> None:
    post_id = await make.post(conn)
    other = await make.post(conn)
    changed = await store.change_stats(
        conn, [Delta(post_id, likes=2, own_likes=1), Delta(post_id, likes=-1, comments=1), Delta(other)]
    )
    assert changed == {post_id: Stats(post_id, 1, 1, 1, 0, 2), other: Stats(other, 0, 0, 0, 0, 2)}
    rows = await conn.fetch("SELECT post_id, version FROM changes ORDER BY post_id")
    assert [tuple(row) for row in rows] == sorted([(post_id, 2), (other, 2)])


async def test_nothing_changes_without_deltas_or_posts(conn: Connection) -> None:
    assert await store.change_stats(conn, []) == {}
    assert await store.change_stats(conn, [Delta(404, likes=1)]) == {}
    assert await conn.fetchval("SELECT count(*) FROM changes") == 0


async def test_locking_returns_the_known_posts(conn: Connection) -> None:
    post_id = await make.post(conn)
    assert list(await store.lock_stats(conn, [404, post_id])) == [post_id]


async def test_a_post_s_changes_are_numbered_in_the_order_of_its_versions(conn: Connection) -> None:
    # Sessions cache the sequence, so ids may be in another order than versions.
    await conn.execute(
        "INSERT INTO changes (post_id, id, version) VALUES (1, 30, 1), (1, 20, 2), (1, 10, 3), (2, 25, 1)"
    )
    assert await store.number_changes(conn) == 4
    log = await store.list_changes(conn, 0, 10)
    assert [(change.post_id, change.version) for change in log if change.post_id == 1] == [(1, 1), (1, 2), (1, 3)]
    assert [change.number for change in log] == [1, 2, 3, 4]


async def test_a_backlog_is_numbered_in_batches(conn: Connection) -> None:
    await conn.execute("INSERT INTO changes (post_id, id, version) SELECT n, n, 1 FROM generate_series(1, 25) AS n")
    assert [await store.number_changes(conn, limit=10) for _ in range(4)] == [10, 10, 5, 0]
    assert [change.post_id for change in await store.list_changes(conn, 0, 100)] == list(range(1, 26))
    assert await store.list_changes(conn, 22, 2) == (await store.list_changes(conn, 0, 100))[22:24]


async def test_numbers_are_not_reused_after_the_log_is_emptied(conn: Connection) -> None:
    await store.add_stats(conn, [1])
    await store.number_changes(conn)
    await conn.execute("DELETE FROM change_log")
    assert await store.get_last_number(conn) == 1
    await store.change_stats(conn, [Delta(1)])
    await store.number_changes(conn)
    assert [change.number for change in await store.list_changes(conn, 0, 10)] == [2]


async def test_trimming_keeps_the_newest_row(conn: Connection) -> None:
    for post_id in (1, 2, 3):
        await store.add_stats(conn, [post_id])
    await store.number_changes(conn)
    await conn.execute("UPDATE change_log SET numbered_at = now() - interval '2 hours'")
    assert await store.trim_log(conn, hours=1) == 2
    assert [change.number for change in await store.list_changes(conn, 0, 10)] == [3]
    assert await store.trim_log(conn, hours=1) == 0
