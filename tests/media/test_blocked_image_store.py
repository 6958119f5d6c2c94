"""The block list of images: by the bytes of the file and by what it looks like, apart from any look-up of duplicates."""

import asyncio

import asyncpg
from asyncpg import Record

from feed.media import blocked_image_store as blocked
from feed.postgres import Connection, transaction
from feed.renditions.model import NEAR
from tests.support import make, make_media
from tests.support.hashes import LOOKS, SHA256, flipped


async def takedown(conn: make.Runs) -> int:
    actor = await make.person(conn, role="reviewer")
    return int(
        await conn.fetchval(
            """
            INSERT INTO takedowns (kind, target, reason_code, actor_id)
            VALUES ('image_hash', next_id()::text, 'porn', $1) RETURNING id
            """,
            actor,
        )
    )


async def test_a_blocked_image_is_known_by_its_bytes_and_by_its_looks(conn: Connection) -> None:
    takedown_id = await takedown(conn)

    async def known(sha256: bytes | None, looks: bytes | None) -> bool:
        return await blocked.is_taken_down(conn, sha256=sha256, perceptual_hash=looks)

    assert not await known(SHA256, LOOKS)
    await blocked.add_blocked_images(conn, takedown_id, sha256=[SHA256], perceptual_hash=[LOOKS])
    assert await known(SHA256, None)
    assert await known(None, LOOKS)
    assert await known(bytes(32), flipped(LOOKS, NEAR))
    assert not await known(bytes(32), flipped(LOOKS, NEAR + 1))
    assert not await known(None, None)
    # One kind of hash is never taken for the other.
    assert not await known(LOOKS, SHA256)
    await blocked.remove_blocked_images(conn, takedown_id)
    assert not await known(SHA256, LOOKS)


async def test_media_that_match_are_found_in_chunks_and_forgotten_with_the_undo(conn: Connection) -> None:
    owner = await make.account(conn)
    same = await make_media.medium(conn, owner, sha256=SHA256)
    near = await make_media.medium(conn, owner, perceptual_hash=flipped(LOOKS, 5))
    await make_media.medium(conn, owner, sha256=bytes(32), perceptual_hash=flipped(LOOKS, 100))
    takedown_id = await takedown(conn)
    await blocked.add_blocked_images(conn, takedown_id, sha256=[SHA256], perceptual_hash=[LOOKS])
    while await blocked.compare_next(conn, takedown_id):
        pass
    rows = await conn.fetch("SELECT media_id FROM blocked_media WHERE takedown_id = $1 ORDER BY 1", takedown_id)
    assert [row["media_id"] for row in rows] == sorted([same, near])
    await blocked.remove_blocked_images(conn, takedown_id)
    assert not await conn.fetchval("SELECT count(*) FROM blocked_media")


async def test_a_medium_that_becomes_ready_meanwhile_is_compared_by_one_of_both(
    pool: "asyncpg.Pool[Record]",
) -> None:
    takedown_id = await takedown(pool)

    async def block() -> None:
        async with transaction(pool) as conn:
            await blocked.lock_blocked_images(conn)
            await blocked.add_blocked_images(conn, takedown_id, sha256=[SHA256])

    async with transaction(pool) as conn:
        assert not await blocked.is_taken_down(conn, sha256=SHA256, perceptual_hash=None)
        blocking = asyncio.create_task(block())
        await asyncio.sleep(0.2)
        assert not blocking.done()
    await blocking
    async with transaction(pool) as conn:
        assert await blocked.is_taken_down(conn, sha256=SHA256, perceptual_hash=None)
