"""Why a post stands where it stands on the hot list: the formula, what goes into it, and for staff what editors did."""

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
_ACTIONS_MOST = 50


class HotInputs(msgspec.Struct, frozen=True):
    """What goes into the score: likes and comments without the author's own."""

    likes: int
    comments: int
    comment_weight: int
    published_at: datetime
    period_ms: int


class HotActionCard(msgspec.Struct, frozen=True, kw_only=True):
    """What an editor did to a post on the hot list; `standing`: it counts at this moment."""

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
    """A post on the hot list. `rank` is null beyond its end, and so is everything but the formula while others do not see the post.

    The list also keeps one author and one topic from flooding it, so that a rank may be lower than the score alone would have it.
    """

    post_id: Id
    rank: int | None
    score: str | None
    formula: str
    inputs: HotInputs | None
    actions: list[HotActionCard] | msgspec.UnsetType = msgspec.UNSET


async def explain_rank(conn: Connection, post_id: int, ids: Sequence[int], *, staff: bool) -> HotReasons:
    """Where the post stands on a list that shows `ids`, and why; `staff` also learns of the editors' actions."""
    posts = await boards.list_posts(conn, [post_id])
    row = compute.hot_row(posts[0]) if posts else None
    done = await curation.list_of_post(conn, post_id, _ACTIONS_MOST) if staff else None
    return HotReasons(
        post_id=str(post_id),
        rank=ids.index(post_id) + 1 if row is not None and post_id in ids else None,
        score=None if row is None else f"{row.score // 1_000_000}.{row.score % 1_000_000:06}",
        formula=FORMULA,
        inputs=None if row is None else _inputs(posts[0], row),
        actions=msgspec.UNSET if done is None else [hot_action_card(each) for each in done],
    )


def hot_action_card(done: HotAction) -> HotActionCard:
    """The action on the wire."""
    return HotActionCard(
        id=str(done.id),
        post_id=str(done.post_id),
        action=done.action,
        reason=done.reason,
        until=done.until,
        made_by=str(done.made_by),
        made_at=done.made_at,
        ended_at=done.ended_at,
        ended_by=None if done.ended_by is None else str(done.ended_by),
        standing=done.in_force,
    )


def _inputs(post: boards.Post, row: Row) -> HotInputs:
    return HotInputs(
        likes=post.like_count - post.own_like_count,
        comments=post.comment_count - post.own_comment_count,
        comment_weight=COMMENT_WEIGHT,
        published_at=row.at,
        period_ms=int(PERIOD.total_seconds() * 1000),
    )
