"""Actions on comments: results per item of a batch, counters, idempotency keys and announcements."""

import asyncio

import pytest

from feed.accounts.model import Banned, Muted
from feed.comments.actions import NewComment, add_comments, delete_comment
from feed.comments.model import CommentId, CommentsClosed, NotYourComment
from feed.errors import Invalid
from feed.idempotency import (
    AlreadyAnswered,
    IdempotencyKeyBusy,
    IdempotencyKeyReused,
    KeyedRequest,
    StoredResponse,
    keyed_request,
    store_responses,
)
from feed.postgres import Pool
from feed.posts.model import PostId, PostNotFound, PostNotPublished
from tests.support import make, writing


def key(name: str, body: bytes = b"{}") -> KeyedRequest:
    request = keyed_request("/v1/posts/1/comments", name, body)
    assert request is not None
    return request


async def test_each_item_of_a_batch_gets_its_own_result(pool: Pool) -> None:
    author, ming, banned, muted, blocked = [await make.account(pool) for _ in range(5)]
    open_, closed = PostId(await make.post(pool, author)), PostId(await make.post(pool, author))
    gone = PostId(await make.post(pool, author, state="removed"))
    root = CommentId(await make.comment(pool, open_))
    await pool.execute("UPDATE posts SET comment_policy = 'nobody' WHERE id = $1", closed)
    await make.ban(pool, banned)
    await pool.execute("INSERT INTO sanctions (account_id, kind, reason_code) VALUES ($1, 'mute', 'spam')", muted)
    await pool.execute("INSERT INTO relations (account_id, target_id, kind) VALUES ($1, $2, 'block')", author, blocked)
    answers = await add_comments(
        pool,
        [
            NewComment(ming, open_, "好"),
            NewComment(ming, closed, "好"),
            NewComment(author, closed, "自己的"),
            NewComment(ming, gone, "好"),
            NewComment(author, gone, "好"),
            NewComment(ming, PostId(1), "好"),
            NewComment(banned, open_, "好"),
            NewComment(muted, open_, "好"),
            NewComment(blocked, open_, "好"),
            NewComment(ming, open_, "回", root),
            NewComment(ming, closed, "回", root),
            NewComment(ming, open_, "回", CommentId(1)),
        ],
    )
    assert [int if isinstance(answer, int) else type(answer) for answer in answers] == [
        int,
        CommentsClosed,
        int,
        PostNotFound,
        PostNotPublished,
        PostNotFound,
        Banned,
        Muted,
        PostNotFound,
        int,
        CommentsClosed,
        Invalid,
    ]
    counted = await pool.fetch("SELECT comment_count, own_comment_count FROM post_stats ORDER BY post_id")
    assert [tuple(row) for row in counted] == [(3, 0), (1, 1), (0, 0)]
    assert await pool.fetchval("SELECT reply_count FROM comments WHERE id = $1", root) == 1
    assert await pool.fetchval("SELECT count(*) FROM cases WHERE kind = 'comment' AND state = 'open'") == 3


async def test_a_reply_to_a_reply_belongs_to_the_same_root_also_within_one_batch(pool: Pool) -> None:
    post, ming = PostId(await make.post(pool)), await make.account(pool)
    root = await writing.comment(pool, ming, post, "根")
    reply = await writing.comment(pool, ming, post, "回", root)
    answers = await add_comments(pool, [NewComment(ming, post, f"再回{n}", reply) for n in range(3)])
    rows = await pool.fetch("SELECT root_id, reply_to_id FROM comments WHERE id = ANY ($1::bigint[])", answers)
    assert {tuple(row) for row in rows} == {(root, reply)}
    assert await pool.fetchval("SELECT reply_count FROM comments WHERE id = $1", root) == 4


async def test_ids_and_times_are_in_the_order_of_the_batch(pool: Pool) -> None:
    post, ming = PostId(await make.post(pool)), await make.account(pool)
    answers = await add_comments(pool, [NewComment(ming, post, f"第{n}条") for n in range(200)])
    rows = await pool.fetch("SELECT text FROM comments WHERE id = ANY ($1::bigint[]) ORDER BY created_at, id", answers)
    assert [row["text"] for row in rows] == [f"第{n}条" for n in range(200)]
    by_id = [await pool.fetchval("SELECT text FROM comments WHERE id = $1", answer) for answer in answers[::50]]
    assert by_id == [f"第{n}条" for n in range(0, 200, 50)]


async def test_keys_act_once_within_a_batch_and_after_it(pool: Pool) -> None:
    post, ming, banned = PostId(await make.post(pool)), await make.account(pool), await make.account(pool)
    await make.ban(pool, banned)
    answers = await add_comments(
        pool,
        [
            NewComment(ming, post, "一", request=key("a")),
            NewComment(ming, post, "一", request=key("a")),
            NewComment(ming, post, "二", request=key("a", b"other")),
            NewComment(banned, post, "三", request=key("b")),
            NewComment(ming, post, "四", request=key("b")),
        ],
    )
    assert [int if isinstance(answer, int) else type(answer) for answer in answers] == [
        int,
        IdempotencyKeyBusy,
        IdempotencyKeyReused,
        Banned,
        int,
    ]
    # An error is not stored: after the ban the same key can be used.
    assert await pool.fetchval("SELECT count(*) FROM idempotency_keys WHERE account_id = $1", banned) == 0
    # Interrupted before its response was stored: the stored effect is returned again.
    assert (await add_comments(pool, [NewComment(ming, post, "一", request=key("a"))])) == [answers[0]]
    await store_responses(pool, [StoredResponse(ming, key("a"), 201, b"stored")])
    (again,) = await add_comments(pool, [NewComment(ming, post, "一", request=key("a"))])
    assert isinstance(again, AlreadyAnswered)
    assert (again.status, again.body) == (201, b"stored")
    assert await pool.fetchval("SELECT comment_count FROM post_stats WHERE post_id = $1", post) == 2


async def test_concurrent_batches_lose_and_duplicate_nothing(pool: Pool) -> None:
    people = [await make.account(pool) for _ in range(6)]
    posts = [PostId(await make.post(pool, people[0])) for _ in range(4)]
    roots = [await writing.comment(pool, people[1], post, "根") for post in posts]

    async def process(number: int) -> list[int | Exception]:
        order = posts if number % 2 else posts[::-1]
        answers: list[int | Exception] = []
        for n in range(6):
            batch = [NewComment(people[(number + n) % 6], post, "好") for post in order]
            batch += [
                NewComment(people[n], posts[at], "回", roots[at]) for at in (range(4) if n % 2 else range(3, -1, -1))
            ]
            answers += await add_comments(pool, batch)
        return answers

    results = [answer for answers in await asyncio.gather(*(process(n) for n in range(5))) for answer in answers]
    assert all(isinstance(answer, int) for answer in results)
    assert len(set(results)) == len(results) == 240
    await asyncio.gather(*(delete_comment(pool, people[1], root) for root in roots))
    rows = await pool.fetch(
        """
        SELECT comment_count, own_comment_count, (
            SELECT count(*) FROM comments WHERE comments.post_id = post_stats.post_id AND state = 'published'
        ) AS rows, (
            SELECT count(*) FROM comments
            WHERE comments.post_id = post_stats.post_id AND state = 'published' AND author_id = $1
        ) AS own
        FROM post_stats
        """,
        people[0],
    )
    assert [(row["comment_count"], row["own_comment_count"]) for row in rows] == [
        (row["rows"], row["own"]) for row in rows
    ]
    replies = await pool.fetch("SELECT reply_count FROM comments WHERE id = ANY ($1::bigint[])", roots)
    assert [row["reply_count"] for row in replies] == [30] * 4


async def test_an_invalid_comment_is_rejected_before_the_batch(pool: Pool) -> None:
    for text in ("", "  ", "x" * 501, "a\x00b"):
        with pytest.raises(Invalid):
            NewComment.checked(await make.account(pool), PostId(1), text)


async def test_the_posts_of_comments_that_were_added_or_deleted_are_announced(pool: Pool) -> None:
    ming, hong = await make.account(pool), await make.account(pool)
    one, other, closed = [PostId(await make.post(pool)) for _ in range(3)]
    await pool.execute("UPDATE posts SET comment_policy = 'nobody' WHERE id = $1", closed)
    announced: list[int] = []
    batch = [
        NewComment(ming, one, "好"),
        NewComment(hong, one, "好"),
        NewComment(ming, other, "好"),
        NewComment(ming, closed, "好"),
    ]
    comment_id, *_ = await add_comments(pool, batch, announce=announced.extend)
    assert sorted(announced) == sorted([one, other])
    assert isinstance(comment_id, int)
    announced.clear()
    with pytest.raises(NotYourComment):
        await delete_comment(pool, hong, CommentId(comment_id), announce=announced.extend)
    assert announced == []
    await delete_comment(pool, ming, CommentId(comment_id), announce=announced.extend)
    assert announced == [one]
