"""The latency of a single like without other load: through the batcher, and as a plain statement."""

import time
from statistics import median

import msgspec

from bench.installation import Scene
from feed.accounts.model import AccountId
from feed.api.state import open_app_state
from feed.likes.model import Like
from feed.postgres import Pool
from feed.posts.model import PostId

_WARM, _TIMES = 30, 300


class Idle(msgspec.Struct, frozen=True):
    """Median latencies in microseconds."""

    batched: float
    plain: float

    @property
    def ratio(self) -> float:
        return self.batched / self.plain


async def measure_idle(scene: Scene) -> Idle:
    """Measures both alternately in this process, each time with a new like."""
    async with open_app_state(scene.place.settings) as app_state:
        rows = await app_state.pool.fetch(
            """
            SELECT posts.id AS post_id, accounts.id AS account_id
            FROM (SELECT id FROM posts WHERE state = 'published' ORDER BY published_at DESC OFFSET $1 LIMIT $2) AS posts
            CROSS JOIN LATERAL (
                SELECT id FROM accounts
                WHERE NOT EXISTS (SELECT FROM likes WHERE likes.post_id = posts.id AND likes.account_id = accounts.id)
                LIMIT 1
            ) AS accounts
            """,
            len(scene.post_ids),
            2 * (_WARM + _TIMES),
        )
        pairs = [(row["post_id"], row["account_id"]) for row in rows]
        batched: list[float] = []
        plain: list[float] = []
        for one, other in zip(pairs[::2], pairs[1::2], strict=True):
            began = time.perf_counter()
            liked = await app_state.likes.submit(Like(PostId(one[0]), AccountId(one[1])))
            batched.append(time.perf_counter() - began)
            began = time.perf_counter()
            count = await like_plainly(app_state.pool, *other)
            plain.append(time.perf_counter() - began)
            if liked.like_count < 1 or count < 1:
                raise RuntimeError("a like was not added")
        return Idle(median(batched[_WARM:]) * 1e6, median(plain[_WARM:]) * 1e6)


async def like_plainly(pool: Pool, post_id: int, account_id: int) -> int:
    """One plain statement that adds a like, updates the counter and records the change. Returns the new count."""
    async with pool.acquire() as conn:
        return int(
            await conn.fetchval(
                """
                WITH held AS MATERIALIZED (
                    SELECT post_id FROM post_stats WHERE post_id = $1 FOR UPDATE
                ), new AS (
                    INSERT INTO likes (post_id, account_id)
                    SELECT post_id, $2 FROM held
                    WHERE EXISTS (SELECT FROM visible_posts WHERE id = $1)
                      AND NOT EXISTS (SELECT FROM sanctions WHERE account_id = $2 AND kind = 'ban' AND lifted_at IS NULL)
                    ON CONFLICT DO NOTHING
                    RETURNING post_id
                ), moved AS (
                    UPDATE post_stats SET like_count = like_count + 1, version = version + 1
                    WHERE post_id IN (SELECT post_id FROM new)
                    RETURNING post_id, like_count, version
                ), noted AS (
                    INSERT INTO changes (post_id, version) SELECT post_id, version FROM moved
                )
                SELECT like_count FROM moved
                """,
                post_id,
                account_id,
            )
        )
