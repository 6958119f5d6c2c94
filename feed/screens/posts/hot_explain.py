"""The explanation of a post's rank on the hot list: formula, inputs, and for staff the editors' actions."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.boards import compute
from feed.boards import store as boards
from feed.boards.hot_score import COMMENT_WEIGHT, PERIOD
from feed.boards.model import Row
from feed.curation import store as curation
from feed.curation.model import HotAction, HotActionKind
from feed.postgres import Connection
from feed.screens.posts.cards import Id

FORMULA = (
    "score = log10(1 + likes + comment_weight * comments) + seconds from 1970-01-01T00:00:00Z to published_at / period; "
    "likes and comments of others only"
)
_MAX_ACTIONS = 50


class HotInputs(msgspec.Struct, frozen=True):
    """The inputs of the score; likes and comments without the author's own."""

    likes: int
    comments: int
    comment_weight: int
    published_at: datetime
    period_ms: int


class HotActionCard(msgspec.Struct, frozen=True, kw_only=True):
    """An editor's action on the hot list; `standing`: in force now."""

    id: Id
    post_id: Id
    action: HotActionKind
    reason: str
    until: datetime
    made_by: Id
    made_at: datetime
    ended_at: datetime | None
    ended_by: Id | None
    standing: bool


class HotReasons(msgspec.Struct, frozen=True, kw_only=True):
    """A post's rank on the hot list: null beyond the list's end. While the post is not public, score and inputs are null too.

    The list limits posts of one author and of one topic, so a rank may be lower than by the score alone.
    """

    post_id: Id
    rank: int | None
    score: str | None
    formula: str
    inputs: HotInputs | None
    actions: list[HotActionCard] | msgspec.UnsetType = msgspec.UNSET


async def explain_rank(conn: Connection, post_id: int, ids: Sequence[int], *, staff: bool) -> HotReasons:
    """The post's rank on a list with these `ids`, and its inputs; with `staff` also the editors' actions."""
    posts = await boards.list_posts(conn, [post_id])
    row = compute.hot_row(posts[0]) if posts else None
    actions = await curation.list_of_post(conn, post_id, _MAX_ACTIONS) if staff else None
    return HotReasons(
        post_id=str(post_id),
        rank=ids.index(post_id) + 1 if row is not None and post_id in ids else None,
        score=None if row is None else f"{row.score // 1_000_000}.{row.score % 1_000_000:06}",
        formula=FORMULA,
        inputs=None if row is None else _inputs(posts[0], row),
        actions=msgspec.UNSET if actions is None else [hot_action_card(action) for action in actions],
    )


def hot_action_card(action: HotAction) -> HotActionCard:
    """The action on the wire."""
    return HotActionCard(
        id=str(action.id),
        post_id=str(action.post_id),
        action=action.action,
        reason=action.reason,
        until=action.until,
        made_by=str(action.made_by),
        made_at=action.made_at,
        ended_at=action.ended_at,
        ended_by=None if action.ended_by is None else str(action.ended_by),
        standing=action.in_force,
    )


def _inputs(post: boards.Post, row: Row) -> HotInputs:
    return HotInputs(
        likes=post.like_count - post.own_like_count,
        comments=post.comment_count - post.own_comment_count,
        comment_weight=COMMENT_WEIGHT,
        published_at=row.at,
        period_ms=int(PERIOD.total_seconds() * 1000),
    )
