"""SIGKILL around every commit of a departure, a return, an erasure and an export: the end is that of an undisturbed run."""

from itertools import count
from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.accounts.settings import change_disabled_notifications
from feed.keys.store import Keys
from feed.likes.actions import apply_likes
from feed.likes.model import Like
from feed.postgres import Pool
from tests.erasure.conftest import Kill
from tests.support import erasing, make, writing
from tests.support.killed_at_commit import STEPS
from tests.support.takedowns import WRONG

WHEN = pytest.mark.parametrize("when", ["before", "after"])


async def _author(pool: Pool) -> AccountId:
    """An account with posts and comments, its own and under others', with likes, settings and notifications."""
    author, other = await make.account(pool), await make.account(pool)
    posts = [await writing.publish(pool, author, f"第{n}篇 #读书#") for n in range(3)]
    theirs = await writing.publish(pool, other, "别人的")
    root = await writing.comment(pool, author, theirs, "评论")
    await writing.comment(pool, other, theirs, "回复", root)
    await writing.comment(pool, author, posts[0], "自评")
    await apply_likes(pool, [Like(theirs, author), Like(posts[0], author), Like(posts[1], other)])
    async with pool.acquire() as conn:
        await change_disabled_notifications(conn, author, ["like"])
    await pool.execute(
        "INSERT INTO inbox (account_id, kind, title, body, once_key) VALUES ($1, 'system', '一', '二', $2)",
        author,
        f"k{author}",
    )
    return author


async def _state(pool: Pool, author: AccountId) -> dict[str, Any]:
    """What is left of the author, without ids and times."""
    tables = {
        "account": "SELECT name, iss, phone_sealed, post_count, leaving_at IS NULL, erased_at IS NULL, content_erased_at IS NULL "
        "FROM accounts WHERE id = $1",
        "departure": "SELECT step, name FROM departures WHERE account_id = $1",
        "erasure": "SELECT 1 FROM erasures WHERE account_id = $1",
        "posts": "SELECT state, holds, text, topics::text FROM posts JOIN post_revisions ON post_id = id "
        "WHERE posts.author_id = $1 ORDER BY id",
        "comments": "SELECT state, holds, text, reply_count FROM comments WHERE author_id = $1 ORDER BY id",
        "likes": "SELECT count(*) FROM likes WHERE account_id = $1",
        "inbox": "SELECT count(*) FROM inbox WHERE account_id = $1 OR actor_id = $1",
        "settings": "SELECT count(*) FROM account_settings WHERE account_id = $1",
        "cases": "SELECT kind, state, count(*) FROM cases WHERE author_id = $1 GROUP BY 1, 2 ORDER BY 1, 2",
        "audit": "SELECT action, count(*) FROM audit WHERE subject_id = $1 GROUP BY 1 ORDER BY 1",
        "listed": "SELECT count(*) FROM topic_posts JOIN posts ON posts.id = post_id WHERE author_id = $1",
    }
    found: dict[str, Any] = {
        name: [tuple(row) for row in await pool.fetch(statement, author)] for name, statement in tables.items()
    }
    # `make` counts names.
    found["account"] = [row[1:] for row in found["account"]]
    found["departure"] = [row[:1] for row in found["departure"]]
    found["wrong counters"] = await pool.fetch(WRONG)
    return found


async def _until_erased(pool: Pool, keys: Keys, author: AccountId) -> None:
    """Lets the time of a departure be over, and runs the jobs to the end."""
    await pool.execute("UPDATE departures SET erase_at = now(), next_at = now() WHERE account_id = $1", author)
    await STEPS["erase"](pool, keys)
    await erasing.erase_rest(pool, keys)


@WHEN
@pytest.mark.parametrize("step", ["leave", "return"])
async def test_a_departure_or_return_killed_at_any_commit_ends_as_an_undisturbed_one(
    pool: Pool, keys: Keys, kill: Kill, step: str, when: str
) -> None:
    async def begin() -> AccountId:
        author = await _author(pool)
        if step == "return":
            await STEPS["leave"](pool, keys, author)
        return author

    author = await begin()
    await STEPS[step](pool, keys, author)
    expected = await _state(pool, author)
    for nth in count(1):
        author = await begin()
        killed = await kill(when, nth, step, author)
        await STEPS[step](pool, keys, author)
        assert await _state(pool, author) == expected, nth
        if not killed:
            break
    assert nth > 3


@WHEN
async def test_an_erasure_killed_at_any_commit_ends_as_an_undisturbed_one(
    pool: Pool, keys: Keys, kill: Kill, when: str
) -> None:
    async def begin() -> AccountId:
        author = await _author(pool)
        await STEPS["leave"](pool, keys, author)
        await pool.execute("UPDATE departures SET erase_at = now(), next_at = now() WHERE account_id = $1", author)
        return author

    author = await begin()
    await _until_erased(pool, keys, author)
    expected = await _state(pool, author)
    assert expected["wrong counters"] == []
    for nth in count(1):
        author = await begin()
        killed = await kill(when, nth, "erase")
        await _until_erased(pool, keys, author)
        assert await _state(pool, author) == expected, nth
        if not killed:
            break
    assert nth > 6


@WHEN
async def test_an_export_killed_at_any_commit_ends_as_ready(pool: Pool, keys: Keys, kill: Kill, when: str) -> None:
    for nth in count(1):
        author = await _author(pool)
        export = await pool.fetchval("INSERT INTO exports (account_id) VALUES ($1) RETURNING id", author)
        killed = await kill(when, nth, "export")
        # As if the killed attempt had been silent for long.
        await pool.execute("UPDATE exports SET alive_at = alive_at - interval '1 hour' WHERE state = 'preparing'")
        await STEPS["export"](pool, keys)
        row = await pool.fetchrow(
            "SELECT state, (SELECT count(DISTINCT attempt) FROM export_parts WHERE export_id = exports.id), "
            "(SELECT count(*) FROM inbox WHERE account_id = $2 AND template = 'export.ready') FROM exports WHERE id = $1",
            export,
            author,
        )
        assert tuple(row or ()) == ("ready", 1, 1), nth
        if not killed:
            break
    assert nth > 3
