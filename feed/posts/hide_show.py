"""Changes of a post's visibility with all lists and counters. The callers open the transaction."""

from feed.accounts import store as accounts
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.errors import Conflict
from feed.postgres import Connection
from feed.posts import store
from feed.posts.model import Post, State


class PostIsDeleted(Conflict):
    """The author has deleted the post; it cannot be restored."""


async def hide_post(conn: Connection, post_id: int, *, state: State) -> Post:
    """Removes the post from lists, boards and post counts. Returns its row before.

    Likes and comments stay as they are, so that a restore needs no recount. Raises PostNotFound, PostIsDeleted.
    """
    return await _change_visibility(conn, post_id, state)


async def show_post(conn: Connection, post_id: int) -> Post:
    """Makes the post visible again. Returns its row before. Raises PostNotFound, PostIsDeleted."""
    return await _change_visibility(conn, post_id, "published")


async def _change_visibility(conn: Connection, post_id: int, state: State) -> Post:
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
    if (post.state == "published") != (state == "published"):
        await accounts.change_post_counts(conn, {post.author_id: 1 if state == "published" else -1})
    await changes.change_stats(conn, [Delta(post_id)])
    return post
