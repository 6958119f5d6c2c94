"""Viewer state for a page (likes, sanctions, blocks), loaded in one query for many viewers."""

from collections.abc import Sequence

import msgspec

from feed.accounts import blocks
from feed.accounts.model import UNRESTRICTED, Standing
from feed.comments.strangers import list_strangers
from feed.postgres import Connection, columns, many
from feed.posts.model import PostNotFound
from feed.posts.seen import find_post_as_seen
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from feed.screens.posts.visibility import may_see


class ViewerQuery(msgspec.Struct, frozen=True):
    """A viewer of a page: its posts and their authors, and those of them who take no comments from strangers now."""

    viewer_id: int
    post_ids: tuple[int, ...]
    author_ids: tuple[int, ...]
    protected_ids: tuple[int, ...] = ()


class _LikeKeys(msgspec.Struct, frozen=True):
    """The likes to look up: each post with each viewer, and pairs of post and viewer."""

    post_ids: Sequence[int]
    viewer_ids: Sequence[int]
    pairs: Sequence[tuple[int, int]]


class _Row(msgspec.Struct, frozen=True):
    viewer_id: int
    banned: bool
    leaving: bool
    muted: bool
    liked_post_ids: frozenset[int]
    blocked_author_ids: frozenset[int]
    muted_author_ids: frozenset[int]
    apart_author_ids: frozenset[int]

    @property
    def viewer_state(self) -> ViewerState:
        is_restricted = self.banned or self.muted or self.leaving
        standing = Standing(self.banned, self.muted, self.leaving) if is_restricted else UNRESTRICTED
        return ViewerState(
            self.viewer_id,
            self.liked_post_ids,
            standing,
            self.blocked_author_ids,
            self.muted_author_ids,
            self.apart_author_ids,
        )


async def list_viewer_states(conn: Connection, queries: Sequence[ViewerQuery]) -> list[ViewerState]:
    """The viewer states in the order of the queries: liked posts, blocked and muted authors, sanctions.

    Blocks and mutes are read for the authors in the queries only: a viewer may have a thousand.
    """
    likes = _like_keys(queries)
    rows = await conn.fetch(
        """
        WITH liked AS MATERIALIZED (
            SELECT account_id, array_agg(post_id) AS post_ids
            FROM (
                SELECT account_id, post_id
                FROM likes
                WHERE post_id = ANY ($1::bigint[]) AND account_id = ANY ($2::bigint[])
                UNION ALL
                SELECT likes.account_id, likes.post_id
                FROM unnest($3::bigint[], $4::bigint[]) AS pairs (post_id, account_id)
                JOIN likes ON likes.post_id = pairs.post_id AND likes.account_id = pairs.account_id
            ) AS found
            GROUP BY account_id
        ), hidden AS MATERIALIZED (
            SELECT account_id,
                   array_agg(other_id) FILTER (WHERE kind = 'block') AS blocked,
                   array_agg(other_id) FILTER (WHERE kind = 'mute') AS muted,
                   array_agg(other_id) FILTER (WHERE kind = 'apart') AS apart
            FROM hidden_accounts
            WHERE account_id = ANY ($5::bigint[]) AND other_id = ANY ($6::bigint[])
            GROUP BY account_id
        )
        SELECT standing.account_id AS viewer_id, standing.banned, standing.muted, standing.leaving,
               coalesce(liked.post_ids, '{}') AS liked_post_ids,
               coalesce(hidden.blocked, '{}') AS blocked_author_ids,
               coalesce(hidden.muted, '{}') AS muted_author_ids,
               coalesce(hidden.apart, '{}') AS apart_author_ids
        FROM standings_now AS standing
        LEFT JOIN liked ON liked.account_id = standing.account_id
        LEFT JOIN hidden ON hidden.account_id = standing.account_id
        WHERE standing.account_id = ANY ($5::bigint[])
        """,
        likes.post_ids,
        likes.viewer_ids,
        *columns(likes.pairs, 2),
        list({query.viewer_id for query in queries}),
        list({author_id for query in queries for author_id in query.author_ids}),
    )
    states = {row.viewer_id: row.viewer_state for row in many(rows, _Row)}
    for owner_id, viewer_id in await list_strangers(
        conn, [(owner_id, query.viewer_id) for query in queries for owner_id in query.protected_ids]
    ):
        if (state := states.get(viewer_id)) is not None:
            states[viewer_id] = msgspec.structs.replace(state, stranger_to_ids={*state.stranger_to_ids, owner_id})
    return [states.get(query.viewer_id) or ViewerState(query.viewer_id) for query in queries]


def _like_keys(queries: Sequence[ViewerQuery]) -> _LikeKeys:
    """The page with the most viewers as posts times viewers, the other pages as pairs.

    Most viewers request the same page. A viewer of two pages may get likes of the other page's posts too, which no card shows.
    """
    pages: dict[tuple[int, ...], list[int]] = {}
    for query in queries:
        pages.setdefault(query.post_ids, []).append(query.viewer_id)
    largest = max(pages, key=lambda post_ids: len(pages[post_ids]), default=())
    viewer_ids = pages.pop(largest, [])
    pairs = [(post_id, viewer_id) for page, viewers in pages.items() for viewer_id in viewers for post_id in page]
    return _LikeKeys(largest, viewer_ids, pairs)


async def get_viewer_state(conn: Connection, viewer_id: int | None) -> ViewerState:
    """All of the viewer's blocks and mutes, for lists whose authors are not known beforehand (comments); no likes, no sanctions."""
    if viewer_id is None:
        return ANONYMOUS
    hidden = await blocks.get_hidden_accounts(conn, viewer_id)
    return ViewerState(viewer_id, blocked_ids=hidden.blocked, muted_ids=hidden.muted, apart_ids=hidden.apart)


async def require_visible_post(conn: Connection, post_id: int, viewer_id: int | None) -> ViewerState:
    """The viewer's blocks and mutes, if the viewer sees the post. Raises PostNotFound."""
    viewer_state = await get_viewer_state(conn, viewer_id)
    post = await find_post_as_seen(conn, post_id)
    if post is None or not may_see(post, viewer_state):
        raise PostNotFound
    return viewer_state
