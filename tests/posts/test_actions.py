"""Actions on posts: batches, idempotency keys, counters and announcements."""

import asyncio

import pytest

from feed.accounts.model import Banned, Muted
from feed.errors import Invalid
from feed.idempotency import IdempotencyKeyBusy, keyed_request
from feed.postgres import Pool
from feed.posts.actions import Draft, delete_post, edit_post, publish_posts
from feed.posts.model import NewPost, NotYourPost, PostChange, PostId
from tests.support import make


async def test_each_item_of_a_batch_gets_its_own_result(pool: Pool) -> None:
    ming, banned, muted = [await make.account(pool) for _ in range(3)]
    await make.ban(pool, banned)
    await pool.execute("INSERT INTO sanctions (account_id, kind, reason_code) VALUES ($1, 'mute', 'spam')", muted)
    drafts = [
        Draft.checked(who, NewPost(text=f"第{n}条 #读书# #深圳#")) for n, who in enumerate((ming, banned, muted, ming))
    ]
    answers = await publish_posts(pool, drafts)
    assert [int if isinstance(answer, int) else type(answer) for answer in answers] == [int, Banned, Muted, int]
    ids = [answer for answer in answers if isinstance(answer, int)]
    texts = await pool.fetch(
        "SELECT text, topics FROM post_revisions WHERE post_id = ANY ($1::bigint[]) ORDER BY post_id", ids
    )
    assert [row["text"] for row in texts] == ["第0条 #读书# #深圳#", "第3条 #读书# #深圳#"]
    assert [topic["name"] for topic in texts[0]["topics"]] == ["读书", "深圳"]
    assert await pool.fetchval("SELECT post_count FROM accounts WHERE id = $1", ming) == 2
    assert await pool.fetchval("SELECT count(*) FROM topic_posts") == 4
    assert await pool.fetchval("SELECT count(*) FROM post_stats") == 2
    assert await pool.fetchval("SELECT count(*) FROM cases WHERE kind = 'post' AND state = 'open'") == 2


async def test_a_revision_is_as_old_as_its_post(pool: Pool) -> None:
    ming = await make.account(pool)
    await publish_posts(pool, [Draft.checked(ming, NewPost(text="一")), Draft.checked(ming, NewPost(text="二"))])
    assert await pool.fetchval(
        """
        SELECT bool_and(posts.created_at = revisions.created_at AND posts.published_at = revisions.approved_at)
        FROM posts JOIN post_revisions AS revisions ON revisions.post_id = posts.id
        """
    )


async def test_the_same_key_twice_in_a_batch_acts_once(pool: Pool) -> None:
    ming = await make.account(pool)
    request = keyed_request("/v1/posts", "k", b"{}")
    draft = Draft.checked(ming, NewPost(text="一"), request)
    first, second = await publish_posts(pool, [draft, draft])
    assert isinstance(first, int)
    assert isinstance(second, IdempotencyKeyBusy)
    assert await publish_posts(pool, [draft]) == [first]
    assert await pool.fetchval("SELECT count(*) FROM posts") == 1


async def test_concurrent_batches_with_the_same_new_topics_and_authors_do_not_deadlock(pool: Pool) -> None:
    people = [await make.account(pool) for _ in range(5)]

    async def process(number: int) -> list[int | Exception]:
        order = people if number % 2 else people[::-1]
        answers: list[int | Exception] = []
        for n in range(5):
            names = [f"话题{n}x{m}" for m in range(4)]
            text = " ".join(f"#{name}#" for name in (names if number % 2 else names[::-1]))
            answers += await publish_posts(pool, [Draft.checked(who, NewPost(text=text)) for who in order])
        return answers

    results = [answer for answers in await asyncio.gather(*(process(n) for n in range(6))) for answer in answers]
    assert all(isinstance(answer, int) for answer in results)
    assert {row["post_count"] for row in await pool.fetch("SELECT post_count FROM accounts")} == {30}
    assert await pool.fetchval("SELECT count(*) FROM topics") == 20
    assert await pool.fetchval("SELECT count(*) FROM topic_posts") == 150 * 4


async def test_an_invalid_post_is_rejected_before_the_batch(pool: Pool) -> None:
    for new in (NewPost(), NewPost(text="x" * 2001)):
        with pytest.raises(Invalid):
            Draft.checked(await make.account(pool), new)


async def test_a_published_edited_or_deleted_post_is_announced_after_the_commit(pool: Pool) -> None:
    ming, banned = await make.account(pool), await make.account(pool)
    await make.ban(pool, banned)
    announced: list[int] = []
    request = keyed_request("/v1/posts", "k", b"{}")
    drafts = [Draft.checked(ming, NewPost(text="一"), request), Draft.checked(banned, NewPost(text="二"))]
    post_id, _ = await publish_posts(pool, drafts, announce=announced.extend)
    assert isinstance(post_id, int)
    assert announced == [post_id]
    await publish_posts(pool, drafts, announce=announced.extend)
    assert announced == [post_id], "a repeat publishes nothing"
    # The comment policy is part of the post's card.
    for change in (PostChange(text="改过的"), PostChange(comment_policy="nobody")):
        announced.clear()
        await edit_post(pool, ming, PostId(post_id), change, announce=announced.extend)
        assert announced == [post_id]
    announced.clear()
    with pytest.raises(NotYourPost):
        await delete_post(pool, banned, PostId(post_id), announce=announced.extend)
    assert announced == []
    await delete_post(pool, ming, PostId(post_id), announce=announced.extend)
    assert announced == [post_id]
