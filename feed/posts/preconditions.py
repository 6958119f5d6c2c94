"""Accounts that act on posts: one query for a whole batch, under its locks."""

from collections.abc import Sequence

import msgspec

from feed.accounts.model import AccountId, Standing
from feed.postgres import Connection, columns, many
from feed.posts.model import CommentPolicy, PostId, State


class Preconditions(msgspec.Struct, frozen=True):
    """A post as one account finds it: what the post allows, and what the account may do."""

    post_id: PostId
    account_id: AccountId
    author_id: AccountId
    state: State
    comment_policy: CommentPolicy
    is_blocked: bool  # The author and the account do not see each other.
    banned: bool
    muted: bool

    @property
    def standing(self) -> Standing:
        """What the account is forbidden now."""
        return Standing(banned=self.banned, muted=self.muted)


Pair = tuple[int, int]


async def list_preconditions(conn: Connection, pairs: Sequence[Pair]) -> dict[Pair, Preconditions]:
    """For pairs of post and account; a pair is absent when there is no such post.

    A statement of its own after the locks, so that it sees what their last holders committed.
    """
    rows = await conn.fetch(
        """
        SELECT given.post_id, given.account_id, posts.author_id, posts.state, posts.comment_policy,
               EXISTS (
                   SELECT FROM kept_apart
                   WHERE account_id = given.account_id AND other_id = posts.author_id AND kind = 'block'
               ) AS is_blocked,
               standing.banned, standing.muted
        FROM unnest($1::bigint[], $2::bigint[]) AS given (post_id, account_id)
        JOIN posts ON posts.id = given.post_id
        JOIN standings_now AS standing ON standing.account_id = given.account_id
        """,
        *columns(list(dict.fromkeys(pairs)), 2),
    )
    return {(each.post_id, each.account_id): each for each in many(rows, Preconditions)}
