"""Likes of posts in batches: results per item, exact counters, intervals, and no deadlocks."""

import asyncio
import random

from feed.accounts.model import AccountId, Banned
from feed.likes.actions import apply_likes
from feed.likes.model import Like, Liked
from feed.postgres import Pool, transaction
from feed.posts.hide_show import hide_post, show_post
from feed.posts.model import PostId, PostNotFound
from tests.support import make, writing


async def test_each_item_of_a_batch_gets_its_own_result(pool: Pool) -> None:
    author, ming, hong, banned, erased, blocked, blocking = [await make.account(pool) for _ in range(7)]
    one, other = PostId(await make.post(pool, author)), PostId(await make.post(pool, author))
    removed = PostId(await make.post(pool, author, state="removed"))
    await make.ban(pool, banned)
    await pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", erased)
    await pool.execute(
        "INSERT INTO relations (account_id, target_id, kind) VALUES ($1, $2, 'block'), ($3, $1, 'block'), ($4, $1, 'mute')",
        author,
        blocked,
        blocking,
        hong,
    )
    answers = await apply_likes(
        pool,
        [
            Like(other, ming),
            Like(one, ming),
            Like(one, hong),
            Like(one, author),
            Like(removed, ming),
            Like(PostId(1), ming),
            Like(one, banned),
            Like(one, erased),
            Like(one, blocked),
            Like(one, blocking),
            Like(other, hong, liked=False),
        ],
    )
    assert [answer if isinstance(answer, Liked) else type(answer) for answer in answers] == [
        Liked(True, 1),
        Liked(True, 3),
        Liked(True, 3),
        Liked(True, 3),
        PostNotFound,
        PostNotFound,
        Banned,
        Banned,
        PostNotFound,
        PostNotFound,
        Liked(False, 1),
    ]
    stats = await pool.fetch("SELECT like_count, own_like_count, version FROM post_stats ORDER BY post_id")
    assert [tuple(row) for row in stats] == [(3, 1, 2), (1, 0, 2), (0, 0, 1)]
    assert await pool.fetchval("SELECT count(*) FROM changes") == 2


async def test_a_repeated_like_or_unlike_changes_nothing(pool: Pool) -> None:
    post, ming = PostId(await make.post(pool)), await make.account(pool)
    assert await apply_likes(pool, [Like(post, ming)]) == [Liked(True, 1)]
    assert await apply_likes(pool, [Like(post, ming)]) == [Liked(True, 1)]
    assert await apply_likes(pool, [Like(post, ming, liked=False)]) == [Liked(False, 0)]
    assert await apply_likes(pool, [Like(post, ming, liked=False)]) == [Liked(False, 0)]
    assert await pool.fetchval("SELECT version FROM post_stats WHERE post_id = $1", post) == 3
    assert await pool.fetchval("SELECT count(*) FROM past_likes WHERE unliked_at >= liked_at") == 1


async def test_the_last_of_several_items_for_one_post_and_account_is_applied(pool: Pool) -> None:
    post, ming = PostId(await make.post(pool)), await make.account(pool)
    batch = [Like(post, ming, liked=liked) for liked in (True, False, True)]
    assert await apply_likes(pool, batch) == [Liked(True, 1), Liked(False, 1), Liked(True, 1)]


async def test_counters_equal_the_rows_after_concurrent_batches_and_removals(pool: Pool) -> None:
    authors = [await make.account(pool) for _ in range(3)]
    people = [*authors, *[await make.account(pool) for _ in range(9)]]
    posts = [await writing.publish(pool, authors[n % 3], f"第{n}条") for n in range(6)]
    applied: dict[tuple[int, int], set[bool]] = {}

    async def process(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            batch = [
                Like(chance.choice(posts), AccountId(chance.choice(people)), chance.random() < 0.6) for _ in range(20)
            ]
            for like, answer in zip(batch, await apply_likes(pool, batch), strict=True):
                assert isinstance(answer, (Liked, PostNotFound))
                applied.setdefault((like.post_id, like.account_id), set()).add(like.liked)

    async def moderate() -> None:
        for n in range(30):
            async with transaction(pool) as conn:
                await hide_post(conn, posts[n % 6], state="removed")
            await asyncio.sleep(0.005)
            async with transaction(pool) as conn:
                await show_post(conn, posts[n % 6])

    await asyncio.gather(*(process(seed) for seed in range(6)), moderate())
    rows = await pool.fetch(
        """
        SELECT stats.like_count, stats.own_like_count,
               (SELECT count(*) FROM likes WHERE likes.post_id = stats.post_id) AS likes,
               (SELECT count(*) FROM likes WHERE likes.post_id = stats.post_id AND account_id = posts.author_id) AS own
        FROM post_stats AS stats JOIN posts ON posts.id = stats.post_id
        """
    )
    assert [(row["like_count"], row["own_like_count"]) for row in rows] == [(row["likes"], row["own"]) for row in rows]
    # Liking every pair again gives one like per pair, and the intervals of removed likes do not overlap.
    settled = [Like(PostId(post_id), AccountId(account_id), True) for post_id, account_id in applied]
    await apply_likes(pool, settled)
    assert await pool.fetchval("SELECT sum(like_count)::bigint FROM post_stats") == len(applied)
    assert (
        await pool.fetchval(
            """
        SELECT count(*) FROM past_likes AS one JOIN past_likes AS other USING (post_id, account_id)
        WHERE one.liked_at < other.liked_at AND one.unliked_at > other.liked_at
        """
        )
        == 0
    )


async def test_the_posts_whose_likes_were_applied_are_announced(pool: Pool) -> None:
    ming, banned = await make.account(pool), await make.account(pool)
    await make.ban(pool, banned)
    one, other, removed = [PostId(await make.post(pool)) for _ in range(3)]
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", removed)
    announced: list[int] = []
    likes = [Like(one, ming), Like(other, banned), Like(removed, ming), Like(PostId(1), ming)]
    await apply_likes(pool, likes, announce=announced.extend)
    assert announced == [one]
