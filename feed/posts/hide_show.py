"""Changes of a post's visibility with all lists and counters. The callers open the transaction."""

from collections import Counter
from collections.abc import Sequence

from feed.accounts import store as accounts
from feed.cases.holds import NONE, TAKEDOWNS, Hold, State
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.errors import Conflict
from feed.media import attachment_store as attachments
from feed.media import purges
from feed.media.purge_store import PurgeReason
from feed.postgres import Connection
from feed.posts import media_store, store
from feed.posts.model import Post


class PostIsDeleted(Conflict):
    """The author has deleted the post; it cannot be restored."""


async def hide_post(conn: Connection, post_id: int, *, state: State) -> Post:
    """Sets a state that hides the post: removes it from lists, boards and post counts. Returns its row before.

    Likes and comments stay as they are, so that a restore needs no recount. Raises PostNotFound, PostIsDeleted.
    """
    return await _change_state(conn, post_id, state)


async def show_post(conn: Connection, post_id: int) -> Post:
    """Publishes the post; it is visible unless something holds it. Returns its row before. Raises PostNotFound, PostIsDeleted."""
    return await _change_state(conn, post_id, "published")


async def change_holds(conn: Connection, post_id: int, *, add: Hold = NONE, remove: Hold = NONE) -> Post:
    """Sets and lifts holds of the post; lists, boards and counts follow where it changes what others see. Returns its row before.

    Also of a deleted post: a hold only adds to what hides it. Raises PostNotFound.
    """
    # Lock order: the statistics row first, as likes do.
    await changes.lock_stats(conn, [post_id])
    post = await store.lock_post(conn, post_id)
    await _change_holds(conn, [post], add=add, remove=remove)
    return post


async def change_holds_of(
    conn: Connection, post_ids: Sequence[int], *, add: Hold = NONE, remove: Hold = NONE
) -> list[Post]:
    """`change_holds` for many posts with a fixed number of statements; unknown ones are left out. Returns the rows that it changed, as before.

    Callers bound the number of posts: their likes wait meanwhile.
    """
    await changes.lock_stats(conn, sorted(post_ids))
    posts = await store.lock_posts(conn, post_ids)
    return await _change_holds(conn, posts, add=add, remove=remove)


async def _change_holds(conn: Connection, posts: Sequence[Post], *, add: Hold, remove: Hold) -> list[Post]:
    """Changes locked posts, and returns those of them whose holds were others."""
    after = {post.id: (post.holds | int(add)) & ~int(remove) for post in posts}
    changed = [post for post in posts if post.holds != after[post.id]]
    if not changed:
        return []
    await store.change_holds(conn, {post.id: after[post.id] for post in changed})
    # Holds of a post that is not published change nothing that others see.
    moved = [post for post in changed if post.state == "published" and (not post.holds) != (not after[post.id])]
    if moved:
        if shown := [post.id for post in moved if not after[post.id]]:
            await media_store.date_first_showing(conn, shown)
        if hidden := [post.id for post in moved if after[post.id]]:
            await _purge(conn, hidden, "taken_down" if add & TAKEDOWNS else "hidden")
        await store.list_under_topics(conn, [post.id for post in moved])
        counts = Counter[int]()
        for post in moved:
            counts[post.author_id] += 1 if post.holds else -1
        await accounts.change_post_counts(conn, counts)
    # Scores depend on the shown state too, which may have changed without a change of visibility.
    await changes.change_stats(conn, [Delta(post.id) for post in sorted(changed, key=lambda post: post.id)])
    return changed


async def _change_state(conn: Connection, post_id: int, state: State) -> Post:
    # Lock order: the statistics row first, as likes do.
    await changes.lock_stats(conn, [post_id])
    post = await store.lock_post(conn, post_id)
    # This is also the result of a retry that waited for the lock while the first attempt committed.
    if post.state == state:
        return post
    if post.state == "deleted":
        raise PostIsDeleted
    await store.change_state(conn, post_id, state)
    await store.list_under_topics(conn, [post_id])
    shown = state == "published" and not post.holds
    if post.is_visible != shown:
        await accounts.change_post_counts(conn, {post.author_id: 1 if shown else -1})
    # What its author deletes is removed or kept as evidence by the action that deletes it.
    if post.is_visible and not shown and state != "deleted":
        await _purge(conn, [post_id], "taken_down" if state == "removed" else "hidden")
    await changes.change_stats(conn, [Delta(post_id)])
    return post


async def _purge(conn: Connection, post_ids: Sequence[int], reason: PurgeReason) -> None:
    """Purges copies of the media of posts that others do not see any more; the media stay, for the posts may be shown again."""
    if media_ids := await attachments.list_attached(conn, post_ids):
        await purges.enqueue(conn, media_ids, reason)
