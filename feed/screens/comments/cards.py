"""Comments on the wire: root comments of a post with their first replies, and the replies of one root."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec

from feed.cases.chain import ALWAYS, OfficeHours
from feed.cases.holds import State
from feed.pagination import Position
from feed.postgres import Connection, Pool, columns, many
from feed.reasons import VerdictReason
from feed.screens.posts.cards import AuthorCard, Id
from feed.screens.posts.viewer import ViewerState
from feed.screens.posts.visibility import is_author_hidden

FIRST_REPLIES = 3


class ReplyTo(msgspec.Struct, frozen=True):
    """The comment that a reply answers, and its author's name; empty where the viewer is not shown the comment."""

    id: Id
    author_name: str


class CommentReview(msgspec.Struct, frozen=True):
    """The review of a comment that is not public, or of an edit while the former text is.

    `expected_at`: when a reviewer is due to have decided it. `text`: the text of the edit, where the comment shows another one.
    """

    stage: int | None
    stages: int
    reason_code: VerdictReason | None
    expected_at: datetime | None
    text: str | None = None


class CommentCard(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on the wire. A removed or deleted comment with replies keeps its place, without text and author.

    Its author sees it whatever hides it, with its `review`, until it is deleted. One that the author of the post has hidden is seen by
    both of them. A newer text that waits for a review is shown to others when it is approved; until then it is in the author's `review`.
    """

    id: Id
    post_id: Id
    author: AuthorCard | None
    text: str
    reply_to: ReplyTo | None
    reply_count: int
    replies: list["CommentCard"] | msgspec.UnsetType = msgspec.UNSET
    like_count: int
    liked_by_me: bool
    state: State
    ip_region: str | None
    created_at: datetime
    edited_at: datetime | None
    hidden: bool
    featured: bool
    review: CommentReview | msgspec.UnsetType = msgspec.UNSET


class CommentRow(msgspec.Struct, frozen=True):
    """A row of `list_for_viewers`."""

    id: int
    post_id: int
    root_id: int | None
    author_id: int
    author_name: str
    avatar_url: str | None
    badge: str | None
    text: str
    reply_to_id: int | None
    # Author of the comment that it answers, if others see that.
    reply_to_author_id: int | None
    reply_to_name: str | None
    reply_count: int
    like_count: int
    liked_by_me: bool
    state: State
    is_visible: bool
    is_own: bool
    # By the author of the post, who is the viewer with `is_hider`.
    is_hidden: bool
    is_hider: bool
    is_featured: bool
    ip_region: str | None
    created_at: datetime
    edited_at: datetime | None
    # Of the viewer's own comment that, or the newest edit of which, is not public; the text is that of the edit.
    review_stage: int | None
    review_stages: int | None
    review_reason: str | None
    review_due_at: datetime | None
    edit_text: str | None

    @property
    def is_shown(self) -> bool:
        """Whether lists contain it: others see it, or it has replies."""
        return self.is_visible or self.reply_count > 0

    @property
    def position(self) -> Position:
        """The list position of this comment, for the next page's cursor."""
        return Position(self.created_at, self.id)


def comment_card(
    row: CommentRow, replies: list[CommentRow] | None = None, *, hours: OfficeHours = ALWAYS
) -> CommentCard:
    """The comment on the wire. Of an unpublished comment others are only shown whether its author deleted it.

    Reviews are expected in the `hours` of the staff.
    """
    own = row.is_own and row.state != "deleted"
    shown = row.is_visible or own or row.is_hider
    return CommentCard(
        id=str(row.id),
        post_id=str(row.post_id),
        author=AuthorCard(str(row.author_id), row.author_name, row.avatar_url, row.badge) if shown else None,
        text=row.text if shown else "",
        reply_to=ReplyTo(str(row.reply_to_id), row.reply_to_name or "") if row.reply_to_id else None,
        reply_count=row.reply_count,
        replies=msgspec.UNSET if replies is None else [comment_card(reply, hours=hours) for reply in replies],
        like_count=row.like_count,
        liked_by_me=row.liked_by_me,
        edited_at=row.edited_at if shown else None,
        hidden=row.is_hidden and (own or row.is_hider),
        featured=row.is_featured and row.is_visible,
        state=row.state if own or row.state == "deleted" else "published" if shown else "removed",
        ip_region=row.ip_region if shown else None,
        created_at=row.created_at,
        review=_review(row, hours)
        if own and (row.state != "published" or row.edit_text is not None)
        else msgspec.UNSET,
    )


def _review(row: CommentRow, hours: OfficeHours) -> CommentReview:
    due_at = row.review_due_at
    # The reason of an earlier verdict does not apply to what waits.
    waits = row.state == "pending" or (row.state == "published" and due_at is not None)
    reason = None if waits else cast(VerdictReason | None, row.review_reason)
    expected_at = None if due_at is None else hours.next_from(due_at)
    return CommentReview(row.review_stage, row.review_stages or 0, reason, expected_at, row.edit_text)


async def find_comment(conn: Connection, comment_id: int) -> CommentRow | None:
    """The comment in any state, as an anonymous viewer's row."""
    return next(iter(await list_comments(conn, [comment_id], None)), None)


async def list_newest(
    conn: Connection,
    post_id: int,
    after: Position,
    limit: int,
    viewer_id: int | None = None,
    *,
    featured: int = 0,
    in_place: bool = True,
) -> list[int]:
    """The ids of a post's root comments, newest first; the viewer's own are among them whatever hides them.

    Up to `featured` ones that the author of the post has put first are before them; the others are `in_place`, or left out.
    """
    rows = await conn.fetch(
        """
        (
            SELECT id FROM comments
            WHERE post_id = $1 AND root_id IS NULL AND featured_at IS NOT NULL AND is_listed(state, holds, 0)
            ORDER BY featured_at, id
            LIMIT $6
        ) UNION ALL (
            SELECT id FROM comments
            WHERE post_id = $1 AND root_id IS NULL AND (created_at, id) < ($2, $3)
              AND (is_listed(state, holds, reply_count) OR (author_id = $5 AND state <> 'deleted')
                   OR (holds = 128 AND $5 = (SELECT author_id FROM posts WHERE id = $1)))
              AND ($7 OR featured_at IS NULL OR NOT is_listed(state, holds, 0))
            ORDER BY created_at DESC, id DESC
            LIMIT $4
        )
        """,
        post_id,
        after.at,
        after.id,
        limit,
        viewer_id,
        featured,
        in_place,
    )
    return [row["id"] for row in rows]


async def list_oldest(
    conn: Connection,
    post_id: int,
    after: Position,
    limit: int,
    viewer_id: int | None = None,
    *,
    featured: int = 0,
    in_place: bool = True,
) -> list[int]:
    """The ids of a post's root comments, oldest first; the viewer's own are among them whatever hides them.

    Up to `featured` ones that the author of the post has put first are before them; the others are `in_place`, or left out.
    """
    rows = await conn.fetch(
        """
        (
            SELECT id FROM comments
            WHERE post_id = $1 AND root_id IS NULL AND featured_at IS NOT NULL AND is_listed(state, holds, 0)
            ORDER BY featured_at, id
            LIMIT $6
        ) UNION ALL (
            SELECT id FROM comments
            WHERE post_id = $1 AND root_id IS NULL AND (created_at, id) > ($2, $3)
              AND (is_listed(state, holds, reply_count) OR (author_id = $5 AND state <> 'deleted')
                   OR (holds = 128 AND $5 = (SELECT author_id FROM posts WHERE id = $1)))
              AND ($7 OR featured_at IS NULL OR NOT is_listed(state, holds, 0))
            ORDER BY created_at, id
            LIMIT $4
        )
        """,
        post_id,
        after.at,
        after.id,
        limit,
        viewer_id,
        featured,
        in_place,
    )
    return [row["id"] for row in rows]


async def list_replies(
    conn: Connection, root_id: int, after: Position, limit: int, viewer_id: int | None = None
) -> list[int]:
    """The ids of a root's visible replies, oldest first; the viewer's own are among them whatever hides them."""
    rows = await conn.fetch(
        """
        SELECT id FROM comments
        WHERE root_id = $1 AND (created_at, id) > ($2, $3)
          AND (is_listed(state, holds, 0) OR (author_id = $5 AND state <> 'deleted')
               OR (holds = 128 AND $5 = (SELECT posts.author_id FROM posts WHERE posts.id = comments.post_id)))
        ORDER BY created_at, id
        LIMIT $4
        """,
        root_id,
        after.at,
        after.id,
        limit,
        viewer_id,
    )
    return [row["id"] for row in rows]


async def list_first_replies(
    conn: Connection, roots: Sequence[CommentRow], viewer_state: ViewerState
) -> dict[int, list[CommentRow]]:
    """The first visible replies by root id, for those roots that have any, with the viewer's own, and without authors hidden from the viewer."""
    root_ids = [root.id for root in roots if root.reply_count]
    if not root_ids:
        return {}
    rows = await conn.fetch(
        """
        SELECT first.id
        FROM unnest($1::bigint[]) AS roots (id)
        CROSS JOIN LATERAL (
            SELECT id, created_at FROM comments
            WHERE root_id = roots.id AND (is_listed(state, holds, 0) OR (author_id = $3 AND state <> 'deleted'))
            ORDER BY created_at, id
            LIMIT $2
        ) AS first
        ORDER BY first.created_at, first.id
        """,
        root_ids,
        FIRST_REPLIES,
        viewer_state.viewer_id,
    )
    replies: dict[int, list[CommentRow]] = {}
    for row in await list_without_hidden(conn, [row["id"] for row in rows], viewer_state):
        assert row.root_id is not None
        replies.setdefault(row.root_id, []).append(row)
    return replies


async def list_cards(
    conn: Connection, roots: Sequence[CommentRow], viewer_state: ViewerState, hours: OfficeHours = ALWAYS
) -> list[CommentCard]:
    """Roots with their first replies, without authors hidden from the viewer."""
    roots = without_hidden(roots, viewer_state)
    replies = await list_first_replies(conn, roots, viewer_state)
    return [comment_card(root, replies.get(root.id, []), hours=hours) for root in roots]


async def list_without_hidden(
    conn: Connection, comment_ids: Sequence[int], viewer_state: ViewerState
) -> list[CommentRow]:
    """The comments in the order of the ids, without authors hidden from the viewer."""
    return without_hidden(await list_comments(conn, comment_ids, viewer_state.viewer_id), viewer_state)


def without_hidden(rows: Sequence[CommentRow], viewer_state: ViewerState) -> list[CommentRow]:
    """The rows without those by authors hidden from the viewer (blocked in either direction, or muted), whom no row names either."""
    return [_without_hidden_name(row, viewer_state) for row in rows if _is_shown_to(row, viewer_state)]


def _without_hidden_name(row: CommentRow, viewer_state: ViewerState) -> CommentRow:
    if row.reply_to_author_id is None or not is_author_hidden(row.reply_to_author_id, viewer_state):
        return row
    return msgspec.structs.replace(row, reply_to_name=None)


def _is_shown_to(row: CommentRow, viewer_state: ViewerState) -> bool:
    # An unpublished comment is shown without author and text, so it keeps its place for every viewer while it has replies.
    if row.is_visible:
        return not is_author_hidden(row.author_id, viewer_state)
    return row.reply_count > 0 or row.is_hider or (row.is_own and row.state != "deleted")


async def list_comments(conn: Connection, comment_ids: Sequence[int], viewer_id: int | None) -> list[CommentRow]:
    """The comments in the order of the ids, in any state."""
    return await list_for_viewers(conn, [(comment_id, viewer_id) for comment_id in comment_ids])


async def list_for_viewers(conn: Connection, pairs: Sequence[tuple[int, int | None]]) -> list[CommentRow]:
    """The rows of (comment id, viewer id) pairs in their order, the comments in any state."""
    rows = await conn.fetch(
        """
        SELECT comments.id, comments.post_id, comments.root_id, comments.author_id, accounts.name AS author_name,
               avatar_address(accounts.avatar_url) AS avatar_url, accounts.badge, comments.text, comments.reply_to_id,
               answered_authors.id AS reply_to_author_id, answered_authors.name AS reply_to_name, comments.reply_count, comments.like_count,
               likes.account_id IS NOT NULL AS liked_by_me, shown_state(comments.state, comments.holds) AS state,
               comments.state = 'published' AND comments.holds = 0
                   AND NOT EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = comments.author_id) AS is_visible,
               comments.author_id IS NOT DISTINCT FROM wanted.viewer_id AS is_own, comments.holds & 128 <> 0 AS is_hidden,
               shown_state(comments.state, comments.holds) = 'published' AND comments.holds = 128 AND posts.author_id IS NOT DISTINCT FROM wanted.viewer_id AS is_hider,
               comments.featured_at IS NOT NULL AS is_featured,
               CASE WHEN accounts.age_band IS DISTINCT FROM 'under_14' THEN comments.ip_region END AS ip_region,
               comments.created_at, comments.edited_at,
               reviews.stage AS review_stage, reviews.stages AS review_stages, reviews.reason_code AS review_reason,
               reviews.due_at AS review_due_at, edits.text AS edit_text
        FROM unnest((SELECT $1::bigint[]), (SELECT $2::bigint[])) WITH ORDINALITY AS wanted (id, viewer_id, position) -- Planned once, as of posts.
        JOIN comments ON comments.id = wanted.id
        JOIN accounts ON accounts.id = comments.author_id
        JOIN posts ON posts.id = comments.post_id
        LEFT JOIN comment_likes AS likes
          ON likes.post_id = comments.post_id AND likes.comment_id = comments.id AND likes.account_id = wanted.viewer_id
        LEFT JOIN visible_comments AS answered ON answered.id = comments.reply_to_id
        LEFT JOIN accounts AS answered_authors
          ON answered_authors.id = answered.author_id
          AND NOT EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = answered.author_id)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN comments.state NOT IN ('rejected', 'removed')
                THEN takedown_reason(comments.holds, 'comment', comments.id, comments.author_id, NULL) END AS reason_code
        ) AS taken_down
        LEFT JOIN comment_revisions AS edits
          ON comments.author_id = wanted.viewer_id AND comments.latest_revision > comments.revision
          AND edits.post_id = comments.post_id AND edits.comment_id = comments.id AND edits.revision = comments.latest_revision
          AND edits.approved_at IS NULL
        LEFT JOIN LATERAL (
            -- As of posts: the open case, or else the one that was closed last, and the reason of the latest decision or the takedown.
            SELECT (array_agg(cases.stage ORDER BY cases.state = 'open' DESC, cases.id DESC))[1] AS stage,
                   (array_agg(cases.stages ORDER BY cases.state = 'open' DESC, cases.id DESC))[1] AS stages,
                   min(cases.due_at) FILTER (WHERE cases.state = 'open' AND (taken_down.reason_code IS NULL OR cases.kind = 'appeal'))
                       AS due_at,
                   coalesce(
                       taken_down.reason_code,
                       (array_agg(verdicts.reason_code ORDER BY verdicts.id DESC) FILTER (WHERE verdicts.id IS NOT NULL))[1],
                       (array_agg(blocked_for(cases.machine) ORDER BY cases.id DESC)
                           FILTER (WHERE blocked_for(cases.machine) IS NOT NULL))[1]
                   ) AS reason_code
            FROM cases
            LEFT JOIN verdicts
              ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL AND verdicts.verdict IN ('reject', 'remove')
            WHERE comments.author_id = wanted.viewer_id
              AND (shown_state(comments.state, comments.holds) <> 'published' OR comments.latest_revision > comments.revision)
              AND cases.comment_id = comments.id
              -- Of an edit, its own case: that of the text which others see may be open too.
              AND (shown_state(comments.state, comments.holds) <> 'published' OR cases.revision = comments.latest_revision)
        ) AS reviews ON true
        ORDER BY wanted.position
        """,
        *columns(pairs, 2),
    )
    return many(rows, CommentRow)


async def read_cards(
    pool: Pool, pairs: Sequence[tuple[int, int | None]], *, hours: OfficeHours = ALWAYS
) -> list[CommentCard]:
    """The cards of (comment id, viewer id) pairs in their order; the comments must exist."""
    async with pool.acquire() as conn:
        return [comment_card(row, hours=hours) for row in await list_for_viewers(conn, pairs)]
