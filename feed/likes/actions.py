"""Actions that apply likes and unlikes of posts and comments in batches, one transaction per batch."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from feed.accounts import blocks
from feed.accounts import store as accounts
from feed.accounts.model import UNRESTRICTED, AccountLeaving, Banned
from feed.changes.store import Announce, announce_nothing
from feed.comments import store as comments
from feed.comments.model import CommentNotFound
from feed.errors import FeedError
from feed.likes import comment_store, store
from feed.likes.comment_store import Triple
from feed.likes.model import CommentLike, Like, Liked
from feed.likes.store import Rejection
from feed.postgres import Connection, Pool, transaction, writing
from feed.posts import store as posts
from feed.posts.model import PostNotFound

_ERRORS: dict[Rejection, type[FeedError]] = {
    "not_seen": PostNotFound,
    "banned": Banned,
    "leaving": AccountLeaving,
}


async def apply_likes(
    pool: Pool, batch: Sequence[Like], *, announce: Announce = announce_nothing
) -> list[Liked | FeedError]:
    """Applies likes and unlikes in one statement.

    If an account has several items for one post, the last one is applied. Returns, in the order of the batch, the state and
    the post's count, or the error of that item: PostNotFound, Banned, AccountLeaving.
    """
    async with writing(pool) as conn:
        applied = await store.apply_likes(conn, {(like.post_id, like.account_id): like.liked for like in batch})
    announce({like.post_id for like in batch if (like.post_id, like.account_id) not in applied.rejected})

    def result(like: Like) -> Liked | FeedError:
        rejection = applied.rejected.get((like.post_id, like.account_id))
        return Liked(like.liked, applied.counts[like.post_id]) if rejection is None else _ERRORS[rejection]()

    return [result(like) for like in batch]


class _PublishedComment(NamedTuple):
    """A published comment. `authors` are those of the comment and of its post: a block with either hides it."""

    post_id: int
    authors: tuple[int, int]
    like_count: int


async def apply_comment_likes(pool: Pool, batch: Sequence[CommentLike]) -> list[Liked | FeedError]:
    """The same for comments. These likes are no input to a score, so no statistics change.

    The errors of an item: CommentNotFound, Banned, AccountLeaving.
    """
    async with transaction(pool) as conn:
        published = await _lock_published(conn, {like.comment_id for like in batch})
        rejected = await _find_rejected(conn, batch, published)
        counts = {comment_id: comment.like_count for comment_id, comment in published.items()}
        counts |= await _change_likes(
            conn,
            {
                (published[like.comment_id].post_id, like.comment_id, like.account_id): like.liked
                for like in batch
                if like not in rejected
            },
        )
    return [rejected[like]() if like in rejected else Liked(like.liked, counts[like.comment_id]) for like in batch]


async def _lock_published(conn: Connection, comment_ids: Collection[int]) -> dict[int, _PublishedComment]:
    """The published comments by id, locked. Lock order: comments by id, then likes, as for a deletion."""
    locked = await comments.lock_comments(conn, sorted(comment_ids))
    post_authors = await posts.find_visible(conn, list({comment.post_id for comment in locked.values()}))
    return {
        comment.id: _PublishedComment(
            comment.post_id, (comment.author_id, post_authors[comment.post_id]), comment.like_count
        )
        for comment in locked.values()
        if comment.is_visible and comment.post_id in post_authors
    }


async def _find_rejected(
    conn: Connection, batch: Sequence[CommentLike], published: Mapping[int, _PublishedComment]
) -> dict[CommentLike, type[FeedError]]:
    """The rejected items with the error of each. A block is reported before a ban, as CommentNotFound."""
    restrictions = await accounts.list_standings(conn, list({like.account_id for like in batch}))
    visible = [like for like in batch if like.comment_id in published]
    # A blocked account may take a like back.
    pairs = {
        (like.account_id, author_id)
        for like in visible
        if like.liked
        for author_id in published[like.comment_id].authors
    }
    blocked_pairs = await blocks.list_blocked_pairs(conn, list(pairs))
    rejected: dict[CommentLike, type[FeedError]] = {}
    for like in batch:
        comment = published.get(like.comment_id)
        is_blocked = comment is not None and any((like.account_id, each) in blocked_pairs for each in comment.authors)
        if comment is None or (like.liked and is_blocked):
            rejected[like] = CommentNotFound
        elif error := restrictions.get(like.account_id, UNRESTRICTED).act_error:
            rejected[like] = type(error)
    return rejected


async def _change_likes(conn: Connection, requested: Mapping[Triple, bool]) -> dict[int, int]:
    """Adds or removes the like of each (post, comment, account). Returns the new like counts of the changed comments."""
    added = sorted(triple for triple, liked in requested.items() if liked)
    removed = sorted(triple for triple, liked in requested.items() if not liked)
    new = await comment_store.add_likes(conn, added) if added else []
    gone = await comment_store.remove_likes(conn, removed) if removed else []
    deltas = Counter((post_id, comment_id) for post_id, comment_id, _ in new)
    deltas.subtract((post_id, comment_id) for post_id, comment_id, _ in gone)
    changed = [(post_id, comment_id, by) for (post_id, comment_id), by in sorted(deltas.items()) if by]
    return await comments.change_like_counts(conn, changed) if changed else {}
