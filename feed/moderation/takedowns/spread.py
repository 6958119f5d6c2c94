"""The job that writes the holds of takedowns of persons, topics and images in chunks, and removes them after their end.

Cards and lists hide the items from the commit of the takedown on; the holds keep counters, boards and lists exact.
"""

from collections.abc import Callable, Sequence

from feed.cases.holds import Hold
from feed.comments import hide_show as comment_visibility
from feed.inbox import store as inbox
from feed.inbox.model import NewNotification
from feed.media import blocked_image_store as blocked
from feed.media import store as media
from feed.media.removal_store import mark_removed
from feed.moderation.takedowns import image_store as images
from feed.moderation.takedowns import store
from feed.moderation.takedowns.actions import cover
from feed.moderation.takedowns.model import Takedown
from feed.moderation.takedowns.notices import lifted_notice, takedown_notice
from feed.postgres import Connection, Pool, transaction
from feed.posts import hide_show as post_visibility

# Likes and comments of the posts of a chunk wait for it.
_CHUNK = 100
_YOUNG_SECONDS = 1.0
# Finds what is approved or written later, and accounts and aliases that are added later.
_OLD_SECONDS = 30.0
# No transaction lasts longer: afterwards every writer has seen the takedown, or its end.
_SETTLED_SECONDS = 15.0


async def spread_next_takedown(
    pool: Pool, *, young_seconds: float = _YOUNG_SECONDS, old_seconds: float = _OLD_SECONDS
) -> bool:
    """Writes one chunk of the takedown that was looked through longest ago. Returns whether there was one."""
    async with transaction(pool) as conn:
        await store.lock_takedowns(conn)
        takedown = await store.take_next_due(conn, young_seconds=young_seconds, old_seconds=old_seconds)
        if takedown is None:
            return False
        change = _hide if takedown.lifted_at is None else _show
        if not await change(conn, takedown):
            await store.mark_checked(conn, takedown.id, settled_seconds=_SETTLED_SECONDS)
    return True


async def hide_new_posts_with_images(pool: Pool) -> bool:
    """Hides posts that contain a taken-down image since a revision was approved or restored. Returns whether there were any."""
    async with transaction(pool) as conn:
        await store.lock_takedowns(conn)
        takedown_id = await images.find_with_new_posts(conn)
        takedown = None if takedown_id is None else await store.find_takedown(conn, takedown_id)
        return takedown is not None and await _hide_images(conn, takedown)


async def _hide(conn: Connection, takedown: Takedown) -> bool:
    """Sets the hold on one chunk of items. Returns whether there was any without it."""
    await cover(conn, takedown)
    if takedown.kind == "image_hash":
        return await blocked.compare_next(conn, takedown.id) or await _hide_images(conn, takedown)
    if takedown.kind == "topic":
        post_ids = await store.list_posts_under(conn, takedown.id, limit=_CHUNK)
        if post_ids:
            await post_visibility.change_holds_of(conn, post_ids, add=Hold.TOPIC)
            await store.add_posts(conn, takedown.id, post_ids)
            await _notify(conn, takedown, post_ids, takedown_notice)
        return bool(post_ids)
    hold = Hold.AUTHOR
    if post_ids := await store.list_posts_to_hold(conn, takedown.id, hold=hold, limit=_CHUNK):
        await post_visibility.change_holds_of(conn, post_ids, add=hold)
        return True
    if comment_ids := await store.list_comments_to_hold(conn, takedown.id, hold=hold, limit=_CHUNK):
        await comment_visibility.change_holds_of(conn, comment_ids, add=hold)
    return bool(comment_ids)


async def _hide_images(conn: Connection, takedown: Takedown) -> bool:
    """Sets the hold on one chunk of posts that contain the image, or removes it where it is no part of a post."""
    if post_ids := await images.list_posts_with(conn, takedown.id, limit=_CHUNK):
        await post_visibility.change_holds_of(conn, post_ids, add=Hold.IMAGE)
        await store.add_posts(conn, takedown.id, post_ids)
        await _notify(conn, takedown, post_ids, takedown_notice)
        return True
    others = await media.lock_media(conn, await images.list_others(conn, takedown.id, limit=_CHUNK))
    removed = [each.id for each in others if each.used_as != "post"]
    return bool(await mark_removed(conn, removed, "taken_down")) if removed else False


async def _notify(
    conn: Connection, takedown: Takedown, post_ids: Sequence[int], notice: Callable[[Takedown, int], NewNotification]
) -> None:
    """Notifies the authors of the posts, each once per takedown."""
    authors = await store.list_authors(conn, post_ids)
    await inbox.add_notifications(conn, [notice(takedown, author_id) for author_id in authors])


async def _show(conn: Connection, takedown: Takedown) -> bool:
    """Removes the hold from one chunk of items. Returns whether there was any with it."""
    if takedown.kind in ("topic", "image_hash"):
        post_ids = await store.take_posts(conn, takedown.id, limit=_CHUNK)
        if post_ids:
            under, hold = (store, Hold.TOPIC) if takedown.kind == "topic" else (images, Hold.IMAGE)
            held = await under.hand_over_posts(conn, post_ids)
            await post_visibility.change_holds_of(conn, sorted(set(post_ids) - held), remove=hold)
            await _notify(conn, takedown, post_ids, lifted_notice)
        return bool(post_ids)
    hold = Hold.AUTHOR
    if post_ids := await store.list_posts_to_show(conn, takedown.id, hold=hold, limit=_CHUNK):
        await post_visibility.change_holds_of(conn, post_ids, remove=hold)
        return True
    if comment_ids := await store.list_comments_to_show(conn, takedown.id, hold=hold, limit=_CHUNK):
        await comment_visibility.change_holds_of(conn, comment_ids, remove=hold)
    return bool(comment_ids)
