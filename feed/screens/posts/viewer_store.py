"""Viewer state for a page (likes, sanctions, blocks), loaded in one query for many viewers."""

from collections.abc import Sequence

import msgspec

from feed.accounts import blocks
from feed.accounts.model import UNRESTRICTED, Standing
from feed.postgres import Connection, columns, many
from feed.posts import store as posts
from feed.posts.model import PostNotFound
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from feed.screens.posts.visibility import may_see


class ViewerQuery(msgspec.Struct, frozen=True):
    """A viewer of these posts, which are by these authors."""

    viewer_id: int
    post_ids: tuple[int, ...]
    author_ids: tuple[int, ...]


class _Row(msgspec.Struct, frozen=True):
    """What was read of one viewer."""

    viewer_id: int
    banned: bool
    muted: bool
    liked_post_ids: frozenset[int]
    blocked_author_ids: frozenset[int]
    muted_author_ids: frozenset[int]

    @property
    def viewer_state(self) -> ViewerState:
        standing = Standing(banned=self.banned, muted=self.muted) if self.banned or self.muted else UNRESTRICTED
        return ViewerState(
            self.viewer_id, self.liked_post_ids, standing, self.blocked_author_ids, self.muted_author_ids
        )


async def list_viewer_states(conn: Connection, asked: Sequence[ViewerQuery]) -> list[ViewerState]:
    """The state of each viewer, in the order of `asked`: liked posts, blocked and muted authors, and what the viewer is forbidden.

    Of a viewer's blocks only those with these authors are read: there may be a thousand.
    """
    # Most viewers ask for one page: it is read as posts times viewers, the rest in pairs. So a viewer may get likes of posts
    # of another page, which show nowhere.
    pages: dict[tuple[int, ...], list[int]] = {}
    for each in asked:
        pages.setdefault(each.post_ids, []).append(each.viewer_id)
    most = max(pages, key=lambda page: len(pages[page]), default=())
    viewers = pages.pop(most, [])
    pairs = [(post_id, viewer_id) for page, some in pages.items() for viewer_id in some for post_id in page]
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
                FROM unnest($3::bigint[], $4::bigint[]) AS given (post_id, account_id)
                JOIN likes ON likes.post_id = given.post_id AND likes.account_id = given.account_id
            ) AS found
            GROUP BY account_id
        ), apart AS MATERIALIZED (
            SELECT account_id,
                   array_agg(other_id) FILTER (WHERE kind = 'block') AS blocked,
                   array_agg(other_id) FILTER (WHERE kind = 'mute') AS muted
            FROM kept_apart
            WHERE account_id = ANY ($5::bigint[]) AND other_id = ANY ($6::bigint[])
            GROUP BY account_id
        )
        SELECT standing.account_id AS viewer_id, standing.banned, standing.muted,
               coalesce(liked.post_ids, '{}') AS liked_post_ids,
               coalesce(apart.blocked, '{}') AS blocked_author_ids,
               coalesce(apart.muted, '{}') AS muted_author_ids
        FROM standings_now AS standing
        LEFT JOIN liked ON liked.account_id = standing.account_id
        LEFT JOIN apart ON apart.account_id = standing.account_id
        WHERE standing.account_id = ANY ($5::bigint[])
        """,
        most,
        viewers,
        *columns(pairs, 2),
        list({each.viewer_id for each in asked}),
        list({author_id for each in asked for author_id in each.author_ids}),
    )
    states = {state.viewer_id: state.viewer_state for state in many(rows, _Row)}
    return [states.get(each.viewer_id) or ViewerState(each.viewer_id) for each in asked]


async def get_viewer_state(conn: Connection, viewer_id: int | None) -> ViewerState:
    """Whom the viewer shall not meet, whoever may come up: for comments, whose authors nobody knows beforehand."""
    if viewer_id is None:
        return ANONYMOUS
    kept = await blocks.get_hidden_accounts(conn, viewer_id)
    return ViewerState(viewer_id, blocked_ids=kept.blocked, muted_ids=kept.muted)


async def require_visible_post(conn: Connection, post_id: int, viewer_id: int | None) -> ViewerState:
    """The viewer's eyes, if they see the post. Raises PostNotFound."""
    viewer_state = await get_viewer_state(conn, viewer_id)
    post = await posts.find_post(conn, post_id)
    if post is None or not may_see(post, viewer_state):
        raise PostNotFound
    return viewer_state
