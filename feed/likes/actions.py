"""Liking, many at once: the batch is the transaction, the answers are each one's own."""

from collections import Counter
from collections.abc import Sequence

from feed.accounts import relations
from feed.accounts import store as accounts
from feed.accounts.model import Banned
from feed.changes.store import Announce, leave_to_log
from feed.comments import store as comments
from feed.comments.model import CommentNotFound
from feed.errors import FeedError
from feed.likes import comment_store, store
from feed.likes.model import CommentLike, Like, Liked
from feed.likes.store import Refusal
from feed.postgres import Pool, transaction
from feed.posts import store as posts
from feed.posts.model import PostNotFound

_REFUSALS: dict[Refusal, type[FeedError]] = {"not_seen": PostNotFound, "banned": Banned}


async def apply_likes(
    pool: Pool, batch: Sequence[Like], *, announce: Announce = leave_to_log
) -> list[Liked | FeedError]:
    """Applies likes and unlikes, one statement for all of them; answers in the order of their arrival.

    Of one person's several wishes for one post the last one stands. An answer is the state and the post's count, or the
    refusal of that one item: PostNotFound, Banned.
    """
    async with pool.acquire() as conn:
        applied = await store.apply_wishes(conn, {(like.post_id, like.account_id): like.liked for like in batch})
    announce({like.post_id for like in batch if (like.post_id, like.account_id) not in applied.refused})

    def answer(like: Like) -> Liked | FeedError:
        refusal = applied.refused.get((like.post_id, like.account_id))
        return Liked(like.liked, applied.counts[like.post_id]) if refusal is None else _REFUSALS[refusal]()

    return [answer(like) for like in batch]


async def apply_comment_likes(pool: Pool, batch: Sequence[CommentLike]) -> list[Liked | FeedError]:
    """The same for comments; nothing that counts for a campaign moves, so no statistics are touched.

    The refusals of an item: CommentNotFound, Banned.
    """
    async with transaction(pool) as conn:
        # Comments first, then likes, each ordered by id, as whoever hides a comment does.
        held = await comments.lock_comments(conn, sorted({like.comment_id for like in batch}))
        readable = await posts.find_visible(conn, list({comment.post_id for comment in held.values()}))
        shown = {
            comment.id: comment
            for comment in held.values()
            if comment.state == "published" and comment.post_id in readable
        }
        standings = await accounts.list_standings(conn, list({like.account_id for like in batch}))
        banned = {account_id for account_id, standing in standings.items() if standing.banned}
        met = {
            (like.account_id, author_id)
            for like in batch
            if (comment := shown.get(like.comment_id))
            for author_id in (comment.author_id, readable[comment.post_id])
        }
        apart = await relations.list_apart(conn, list(met))
        hidden = {
            like
            for like in batch
            if (comment := shown.get(like.comment_id))
            and {(like.account_id, comment.author_id), (like.account_id, readable[comment.post_id])} & apart
        }

        wishes = {
            (shown[like.comment_id].post_id, like.comment_id, like.account_id): like.liked
            for like in batch
            if like.comment_id in shown and like.account_id not in banned and like not in hidden
        }
        added = sorted(triple for triple, liked in wishes.items() if liked)
        removed = sorted(triple for triple, liked in wishes.items() if not liked)
        new = await comment_store.add_likes(conn, added) if added else []
        gone = await comment_store.remove_likes(conn, removed) if removed else []

        moved: Counter[tuple[int, int]] = Counter()
        for triples, by in ((new, 1), (gone, -1)):
            for post_id, comment_id, _ in triples:
                moved[post_id, comment_id] += by
        counts: dict[int, int] = {comment_id: comment.like_count for comment_id, comment in shown.items()}
        if changed := [(post_id, comment_id, by) for (post_id, comment_id), by in sorted(moved.items()) if by]:
            counts |= await comments.change_like_counts(conn, changed)

    def answer(like: CommentLike) -> Liked | FeedError:
        if like.comment_id not in shown or like in hidden:
            return CommentNotFound()
        if like.account_id in banned:
            return Banned()
        return Liked(like.liked, counts[like.comment_id])

    return [answer(like) for like in batch]
