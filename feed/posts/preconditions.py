"""The preconditions for acting on posts, loaded in one query for a whole batch."""

from collections.abc import Sequence

import msgspec

from feed.accounts.model import AccountId, Standing
from feed.cases.holds import State, is_visible
from feed.postgres import Connection, columns, many
from feed.posts.model import CommentPolicy, PostId


class Preconditions(msgspec.Struct, frozen=True):
    """The state of a post, and the restrictions of an account that acts on it."""

    post_id: PostId
    account_id: AccountId
    author_id: AccountId
    state: State
    holds: int
    comment_policy: CommentPolicy
    is_protected: bool  # Strangers to the author cannot comment now.
    # The approvals that campaigns require of comments under the post, because these enter them.
    comment_stages: int
    is_blocked: bool  # There is a block between the author and the account.
    banned: bool
    muted: bool
    leaving: bool
    taken_down: bool

    @property
    def is_visible(self) -> bool:
        """Whether others see the post."""
        return is_visible(self)

    @property
    def standing(self) -> Standing:
        """What the account is forbidden now."""
        return Standing(banned=self.banned, muted=self.muted, leaving=self.leaving, taken_down=self.taken_down)


Pair = tuple[int, int]


async def list_preconditions(conn: Connection, pairs: Sequence[Pair]) -> dict[Pair, Preconditions]:
    """The preconditions by pair of post and account. Pairs with an unknown post are absent.

    It is a separate statement after the locks, so that it sees what their previous holders committed.
    """
    rows = await conn.fetch(
        """
        -- Once for each post: most accounts of a batch act on few.
        WITH found AS MATERIALIZED (
            SELECT posts.id AS post_id, posts.author_id, posts.state, posts.holds, posts.comment_policy,
                   coalesce(authors.protected_until > clock_timestamp(), false) AS is_protected,
                   coalesce((
                       SELECT max(campaigns.review_stages)
                       FROM campaigns
                       WHERE campaigns.entry_post_id = posts.id AND campaigns.entry_by = 'comment' AND campaigns.state = 'scheduled'
                           AND campaigns.starts_at <= clock_timestamp() AND clock_timestamp() < campaigns.ends_at
                   ), 0) AS comment_stages
            FROM posts
            JOIN accounts AS authors ON authors.id = posts.author_id
            WHERE posts.id = ANY ($1::bigint[])
        )
        SELECT given.post_id, given.account_id, found.author_id, found.state, found.holds, found.comment_policy,
               found.is_protected, found.comment_stages,
               EXISTS (
                   SELECT FROM kept_apart
                   WHERE account_id = given.account_id AND other_id = found.author_id AND kind = 'block'
               ) AS is_blocked,
               standing.banned, standing.muted, standing.taken_down, standing.leaving
        FROM unnest($1::bigint[], $2::bigint[]) AS given (post_id, account_id)
        JOIN found ON found.post_id = given.post_id
        JOIN standings_now AS standing ON standing.account_id = given.account_id
        """,
        *columns(list(dict.fromkeys(pairs)), 2),
    )
    return {(each.post_id, each.account_id): each for each in many(rows, Preconditions)}
