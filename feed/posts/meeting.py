"""What stands between people and the posts they want to act on: one reading for a whole batch, under its locks."""

from collections.abc import Sequence

import msgspec

from feed.accounts.model import FREE, AccountId, Standing
from feed.postgres import Connection
from feed.posts.model import CommentPolicy, State


class Met(msgspec.Struct, frozen=True):
    """A post as far as acting on it goes."""

    author_id: AccountId
    state: State
    comment_policy: CommentPolicy


class Meeting(msgspec.Struct, frozen=True):
    """The posts that exist, what whom is forbidden, and between whom and which post's author a block stands."""

    posts: dict[int, Met]
    standings: dict[int, Standing]
    apart: set[tuple[int, int]]  # Post and account.

    def standing(self, account_id: AccountId) -> Standing:
        """What the account is forbidden now."""
        return self.standings.get(account_id, FREE)


async def get_meeting(conn: Connection, pairs: Sequence[tuple[int, int]]) -> Meeting:
    """For pairs of post and account. A statement of its own after the locks, so that it sees what their last holders committed."""
    rows = await conn.fetch(
        """
        WITH met AS MATERIALIZED (
            SELECT id, author_id, state, comment_policy FROM posts WHERE id = ANY ($1::bigint[])
        )
        SELECT id AS one, author_id AS other, state AS word, comment_policy AS policy FROM met
        UNION ALL
        SELECT account_id, NULL, kind, NULL
        FROM sanctions
        WHERE account_id = ANY ($2::bigint[]) AND lifted_at IS NULL
          AND starts_at <= clock_timestamp() AND (until IS NULL OR until > clock_timestamp())
        UNION ALL
        SELECT id, NULL, 'ban', NULL FROM accounts WHERE id = ANY ($2::bigint[]) AND erased_at IS NOT NULL
        UNION ALL
        SELECT account_id, target_id, 'apart', NULL
        FROM relations
        WHERE account_id = ANY ($2::bigint[]) AND kind = 'block' AND target_id IN (SELECT author_id FROM met)
        UNION ALL
        SELECT target_id, account_id, 'apart', NULL
        FROM relations
        WHERE target_id = ANY ($2::bigint[]) AND kind = 'block' AND account_id IN (SELECT author_id FROM met)
        """,
        list({post_id for post_id, _ in pairs}),
        list({account_id for _, account_id in pairs}),
    )
    posts: dict[int, Met] = {}
    said: dict[int, set[str]] = {}
    blocks: set[tuple[int, int]] = set()
    for one, other, word, policy in rows:
        if policy is not None:
            posts[one] = Met(other, word, policy)
        elif other is not None:
            blocks.add((one, other))
        else:
            said.setdefault(one, set()).add(word)
    apart = {pair for pair in pairs if blocks and pair[0] in posts and (pair[1], posts[pair[0]].author_id) in blocks}
    standings = {one: Standing(banned="ban" in words, muted="mute" in words) for one, words in said.items()}
    return Meeting(posts, standings, apart)
