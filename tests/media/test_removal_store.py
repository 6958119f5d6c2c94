"""What is removed is marked once, and purged from the CDN if it may have been public."""

from feed.media import purges, removal_store
from feed.postgres import Connection
from tests.support import make, make_media


async def test_a_medium_is_marked_removed_once_and_purged_with_all_its_renditions(conn: Connection) -> None:
    owner, post_id = await make.account(conn), await make.post(conn)
    attached = await make_media.medium(conn, owner, post_id=post_id)
    draft = await make_media.medium(conn, owner)
    waiting = await make_media.medium(conn, owner, state="processing", post_id=post_id)
    ids = [waiting, draft, attached, 1]
    assert await removal_store.mark_removed(conn, ids, "deleted") == sorted([waiting, draft, attached])
    assert await removal_store.mark_removed(conn, ids, "erased") == []
    rows = await conn.fetch("SELECT media_id, reason, paths, state FROM media_purges")
    assert [(row["media_id"], row["reason"], row["state"]) for row in rows] == [(attached, "deleted", "waiting")]
    key = await conn.fetchval("SELECT key FROM media WHERE id = $1", attached)
    assert rows[0]["paths"] == [f"{key}/full.webp", f"{key}/list.webp"]
    removed = await conn.fetch("SELECT removed_for FROM media WHERE id = ANY ($1::bigint[])", [attached, draft])
    assert {row["removed_for"] for row in removed} == {"deleted"}


async def test_a_hidden_medium_is_purged_and_stays(conn: Connection) -> None:
    video = await make_media.medium(conn, await make.account(conn), kind="video", post_id=await make.post(conn))
    assert await purges.enqueue(conn, [video], "hidden") == 1
    assert await conn.fetchval("SELECT removed_at IS NULL FROM media WHERE id = $1", video)
