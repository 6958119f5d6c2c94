"""What was decided against an account, with what it was about, and the account's appeals."""

from datetime import datetime
from typing import Annotated

import msgspec

from feed.moderation.model import ADVERSE_REASONS
from feed.postgres import Connection, many
from feed.reasons import AdverseReason, listed
from feed.reports.appeal_model import AppealId, AppealState, DecidedKind, DecisionKind, Effect
from feed.screens.media.cards import AddressOf, MediaCard
from feed.screens.media.gallery import Gallery, RemovedMedium, read_gallery
from feed.screens.posts.cards import Id
from feed.texts import among

# What was stored before 0.5.0 may be another code.
Reason = Annotated[str, among(ADVERSE_REASONS)]


class DecidedTarget(msgspec.Struct, frozen=True):
    """What was decided about. `text`: as its author wrote it; null for a user and once it is erased. `media`: its photos and video; their addresses work for some minutes."""

    kind: DecidedKind
    id: Id
    text: str | None
    media: list[MediaCard]
    removed_media: list[RemovedMedium]


class AppealTag(msgspec.Struct, frozen=True):
    """The appeal against a decision."""

    id: Id
    state: AppealState


class DecisionCard(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as the user reads it whom it is against. `appealable_until`: null if it cannot be appealed (any more)."""

    id: Id
    kind: DecisionKind
    effect: Effect
    target: DecidedTarget
    reason_code: Reason
    made_at: datetime
    until: datetime | None
    in_force: bool
    appealable_until: datetime | None
    appeal: AppealTag | None


class AppealCard(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal as its author reads it. `reason_code`: of the rejection."""

    id: Id
    decision: DecisionCard
    text: str
    state: AppealState
    reason_code: Reason | None
    made_at: datetime
    decided_at: datetime | None


class _DecisionRow(msgspec.Struct, frozen=True):
    id: int
    kind: DecisionKind
    effect: Effect
    target_kind: DecidedKind
    target_id: int
    text: str | None
    media_ids: list[int]
    reason_code: str
    made_at: datetime
    until: datetime | None
    in_force: bool
    closes_at: datetime
    is_open: bool
    appeal_id: int | None
    appeal_state: AppealState | None

    def card(self, gallery: Gallery) -> DecisionCard:
        """The decision on the wire."""
        open_for_appeal = self.is_open and self.in_force and self.appeal_id is None
        appeal = None
        if self.appeal_id is not None and self.appeal_state is not None:
            appeal = AppealTag(str(self.appeal_id), self.appeal_state)
        return DecisionCard(
            id=str(self.id),
            kind=self.kind,
            effect=self.effect,
            target=DecidedTarget(
                self.target_kind,
                str(self.target_id),
                self.text,
                gallery.media(self.media_ids),
                gallery.removed(self.media_ids),
            ),
            reason_code=listed(self.reason_code, AdverseReason),
            made_at=self.made_at,
            until=self.until,
            in_force=self.in_force,
            appealable_until=self.closes_at if open_for_appeal else None,
            appeal=appeal,
        )


class _AppealRow(msgspec.Struct, frozen=True):
    id: int
    decision_id: int
    text: str
    state: AppealState
    reason_code: str | None
    made_at: datetime
    decided_at: datetime | None


async def list_decisions(
    conn: Connection, account_id: int, address: AddressOf, *, before_id: int, limit: int, days: int
) -> list[DecisionCard]:
    """The decisions against the account, newest first; those about a user against its person. `days`: the time to appeal."""
    rows = await conn.fetch(
        """
        SELECT decisions.id
        FROM same_person_accounts AS same
        JOIN decisions ON decisions.account_id = same.same_id
        WHERE same.account_id = $1 AND decisions.id < $2 AND (decisions.account_id = $1 OR decisions.target_kind = 'user')
        ORDER BY decisions.id DESC
        LIMIT $3
        """,
        account_id,
        before_id,
        limit,
    )
    found = await _read(conn, [row["id"] for row in rows], days, address)
    return [found[row["id"]] for row in rows]


async def list_appeals(
    conn: Connection, account_id: int, address: AddressOf, *, before_id: int, limit: int, days: int
) -> list[AppealCard]:
    """The account's appeals, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, decision_id, text, state, reason_code, made_at, decided_at
        FROM appeals
        WHERE account_id = $1 AND id < $2
        ORDER BY id DESC
        LIMIT $3
        """,
        account_id,
        before_id,
        limit,
    )
    appeals = many(rows, _AppealRow)
    decisions = await _read(conn, [appeal.decision_id for appeal in appeals], days, address)
    return [
        AppealCard(
            id=str(appeal.id),
            decision=decisions[appeal.decision_id],
            text=appeal.text,
            state=appeal.state,
            reason_code=appeal.reason_code,
            made_at=appeal.made_at,
            decided_at=appeal.decided_at,
        )
        for appeal in appeals
    ]


async def get_appeal(
    conn: Connection, account_id: int, address: AddressOf, appeal_id: AppealId, *, days: int
) -> AppealCard:
    """One appeal of the account, which has just made it."""
    return (await list_appeals(conn, account_id, address, before_id=appeal_id + 1, limit=1, days=days))[0]


async def _read(conn: Connection, decision_ids: list[int], days: int, address: AddressOf) -> dict[int, DecisionCard]:
    rows = await conn.fetch(
        """
        SELECT decisions.id, decisions.kind, decisions.effect, decisions.target_kind, decisions.target_id,
               CASE WHEN decisions.comment_id IS NOT NULL THEN comments.text
                    WHEN decisions.post_id IS NOT NULL THEN revisions.text
                    ELSE changes.value END AS text,
               CASE WHEN decisions.comment_id IS NULL THEN coalesce(revisions.media_ids, '{}') ELSE '{}' END AS media_ids,
               decisions.reason_code, decisions.made_at, decisions.until, decisions.in_force,
               decisions.made_at + make_interval(days => $2) AS closes_at,
               decisions.made_at > clock_timestamp() - make_interval(days => $2) AS is_open,
               appeals.id AS appeal_id, appeals.state AS appeal_state
        FROM unnest($1::bigint[]) AS wanted (id)
        JOIN decisions ON decisions.id = wanted.id
        LEFT JOIN appeals ON appeals.decision_id = decisions.id
        LEFT JOIN posts ON posts.id = decisions.post_id
        LEFT JOIN post_revisions AS revisions
          ON revisions.post_id = posts.id AND revisions.revision = coalesce(decisions.revision, posts.revision)
        LEFT JOIN profile_changes AS changes ON decisions.post_id IS NULL AND changes.case_id = decisions.case_id
        LEFT JOIN comments ON comments.post_id = decisions.post_id AND comments.id = decisions.comment_id
        """,
        decision_ids,
        days,
    )
    found = many(rows, _DecisionRow)
    gallery = await read_gallery(conn, [each for row in found for each in row.media_ids], address)
    return {row.id: row.card(gallery) for row in found}
