"""Holds: the rules in Python and in SQL, and what setting and lifting each does to lists and counters."""

from itertools import product
from typing import NamedTuple, get_args

import pytest

from feed.cases.holds import NONE, Hold, State, is_visible, shown_state
from feed.comments import hide_show as comments
from feed.postgres import Connection, Pool, transaction
from feed.posts import hide_show as posts
from tests.support import make
from tests.support.square import miscounted


class Stored(NamedTuple):
    state: State
    holds: int


EVERY = [Stored(*each) for each in product(get_args(State), range(2 ** len(Hold)))]


async def test_python_and_sql_show_the_same_state(conn: Connection) -> None:
    rows = await conn.fetch(
        "SELECT shown_state(state, holds) FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS given (state, holds, place) ORDER BY place",
        [each.state for each in EVERY],
        [each.holds for each in EVERY],
    )
    assert [row[0] for row in rows] == [shown_state(each) for each in EVERY]


async def test_python_and_the_views_see_the_same_items(pool: Pool) -> None:
    author = await make.account(pool)
    under = await make.post(pool, author)
    for each in EVERY[:: len(EVERY) // 64]:
        post_id = await make.post(pool, author, state=each.state)
        deleted = make.now() if each.state == "deleted" else None
        comment_id = await make.comment(pool, under, author, state=each.state, deleted_at=deleted)
        await pool.execute("UPDATE posts SET holds = $2 WHERE id = $1", post_id, each.holds)
        await pool.execute("UPDATE comments SET holds = $2 WHERE id = $1", comment_id, each.holds)
        assert await pool.fetchval("SELECT EXISTS (SELECT FROM visible_posts WHERE id = $1)", post_id) == is_visible(
            each
        )
        assert await pool.fetchval(
            "SELECT EXISTS (SELECT FROM visible_comments WHERE id = $1)", comment_id
        ) == is_visible(each)


async def a_square(pool: Pool) -> tuple[int, int, int]:
    """A listed post, a root comment of another author, and a reply to it by the post's author, with exact counters."""
    author, other = await make.account(pool), await make.account(pool)
    post_id = await make.post(pool, author)
    root = await make.comment(pool, post_id, other)
    reply = await make.comment(pool, post_id, author)
    await pool.execute("UPDATE comments SET root_id = $2, reply_to_id = $2 WHERE id = $1", reply, root)
    await pool.execute("UPDATE comments SET reply_count = 1 WHERE id = $1", root)
    await pool.execute("UPDATE accounts SET post_count = 1 WHERE id = $1", author)
    await pool.execute(
        "INSERT INTO topic_posts SELECT topic_ids[1], published_at, id FROM posts JOIN post_revisions ON post_id = id"
    )
    assert await miscounted(pool) == []
    return post_id, root, reply


async def change_each(pool: Pool, ids: tuple[int, int, int], *, add: Hold = NONE, remove: Hold = NONE) -> None:
    async with transaction(pool) as conn:
        await posts.change_holds(conn, ids[0], add=add, remove=remove)
    for comment_id in ids[1:]:
        async with transaction(pool) as conn:
            await comments.change_holds(conn, comment_id, add=add, remove=remove)


async def visible(pool: Pool) -> int:
    return int(
        await pool.fetchval("SELECT (SELECT count(*) FROM visible_posts) + (SELECT count(*) FROM visible_comments)")
    )


@pytest.mark.parametrize("hold", list(Hold))
async def test_each_hold_hides_and_its_end_restores_with_exact_counters(pool: Pool, hold: Hold) -> None:
    ids = await a_square(pool)
    other = Hold.REPORT if hold is not Hold.REPORT else Hold.MACHINE
    for add, remove, seen in [
        (hold, NONE, 0),
        (hold, NONE, 0),  # Repeated: one bit, not two.
        (other, NONE, 0),
        (NONE, hold, 0),  # What else hides it stays.
        (NONE, other, 3),
        (NONE, other, 3),
    ]:
        await change_each(pool, ids, add=add, remove=remove)
        assert await visible(pool) == seen
        assert await miscounted(pool) == []


@pytest.mark.parametrize("state", ["removed", "deleted"])
async def test_holds_and_states_hide_independently(pool: Pool, state: State) -> None:
    ids = await a_square(pool)
    await change_each(pool, ids, add=Hold.REPORT)
    async with transaction(pool) as conn:
        await posts.hide_post(conn, ids[0], state=state)
        await comments.hide_comment(conn, ids[1], state=state)
    assert await miscounted(pool) == []
    await change_each(pool, ids, remove=Hold.REPORT)
    assert await miscounted(pool) == []
    assert await visible(pool) == 1
    if state == "removed":
        await change_each(pool, ids, add=Hold.SUBJECT)
        async with transaction(pool) as conn:
            await posts.show_post(conn, ids[0])
            await comments.show_comment(conn, ids[1])
        assert await visible(pool) == 0
        await change_each(pool, ids, remove=Hold.SUBJECT)
        assert await visible(pool) == 3
        assert await miscounted(pool) == []


async def test_many_items_at_once_end_as_one_by_one(pool: Pool) -> None:
    ids = await a_square(pool)
    missing = 1
    async with transaction(pool) as conn:
        await posts.change_holds_of(conn, [ids[0], missing], add=Hold.AUTHOR)
        changed = await comments.change_holds_of(conn, [*ids[1:], missing], add=Hold.AUTHOR)
    assert {comment.id for comment in changed} == set(ids[1:])
    assert await visible(pool) == 0
    assert await miscounted(pool) == []
    async with transaction(pool) as conn:
        assert await posts.change_holds_of(conn, [ids[0]], add=Hold.AUTHOR) == []
        await posts.change_holds_of(conn, [ids[0]], remove=Hold.AUTHOR)
        await comments.change_holds_of(conn, ids[1:], remove=Hold.AUTHOR)
    assert await visible(pool) == 3
    assert await miscounted(pool) == []
