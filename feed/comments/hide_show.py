"""Changes of a comment's visibility with all counters. The callers open the transaction."""

from collections import Counter
from collections.abc import Sequence

from feed.cases.holds import NONE, Hold, State
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.comments import store
from feed.comments.model import Comment, CommentIsDeleted, CommentNotFound
from feed.postgres import Connection
from feed.posts import store as posts


async def count_comments(conn: Connection, signs: Sequence[tuple[Comment, int]]) -> None:
    """Adds 1 or -1 for each comment to every counter that includes it. The statistics of the posts and the roots are locked."""
    authors = await posts.list_authors(conn, sorted({comment.post_id for comment, _ in signs}))
    replies, all_, own = Counter[int](), Counter[int](), Counter[int]()
    for comment, by in signs:
        if comment.root_id is not None:
            replies[comment.root_id] += by
        all_[comment.post_id] += by
        own[comment.post_id] += by if authors.get(comment.post_id) == comment.author_id else 0
    if replies:
        await store.change_reply_counts(conn, dict(sorted(replies.items())))
    await changes.change_stats(
        conn, [Delta(post_id, comments=all_[post_id], own_comments=own[post_id]) for post_id in sorted(all_)]
    )


async def hide_comment(conn: Connection, comment_id: int, *, state: State) -> Comment:
    """Sets a state that hides the comment: removes it from lists and counters. Returns its row before.

    Raises CommentNotFound, CommentIsDeleted.
    """
    return await _change_state(conn, comment_id, state)


async def show_comment(conn: Connection, comment_id: int) -> Comment:
    """Publishes the comment; it is visible unless something holds it. Returns its row before.

    Raises CommentNotFound, CommentIsDeleted.
    """
    return await _change_state(conn, comment_id, "published")


async def change_holds(conn: Connection, comment_id: int, *, add: Hold = NONE, remove: Hold = NONE) -> Comment:
    """Sets and lifts holds of the comment; lists and counters follow where it changes what others see. Returns its row before.

    Also of a deleted comment: a hold only adds to what hides it. Raises CommentNotFound.
    """
    comment = await _lock(conn, comment_id)
    await _change_holds(conn, [comment], add=add, remove=remove)
    return comment


async def change_holds_of(
    conn: Connection, comment_ids: Sequence[int], *, add: Hold = NONE, remove: Hold = NONE
) -> list[Comment]:
    """`change_holds` for many comments with a fixed number of statements; unknown ones are left out. Returns the rows that it changed, as before.

    Callers bound the number of comments: writes under their posts wait meanwhile.
    """
    targets = await store.list_targets(conn, comment_ids)
    await changes.lock_stats(conn, sorted({target.post_id for target in targets.values()}))
    roots = {target.root_id for target in targets.values() if target.root_id is not None}
    locked = await store.lock_comments(conn, sorted(targets.keys() | roots))
    return await _change_holds(conn, [locked[id_] for id_ in sorted(targets)], add=add, remove=remove)


async def _change_holds(conn: Connection, comments: Sequence[Comment], *, add: Hold, remove: Hold) -> list[Comment]:
    """Changes locked comments, and returns those of them whose holds were others."""
    after = {comment.id: (comment.holds | int(add)) & ~int(remove) for comment in comments}
    changed = [comment for comment in comments if comment.holds != after[comment.id]]
    if not changed:
        return []
    await store.change_holds(conn, {comment.id: after[comment.id] for comment in changed})
    signs = [
        # Holds of a comment that is not published change nothing that others see. Scores depend on the shown state too.
        (comment, (not after[comment.id]) - (not comment.holds) if comment.state == "published" else 0)
        for comment in changed
    ]
    await count_comments(conn, signs)
    return changed


async def _change_state(conn: Connection, comment_id: int, state: State) -> Comment:
    comment = await _lock(conn, comment_id)
    # This is also the result of a retry that waited for the lock while the first attempt committed.
    if comment.state == state:
        return comment
    if comment.state == "deleted":
        raise CommentIsDeleted
    await store.change_state(conn, comment_id, state)
    shown = state == "published" and not comment.holds
    if comment.is_visible != shown:
        await count_comments(conn, [(comment, 1 if shown else -1)])
    return comment


async def _lock(conn: Connection, comment_id: int) -> Comment:
    found = await store.find_comment(conn, comment_id)
    if found is None:
        raise CommentNotFound
    # Lock order: the statistics row first, as all writers do; then the comment, read again under its lock.
    await changes.lock_stats(conn, [found.post_id])
    return await store.lock_comment(conn, comment_id)
