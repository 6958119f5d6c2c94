"""Why a post is or was visible: its states and holds by time, and every decision about it."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.cases.holds import State
from feed.postgres import Connection, many
from feed.posts.model import PostNotFound
from feed.posts.state_history import StateChange, StateInterval, state_at, state_intervals
from feed.screens.posts.cards import Id

# The first ones; of a post with more the timeline of the audit log has all.
_LISTED_MOST = 500
DecisionKind = Literal[
    "revision",
    "revision_approved",
    "revision_refused",
    "machine",
    "verdict",
    "verdict_undone",
    "report",
    "takedown",
    "takedown_lifted",
    "sanction",
    "sanction_lifted",
]


class HowSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How others saw the post in a time. `holds`: what hid it besides its state."""

    since: datetime
    until: datetime | None
    visible: bool
    state: State
    holds: list[str]


class DecisionOnPost(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about the post or its author. Reports do not say by whom."""

    at: datetime
    kind: DecisionKind
    by: Id | None
    revision: int | None
    stage: int | None
    decided: str | None
    because: str | None


class WhyVisible(msgspec.Struct, frozen=True, kw_only=True):
    """Whether others saw the post at a time, in which revision, and what decided it until then."""

    post_id: Id
    at: datetime
    visible: bool
    state: State
    holds: list[str]
    revision: int | None
    intervals: list[HowSeen]
    decisions: list[DecisionOnPost]


class _Post(msgspec.Struct, frozen=True):
    state: State
    holds: int
    author_id: int
    created_at: datetime
    now: datetime


async def explain_visibility(conn: Connection, post_id: int, at: datetime | None = None) -> WhyVisible:
    """Why the post was visible at this time, or is now. Raises PostNotFound, also for a time before the post existed."""
    row = await conn.fetchrow(
        "SELECT state, holds, author_id, created_at, clock_timestamp() AS now FROM posts WHERE id = $1", post_id
    )
    if row is None:
        raise PostNotFound
    post = msgspec.convert(row, _Post)
    at = post.now if at is None else at
    intervals = state_intervals(post.created_at, post.state, post.holds, await _list_changes(conn, post_id))
    then = state_at(intervals, at)
    if then is None:
        raise PostNotFound
    return WhyVisible(
        post_id=str(post_id),
        at=at,
        visible=then.is_visible,
        state=then.shown_state,
        holds=then.reasons,
        revision=await _find_revision(conn, post_id, at),
        intervals=[_how_seen(each) for each in intervals if each.since <= at],
        decisions=await _list_decisions(conn, post_id, post.author_id, at),
    )


def _how_seen(each: StateInterval) -> HowSeen:
    return HowSeen(
        since=each.since, until=each.until, visible=each.is_visible, state=each.shown_state, holds=each.reasons
    )


async def _list_changes(conn: Connection, post_id: int) -> list[StateChange]:
    rows = await conn.fetch(
        "SELECT at, state_before, state, holds_before, holds FROM post_states WHERE post_id = $1 ORDER BY at, id",
        post_id,
    )
    return many(rows, StateChange)


async def _find_revision(conn: Connection, post_id: int, at: datetime) -> int | None:
    """The newest revision that was approved by then; None while none was."""
    number: int | None = await conn.fetchval(
        "SELECT max(revision) FROM post_revisions WHERE post_id = $1 AND approved_at <= $2", post_id, at
    )
    return number


async def _list_decisions(conn: Connection, post_id: int, author_id: int, at: datetime) -> list[DecisionOnPost]:
    rows = await conn.fetch(
        """
        SELECT at, kind, account_id::text AS by, revision, stage, verdict AS decided, reason_code AS because
        FROM (
            SELECT acts.at, acts.kind, acts.account_id, revision, NULL::integer AS stage, NULL::text AS verdict, NULL::text AS reason_code
            FROM post_revisions
            CROSS JOIN LATERAL (
                VALUES (created_at, 'revision', author_id), (approved_at, 'revision_approved', NULL), (refused_at, 'revision_refused', NULL)
            ) AS acts (at, kind, account_id)
            WHERE post_id = $1
            UNION ALL
            SELECT created_at, 'machine', NULL, revision, stages, machine ->> 'verdict', machine #>> '{labels,0,label}'
            FROM cases
            WHERE post_id = $1 AND comment_id IS NULL AND kind = 'post'
            UNION ALL
            SELECT acts.at, acts.kind, reviewer_id, revision, stage, verdict, reason_code
            FROM verdicts
            CROSS JOIN LATERAL (VALUES (made_at, 'verdict'), (undone_at, 'verdict_undone')) AS acts (at, kind)
            WHERE post_id = $1 AND comment_id IS NULL
            UNION ALL
            SELECT made_at, 'report', NULL, revision, NULL, state, reason_code
            FROM reports
            WHERE target_kind = 'post' AND target_id = $1
            UNION ALL
            SELECT acts.at, acts.kind, acts.account_id, downs.revision, NULL, downs.kind, acts.reason_code
            FROM takedowns AS downs
            CROSS JOIN LATERAL (
                VALUES (downs.created_at, 'takedown', downs.actor_id, downs.reason_code),
                       (downs.lifted_at, 'takedown_lifted', downs.lifted_by, downs.lift_reason)
            ) AS acts (at, kind, account_id, reason_code)
            WHERE (downs.kind = 'post' AND downs.target = $1::bigint::text)
               OR downs.id IN (SELECT takedown_id FROM takedown_scopes WHERE account_id = $2)
               OR downs.id IN (
                   SELECT scopes.takedown_id
                   FROM post_revisions AS revisions JOIN takedown_scopes AS scopes ON scopes.topic_id = ANY (revisions.topic_ids)
                   WHERE revisions.post_id = $1
               )
               OR downs.id IN (SELECT takedown_id FROM takedown_posts WHERE takedown_posts.post_id = $1)
               -- Also an ended one of a photo of it.
               OR (downs.kind = 'image_hash' AND downs.target IN (
                   SELECT unnest(ARRAY[encode(media.sha256, 'hex'), 'media:' || media.id]) FROM media WHERE media.post_id = $1
               ))
            UNION ALL
            SELECT acts.at, acts.kind, acts.account_id, NULL, NULL, sanctions.kind, sanctions.reason_code
            FROM sanctions
            CROSS JOIN LATERAL (
                VALUES (starts_at, 'sanction', imposed_by), (lifted_at, 'sanction_lifted', lifted_by)
            ) AS acts (at, kind, account_id)
            WHERE sanctions.account_id = $2
        ) AS decisions
        WHERE at <= $3
        ORDER BY at, kind
        LIMIT $4
        """,
        post_id,
        author_id,
        at,
        _LISTED_MOST,
    )
    return many(rows, DecisionOnPost)
