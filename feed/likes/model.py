"""Likes: one per person's account and post."""

import msgspec

from feed.accounts.model import AccountId
from feed.posts.model import PostId


class Like(msgspec.Struct, frozen=True):
    """That an account likes a post, or no longer does."""

    post_id: PostId
    account_id: AccountId
    liked: bool = True


class Liked(msgspec.Struct, frozen=True):
    """The state after the request, and the post's exact count after its batch."""

    liked: bool
    like_count: int
