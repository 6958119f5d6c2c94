"""Likes: one per person's account and post, or comment."""

import msgspec

from feed.accounts.model import AccountId
from feed.comments.model import CommentId
from feed.errors import Forbidden
from feed.posts.model import PostId


class LikesPrivate(Forbidden):
    """Who likes a post is told to its author and to staff alone."""


class Like(msgspec.Struct, frozen=True):
    """That an account likes a post, or no longer does."""

    post_id: PostId
    account_id: AccountId
    liked: bool = True


class CommentLike(msgspec.Struct, frozen=True):
    """That an account likes a comment, or no longer does."""

    comment_id: CommentId
    account_id: AccountId
    liked: bool = True


class Liked(msgspec.Struct, frozen=True):
    """The state after the request, and the exact count after its batch."""

    liked: bool
    like_count: int
