"""Actions that add comments in batches and delete a comment."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from feed import idempotency
from feed.accounts import blocks
from feed.accounts.model import AccountId
from feed.cases import store as cases
from feed.cases.chain import first_state
from feed.cases.holds import Hold
from feed.cases.store import NewCase
from feed.changes import store as changes
from feed.changes.store import Announce, Delta, announce_nothing
from feed.comments import store
from feed.comments.hide_show import change_holds_of, hide_comment
from feed.comments.model import (
    TEXT,
    Comment,
    CommentId,
    CommentNotFound,
    CommentsClosed,
    CommentsLimited,
    NotYourComment,
)
from feed.comments.store import NewRow, Target
from feed.comments.strangers import list_strangers
from feed.errors import FeedError, FieldError, Invalid
from feed.idempotency import KeyedRequest
from feed.postgres import Connection, Pool, transaction
from feed.posts.model import PostId, PostNotFound, PostNotPublished
from feed.posts.preconditions import Preconditions, list_preconditions
from feed.screening.model import PASSED, MachineResult
from feed.texts import require_text


class NewComment(msgspec.Struct, frozen=True):
    """A comment to add. `reply_to_id` is a comment of the same post; `request` makes a retry add it once.

    `machine` is the result of the machine check, `stages` the human approvals before publication that it and the site require.
    """

    author_id: AccountId
    post_id: PostId
    text: str
    reply_to_id: CommentId | None = None
    request: KeyedRequest | None = None
    ip_region: str | None = None
    machine: MachineResult = PASSED
    stages: int = 0

    @staticmethod
    def checked(
        author_id: AccountId,
        post_id: PostId,
        text: str,
        reply_to_id: CommentId | None = None,
        request: KeyedRequest | None = None,
        ip_region: str | None = None,
    ) -> "NewComment":
        """The comment with its text cleaned. Raises Invalid if the text cannot be a comment."""
        text = require_text("text", text, TEXT)
        return NewComment(author_id, post_id, text, reply_to_id, request, ip_region)

    def judged(self, machine: MachineResult, stages: int) -> "NewComment":
        """The comment with the result of the machine check and the approvals that are required."""
        return msgspec.structs.replace(self, machine=machine, stages=stages)


async def add_comments(
    pool: Pool, batch: Sequence[NewComment], *, announce: Announce = announce_nothing
) -> list[int | Exception]:
    """Adds comments in the order of the batch, each once per `request`. A reply to a reply belongs to the same root comment.

    Returns, in that order, the comment's id or the error of that item: Invalid, PostNotFound, PostNotPublished,
    CommentsClosed, CommentsLimited, Banned, Muted, AlreadyAnswered, IdempotencyKeyReused, IdempotencyKeyBusy.
    """
    requests = [(comment.author_id, comment.request) for comment in batch]
    async with transaction(pool) as conn:
        # Lock order of all writers: idempotency keys, statistics, comments; each in the order of ids.
        reserved, results = await idempotency.split_repeats(conn, requests)
        new = {place: batch[place] for place in reserved}
        await changes.lock_stats(conn, sorted({comment.post_id for comment in new.values()}))
        preconditions = await list_preconditions(
            conn, [(comment.post_id, comment.author_id) for comment in new.values()]
        )
        threads = await _get_threads(conn, list(new.values()))
        strangers = await list_strangers(conn, _protected_pairs(new.values(), preconditions, threads))
        errors: dict[int, FeedError] = {}
        rows: dict[int, NewRow] = {}
        stages: list[int] = []
        for place, comment in new.items():
            post = preconditions.get((comment.post_id, comment.author_id))
            if error := _post_error(post, comment, strangers) or threads.error(comment, strangers):
                errors[place] = error
            else:
                needed = max(comment.stages, 0 if post is None else post.comment_stages)
                stages.append(needed)
                rows[place] = _row(comment, reserved[place], threads.root_of(comment), needed)
        if rows:
            authors: dict[int, int] = {post.post_id: post.author_id for post in preconditions.values()}
            reviews = [(each, new[place].machine) for place, each in zip(rows, stages, strict=True)]
            ids = await _add(conn, authors, list(rows.values()), reviews)
            results |= zip(rows, ids, strict=True)
            hidden = {row.author_id for row in rows.values() if preconditions[row.post_id, row.author_id].taken_down}
            if hidden:
                held = [id_ for id_, row in zip(ids, rows.values(), strict=True) if row.author_id in hidden]
                await change_holds_of(conn, held, add=Hold.AUTHOR)
        await idempotency.release_each(conn, [requests[place] for place in errors])
    announce({row.post_id for row in rows.values()})
    results |= errors
    return [results[place] for place in range(len(batch))]


async def delete_comment(
    pool: Pool, author_id: AccountId, comment_id: CommentId, *, announce: Announce = announce_nothing
) -> None:
    """Deletes the author's own comment; repeating it changes nothing. Raises CommentNotFound, NotYourComment."""
    async with transaction(pool) as conn:
        comment = await store.find_comment(conn, comment_id)
        if comment is None or (comment.author_id != author_id and not comment.is_visible):
            raise CommentNotFound
        if comment.author_id != author_id:
            raise NotYourComment
        if comment.state != "deleted":
            await hide_comment(conn, comment_id, state="deleted")
            await cases.close_cases(conn, comment_id=comment_id)
    announce([comment.post_id])


async def write_error(conn: Connection, comment: Comment) -> tuple[int, FeedError | None]:
    """The stages of comments under the comment's post, and why its author may not write there now; None if the author may."""
    pair = (comment.post_id, comment.author_id)
    post = (await list_preconditions(conn, [pair])).get(pair)
    like_new = NewComment(comment.author_id, comment.post_id, "", comment.reply_to_id)
    threads = await _get_threads(conn, [like_new])
    strangers = await list_strangers(conn, _protected_pairs([like_new], {} if post is None else {pair: post}, threads))
    error = _post_error(post, like_new, strangers)
    if error is None and (reply_error := threads.error(like_new, strangers)) is not None:
        # The addressee may have deleted the comment since: only a block and the protection forbid the edit.
        error = reply_error if isinstance(reply_error, CommentsLimited) else None
    return 0 if post is None else post.comment_stages, error


class _Threads(msgspec.Struct, frozen=True):
    """The comments that a batch replies to, and the pairs (author of the reply, author of the comment) with a block."""

    targets: dict[int, Target]
    blocked_pairs: set[tuple[int, int]]

    def error(self, comment: NewComment, strangers: Collection[tuple[int, int]]) -> FeedError | None:
        if comment.reply_to_id is None:
            return None
        target = self.targets.get(comment.reply_to_id)
        seen = target is not None and target.post_id == comment.post_id and target.is_visible
        if target is None or not seen or (comment.author_id, target.author_id) in self.blocked_pairs:
            return Invalid(FieldError("reply_to_id", "not_found"))
        if target.is_protected and (target.author_id, comment.author_id) in strangers:
            return CommentsLimited()
        return None

    def root_of(self, comment: NewComment) -> CommentId | None:
        if comment.reply_to_id is None:
            return None
        target = self.targets[comment.reply_to_id]
        return target.root_id or target.id


async def _get_threads(conn: Connection, replies: Sequence[NewComment]) -> _Threads:
    ids = {reply.reply_to_id for reply in replies if reply.reply_to_id is not None}
    if not ids:
        return _Threads({}, set())
    targets = await store.list_targets(conn, list(ids))
    pairs = {
        (reply.author_id, targets[reply.reply_to_id].author_id) for reply in replies if reply.reply_to_id in targets
    }
    return _Threads(targets, await blocks.list_blocked_pairs(conn, list(pairs)))


def _row(comment: NewComment, id_: int | None, root_id: CommentId | None, stages: int) -> NewRow:
    return NewRow(
        id_,
        comment.post_id,
        comment.author_id,
        root_id,
        comment.reply_to_id,
        comment.text,
        comment.ip_region,
        first_state(comment.machine, stages),
    )


async def _add(
    conn: Connection, authors: Mapping[int, int], rows: Sequence[NewRow], reviews: Sequence[tuple[int, MachineResult]]
) -> list[CommentId]:
    """Adds the comments with their stages and results of the machine check, updates the counters, and queues them for review."""
    shown = [row for row in rows if row.state == "published"]
    replies = Counter(row.root_id for row in shown if row.root_id is not None)
    if replies:
        await store.lock_comments(conn, sorted(replies))
    ids = await store.add_comments(conn, rows)
    if replies:
        await store.change_reply_counts(conn, replies)
    all_ = Counter(row.post_id for row in shown)
    own = Counter(row.post_id for row in shown if authors[row.post_id] == row.author_id)
    await changes.change_stats(
        conn, [Delta(post_id, comments=by, own_comments=own[post_id]) for post_id, by in all_.items()]
    )
    await cases.add_first_cases(
        conn,
        "comment",
        [
            NewCase(row.author_id, row.post_id, id_, None, stages, machine)
            for id_, row, (stages, machine) in zip(ids, rows, reviews, strict=True)
        ],
    )
    return ids


def _protected_pairs(
    comments: Iterable[NewComment], preconditions: Mapping[tuple[int, int], Preconditions], threads: _Threads
) -> list[tuple[int, int]]:
    """The pairs (protected account, author of a comment) that have to be checked."""
    pairs: list[tuple[int, int]] = []
    for comment in comments:
        post = preconditions.get((comment.post_id, comment.author_id))
        target = threads.targets.get(comment.reply_to_id) if comment.reply_to_id is not None else None
        pairs += [
            (each.author_id, comment.author_id) for each in (post, target) if each is not None and each.is_protected
        ]
    return pairs


def _post_error(
    post: Preconditions | None, comment: NewComment, strangers: Collection[tuple[int, int]]
) -> FeedError | None:
    if post is None or post.is_blocked:
        return PostNotFound()
    own = post.author_id == comment.author_id
    if not post.is_visible:
        return PostNotPublished() if own and post.state != "deleted" else PostNotFound()
    if post.comment_policy == "nobody" and not own:
        return CommentsClosed()
    if post.is_protected and (post.author_id, comment.author_id) in strangers:
        return CommentsLimited()
    return post.standing.write_error
