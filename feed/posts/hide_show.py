"""What has to happen together when a post appears or disappears. Called inside a transaction."""

from feed.accounts import store as accounts
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.errors import Conflict
from feed.postgres import Connection
from feed.posts import store
from feed.posts.model import Post, State


class PostIsDeleted(Conflict):
    """Its author has deleted it; nobody else brings it back."""


async def hide_post(conn: Connection, post_id: int, *, state: State) -> Post:
    """Takes the post out of every list, board and count of posts; returns it as it was.

    Likes and comments stay as they are, so that a restore needs to count nothing. Raises PostNotFound, PostIsDeleted.
    """
    return await _move(conn, post_id, state)


async def show_post(conn: Connection, post_id: int) -> Post:
    """Puts the post where it was before it was hidden; returns it as it was. Raises PostNotFound, PostIsDeleted."""
    return await _move(conn, post_id, "published")


async def _move(conn: Connection, post_id: int, state: State) -> Post:
    # The statistics row first: likes take the two locks in this order too.
    await changes.lock_stats(conn, [post_id])
    post = await store.lock_post(conn, post_id)
    # Also for who has waited here while another try of his own deletion was being done.
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
