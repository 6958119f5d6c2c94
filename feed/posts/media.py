"""Posts and their media: which revision is shown with which of them, and posts that wait until theirs are ready.

Lock order: statistics, posts, media. A job makes a medium ready in a transaction of its own, and only then releases the posts that
wait for it. A transaction that attaches a medium locks it before, and so sees it ready, or is seen by that job: no post waits for ever. Of
several jobs that make the last media of a post ready, the one that locks the post last sees them all.
"""

from collections.abc import Sequence

from feed.cases.holds import Hold
from feed.changes import store as changes
from feed.inbox.store import add_notifications
from feed.media import purges
from feed.postgres import Connection, Pool, transaction
from feed.posts import hide_show, media_store, revision_store
from feed.posts.notices import failed_notice

_AT_ONCE = 100


async def show_revision(conn: Connection, post_id: int, revision: int) -> None:
    """Makes a revision that exists the shown one of a post whose statistics and row are locked: it is visible once its media are ready."""
    media = await revision_store.show_revision(conn, post_id, revision)
    if not media.shown and not media.former:
        return
    waits = not await media_store.are_ready(conn, media.shown)
    if waits != bool(media.holds & Hold.MEDIA):
        add, remove = (Hold.MEDIA, Hold(0)) if waits else (Hold(0), Hold.MEDIA)
        await hide_show.change_holds(conn, post_id, add=add, remove=remove)
    if media.shown:
        await media_store.label_by_metadata(conn, [post_id])
    # Copies of what is not shown any more; they stay attached, for reviewers.
    if dropped := [each for each in media.former if each not in media.shown]:
        await purges.enqueue(conn, dropped, "replaced")


async def release_ready_posts(pool: Pool, media_ids: Sequence[int]) -> list[int]:
    """Shows the posts that waited for these media, unless they wait for others, and tells authors of media that have failed.

    For the worker, after it has committed that the media are ready or have failed; repeating it changes nothing. Returns the posts
    that do not wait any more.
    """
    async with transaction(pool) as conn:
        released = await _release(conn, await media_store.list_waiting(conn, media_ids))
        await add_notifications(conn, [failed_notice(each) for each in await media_store.list_failed(conn, media_ids)])
    return released


async def release_waiting_posts(pool: Pool) -> bool:
    """Does what a worker that died has left undone: shows posts whose media are ready, and tells of failed ones. Returns whether to go on."""
    async with transaction(pool) as conn:
        left = await media_store.list_left_waiting(conn, limit=_AT_ONCE)
        await _release(conn, left)
        failed = await media_store.list_lately_failed(conn, limit=_AT_ONCE)
        await add_notifications(conn, [failed_notice(each) for each in await media_store.list_failed(conn, failed)])
    return _AT_ONCE in (len(left), len(failed))


async def _release(conn: Connection, post_ids: Sequence[int]) -> list[int]:
    if not post_ids:
        return []
    await changes.lock_stats(conn, post_ids)
    # After the locks: an edit may have changed what is shown.
    ready = await media_store.list_ready(conn, post_ids)
    await media_store.label_by_metadata(conn, ready)
    return [post.id for post in await hide_show.change_holds_of(conn, ready, remove=Hold.MEDIA)]
