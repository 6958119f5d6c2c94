"""Likes: at most one per account and post, or account and comment."""

import msgspec

from feed.accounts.model import AccountId
from feed.comments.model import CommentId
from feed.errors import Forbidden
from feed.posts.model import PostId


class LikesPrivate(Forbidden):
    """The likers of a post are visible to its author and to staff only."""


class Like(msgspec.Struct, frozen=True):
    """A request to like a post, or to remove the like."""

    post_id: PostId
    account_id: AccountId
    liked: bool = True


class CommentLike(msgspec.Struct, frozen=True):
    """A request to like a comment, or to remove the like."""

    comment_id: CommentId
    account_id: AccountId
    liked: bool = True


class Liked(msgspec.Struct, frozen=True):
    """The state after the request, and the exact count after its batch."""

    liked: bool
    like_count: int
