"""The job and the page read little in a campaign with 10,000 entries and many pictures."""

import time

import pytest
from asyncpg import Pool, Record

from feed.campaigns.entries import similar_store as store
from feed.campaigns.entries.similar import compare_next_pictures
from feed.campaigns.entries.similar_store import PAIRS_MOST, OfEntry
from tests.plans.plans import PlanRecorder, record_plans
from tests.support import make

_ENTRIES = 10_000
_PAGE = 50
# Pictures of an entry.
_EACH = 2


@pytest.fixture
async def contest(pool: "Pool[Record]") -> int:
    """A campaign with 10,000 entries: each has two pictures that were compared, and one in ten has copies of those of another entry."""
    author = await make.account(pool)
    campaign = await make.campaign(pool)
    await pool.execute(
        """
        INSERT INTO posts (id, author_id, state, revision, latest_revision, created_at, published_at)
        SELECT n, $1, 'published', 1, 1, now() - interval '1 hour', now() FROM generate_series(1, $2::integer) AS n
        """,
        author,
        _ENTRIES,
    )
    await pool.execute(
        """
        INSERT INTO media (id, owner_id, kind, state, key, used_as, post_id, content_type, byte_count, part_bytes, upload_expires_at,
                           uploaded_at, width, height, renditions, ready_at, perceptual_hash, sha256)
        SELECT n, $1, 'image', 'ready', 'k' || n, 'post', 1 + n / $3::integer, 'image/jpeg', 1, 1, now(), now(), 1, 1,
               jsonb_build_array(repeat('x', 1500)), now(),
               sha256((CASE WHEN n % 20 < 2 THEN n % 200 ELSE n END)::text::bytea), sha256(n::text::bytea)
        FROM generate_series(0, $3::integer * $2::integer - 1) AS n
        """,
        author,
        _ENTRIES,
        _EACH,
    )
    await pool.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at, media_ids)
        SELECT id, 1, '', '{}', '', author_id, created_at, created_at, ARRAY(SELECT media.id FROM media WHERE media.post_id = posts.id)
        FROM posts
        """
    )
    await pool.execute(
        "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) SELECT $1, id, author_id, created_at FROM posts",
        campaign,
    )
    for table in ("posts", "media", "post_revisions", "entries"):
        await pool.execute(f"VACUUM ANALYZE {table}")
    async with pool.acquire() as conn:
        media_ids = [row["id"] for row in await conn.fetch("SELECT id FROM media WHERE id >= 10 ORDER BY id")]
        await store.add_compared(conn, campaign, media_ids)
        # What each would have been compared with: the first copies.
        await conn.execute(
            """
            INSERT INTO similar_pictures (campaign_id, media_id, other_id, distance)
            SELECT $1, media.id, copies.id, 0
            FROM media CROSS JOIN LATERAL (
                SELECT id FROM generate_series(media.id % 200, media.id - 1, 200) AS copies (id) WHERE id >= 10 LIMIT $2
            ) AS copies
            WHERE media.id % 20 < 2 AND media.id >= 10
            """,
            campaign,
            PAIRS_MOST,
        )
        await conn.execute("VACUUM ANALYZE compared_pictures")
        await conn.execute("VACUUM ANALYZE similar_pictures")
    return campaign


async def check(recorder: PlanRecorder, most_pages: int, *indexes: str) -> None:
    plans = await recorder.plans()
    used = {index for plan in plans for index in plan.indexes}
    pages = sum(plan.buffers for plan in plans)
    assert all(used & set(each.split("|")) for each in indexes), "\n".join(plan.text for plan in plans)
    assert pages <= most_pages, "\n".join(plan.text for plan in plans)


async def test_ten_pictures_are_compared_with_all_of_the_campaign(contest: int, pool: "Pool[Record]") -> None:
    started = time.perf_counter()
    assert await compare_next_pictures(pool)
    # 200,000 pairs; on a busy machine a multiple of what it takes.
    assert time.perf_counter() - started < 5
    found = await pool.fetchval(
        "SELECT count(DISTINCT media_id) FROM similar_pictures WHERE campaign_id = $1 AND media_id < 10", contest
    )
    assert found == 2
    assert not await compare_next_pictures(pool)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_the_job_and_the_page_read_few_pages(contest: int, database: str, mode: str) -> None:
    newest = [OfEntry(1 + n // _EACH, contest, n) for n in range(_EACH * (_ENTRIES - _PAGE), _EACH * _ENTRIES)]
    # Each has copies in a hundred entries.
    copied = [OfEntry(1 + n // _EACH, contest, n) for n in range(_EACH * _ENTRIES) if n % 20 < 2][-2 * _PAGE :]
    async with record_plans(database, mode) as recorder:  # type: ignore[arg-type]
        await recorder.plans()
        assert len(await store.list_fresh(recorder.conn, limit=100)) == 10
        await check(recorder, 40_000, "media_ready_of_posts|media_of_posts")
        assert await store.list_similar(recorder.conn, newest)
        await check(recorder, 6_000, "similar_pictures_pkey", "similar_pictures_by_other")
        assert len(await store.list_similar(recorder.conn, copied)) == 5 * _PAGE
        await check(recorder, 12_000, "similar_pictures_pkey", "similar_pictures_by_other")
