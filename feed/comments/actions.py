"""Commenting and taking comments back: one transaction each."""

import msgspec

from feed import idempotency
from feed.accounts import relations
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.cases import store as cases
from feed.changes import store as changes
from feed.comments import store
from feed.comments.model import (
    CommentId,
    CommentNotFound,
    CommentsClosed,
    NotYourComment,
    comment_problems,
)
from feed.comments.showing import count_comment, hide_comment
from feed.errors import FieldError, Invalid
from feed.idempotency import Once
from feed.postgres import Connection, Pool, transaction
from feed.posts import store as posts
from feed.posts.model import PostId, PostNotFound, PostNotPublished
from feed.texts import clean_text


class NewComment(msgspec.Struct, frozen=True):
    """What a person wants to say under a post; `reply_to_id` is a comment of the same post."""

    text: str
    reply_to_id: CommentId | None = None


async def add_comment(
    pool: Pool,
    author_id: AccountId,
    post_id: PostId,
    new: NewComment,
    request: Once | None = None,
    *,
    ip_region: str | None = None,
) -> CommentId:
    """Adds a comment, once per `request`; a reply to a reply joins the same root. Returns its id.

    Raises Invalid, PostNotFound, PostNotPublished, CommentsClosed, Banned, Muted, IdempotencyKeyReused.
    """
    text = clean_text(new.text)
    if problems := comment_problems(text):
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        reserved = None
        if request is not None:
            reserved = await idempotency.reserve(conn, author_id, request)
            if not reserved.fresh:
                return CommentId(reserved.answer_id)
        await changes.lock_stats(conn, [post_id])
        await _must_take_comments(conn, author_id, post_id)
        (await accounts.get_standing(conn, author_id)).may_write()
        comment_id = await store.add_comment(
            conn,
            comment_id=reserved.answer_id if reserved else None,
            post_id=post_id,
            author_id=author_id,
            root_id=await _root_of(conn, author_id, post_id, new.reply_to_id),
            reply_to_id=new.reply_to_id,
            text=text,
            ip_region=ip_region,
        )
        comment = await store.lock_comment(conn, comment_id)
        await count_comment(conn, comment, by=1)
        await cases.add_case(conn, kind="comment", author_id=author_id, post_id=post_id, comment_id=comment_id)
    return comment_id


async def delete_comment(pool: Pool, author_id: AccountId, comment_id: CommentId) -> PostId:
    """Deletes the author's own comment; a second time changes nothing. Returns its post.

    Raises CommentNotFound, NotYourComment.
    """
    async with transaction(pool) as conn:
        comment = await store.find_comment(conn, comment_id)
        if comment is None or (comment.author_id != author_id and comment.state != "published"):
            raise CommentNotFound
        if comment.author_id != author_id:
            raise NotYourComment
        if comment.state != "deleted":
            await hide_comment(conn, comment_id, state="deleted")
            await cases.close_cases(conn, comment_id=comment_id)
    return comment.post_id


async def _must_take_comments(conn: Connection, author_id: AccountId, post_id: PostId) -> None:
    post = await posts.find_post(conn, post_id)
    if post is None or (post.state != "published" and (post.author_id != author_id or post.state == "deleted")):
        raise PostNotFound
    if await relations.is_apart(conn, author_id, post.author_id):
        raise PostNotFound
    if post.state != "published":
        raise PostNotPublished
    if post.comment_policy == "nobody" and post.author_id != author_id:
        raise CommentsClosed


async def _root_of(
    conn: Connection, author_id: AccountId, post_id: PostId, reply_to_id: CommentId | None
) -> CommentId | None:
    if reply_to_id is None:
        return None
    comment = await store.find_comment(conn, reply_to_id)
    if comment is None or comment.post_id != post_id or comment.state != "published":
        raise Invalid(FieldError("reply_to_id", "not_found"))
    if await relations.is_apart(conn, author_id, comment.author_id):
        raise Invalid(FieldError("reply_to_id", "not_found"))
    return comment.root_id or comment.id
