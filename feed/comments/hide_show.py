"""Changes of a comment's visibility with all counters. The callers open the transaction."""

from feed.changes import store as changes
from feed.changes.store import Delta
from feed.comments import store
from feed.comments.model import Comment, CommentIsDeleted, CommentNotFound
from feed.postgres import Connection
from feed.posts import store as posts
from feed.posts.model import State


async def count_comment(conn: Connection, comment: Comment, *, by: int) -> None:
    """Adds `by` to every counter that includes the comment."""
    post = await posts.find_post(conn, comment.post_id)
    own = by if post is not None and post.author_id == comment.author_id else 0
    if comment.root_id is not None:
        await store.change_reply_counts(conn, {comment.root_id: by})
    await changes.change_stats(conn, [Delta(comment.post_id, comments=by, own_comments=own)])


async def hide_comment(conn: Connection, comment_id: int, *, state: State) -> Comment:
    """Removes the comment from lists and counters. Returns its row before. Raises CommentNotFound, CommentIsDeleted."""
    return await _change_visibility(conn, comment_id, state)


async def show_comment(conn: Connection, comment_id: int) -> Comment:
    """Makes the comment visible again. Returns its row before. Raises CommentNotFound, CommentIsDeleted."""
    return await _change_visibility(conn, comment_id, "published")


async def _change_visibility(conn: Connection, comment_id: int, state: State) -> Comment:
    found = await store.find_comment(conn, comment_id)
    if found is None:
        raise CommentNotFound
    # Lock order: the statistics row first, as all writers do; then the comment, read again under its lock.
    await changes.lock_stats(conn, [found.post_id])
    comment = await store.lock_comment(conn, comment_id)
    # This is also the result of a retry that waited for the lock while the first attempt committed.
    if comment.state == state:
        return comment
    if comment.state == "deleted":
        raise CommentIsDeleted
    await store.change_state(conn, comment_id, state)
    if (comment.state == "published") != (state == "published"):
        await count_comment(conn, comment, by=1 if state == "published" else -1)
    return comment
