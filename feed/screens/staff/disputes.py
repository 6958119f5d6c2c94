"""What was reported and what is appealed, for the reviewers of such cases. Who has reported is shown to no reader, staff included."""

from datetime import datetime
from typing import Annotated

import msgspec

from feed.moderation.model import ADVERSE_REASONS
from feed.postgres import Connection, many
from feed.reasons import AdverseReason, ReportReason, listed
from feed.reports.appeal_model import AppealState, DecisionKind, Effect
from feed.screens.media.cards import AddressOf, MediaCard
from feed.screens.media.gallery import Gallery, RemovedMedium, read_gallery
from feed.screens.posts.cards import Id
from feed.texts import among


class ReasonCount(msgspec.Struct, frozen=True):
    """How many reports give a reason."""

    reason_code: ReportReason
    count: int


class ReportNote(msgspec.Struct, frozen=True):
    """What one reporter has added, about which version."""

    reason_code: ReportReason
    note: str
    revision: int | None
    made_at: datetime


class EvidenceCard(msgspec.Struct, frozen=True, kw_only=True):
    """What was reported, as it was then: text, photos and video of a post, the text of a comment, name, bio and picture of a user, the name of a topic."""

    revision: int | None
    text: str | None
    name: str | None
    bio: str | None
    media: list[MediaCard]
    removed_media: list[RemovedMedium]
    captured_at: datetime


class ReportedCard(msgspec.Struct, frozen=True, kw_only=True):
    """The reports of a case. `changed`: the author has changed or deleted it since; `notes` has the latest twenty."""

    count: int
    reasons: list[ReasonCount]
    notes: list[ReportNote]
    evidence: list[EvidenceCard]
    changed: bool


class AppealedCard(msgspec.Struct, frozen=True, kw_only=True):
    """The appeal of a case, and the decision that it is against."""

    id: Id
    text: str
    state: AppealState
    made_at: datetime
    decision_id: Id
    kind: DecisionKind
    effect: Effect
    reason_code: Annotated[str, among(ADVERSE_REASONS)]
    decided_at: datetime


class Disputes(msgspec.Struct, frozen=True):
    """The reports and appeals of cases, by case."""

    reports: dict[int, ReportedCard]
    appeals: dict[int, AppealedCard]


class _Captured(msgspec.Struct, frozen=True):
    revision: int | None
    text: str | None
    name: str | None
    bio: str | None
    media_ids: list[int]
    captured_at: datetime


class _ReportedRow(msgspec.Struct, frozen=True):
    case_id: int
    count: int
    reasons: list[ReasonCount]
    notes: list[ReportNote]
    evidence: list[_Captured]
    changed: bool


class _AppealedRow(msgspec.Struct, frozen=True):
    case_id: int
    id: int
    text: str
    state: AppealState
    made_at: datetime
    decision_id: int
    kind: DecisionKind
    effect: Effect
    reason_code: str
    decided_at: datetime


NONE = Disputes({}, {})


async def list_disputes(conn: Connection, case_ids: list[int], viewer_id: int, address: AddressOf) -> Disputes:
    """The reports and appeals of these cases; none of what is the viewer's own, with any account."""
    reported = await conn.fetch(
        """
        SELECT cases.id AS case_id, made.count, made.reasons, made.notes, kept.evidence,
               coalesce(
                   posts.state = 'deleted' OR comments.state = 'deleted' OR authors.erased_at IS NOT NULL
                   OR (cases.comment_id IS NULL AND posts.latest_revision > kept.revision)
                   OR comments.latest_revision > kept.revision
                   OR (cases.account_id IS NOT NULL AND authors.name <> kept.content ->> 'name')
                   OR (cases.account_id IS NOT NULL AND authors.bio <> kept.content ->> 'bio')
                   OR topics.name <> kept.content ->> 'name',
                   false
               ) AS changed
        FROM cases
        CROSS JOIN LATERAL (
            SELECT count(*) AS count,
                (
                    SELECT jsonb_agg(jsonb_build_object('reason_code', reason_code, 'count', count) ORDER BY count DESC, reason_code)
                    FROM (
                        SELECT reason_code, count(*) AS count FROM reports WHERE case_id = cases.id GROUP BY reason_code
                    ) AS counted
                ) AS reasons,
                coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'reason_code', reason_code, 'note', note, 'revision', nullif(revision, 0), 'made_at', made_at
                    ) ORDER BY id DESC)
                    FROM (
                        SELECT id, reason_code, note, revision, made_at FROM reports
                        WHERE case_id = cases.id AND note IS NOT NULL
                        ORDER BY id DESC
                        LIMIT 20
                    ) AS noted
                ), '[]') AS notes
            FROM reports WHERE reports.case_id = cases.id
        ) AS made
        CROSS JOIN LATERAL (
            SELECT max(revision) AS revision, (array_agg(content ORDER BY revision DESC))[1] AS content,
                coalesce(jsonb_agg(jsonb_build_object(
                    'revision', nullif(revision, 0), 'text', content ->> 'text', 'name', content ->> 'name',
                    'bio', content ->> 'bio', 'captured_at', captured_at,
                    'media_ids', coalesce(
                        (SELECT jsonb_agg(each::bigint) FROM jsonb_array_elements_text(content -> 'media_ids') AS each),
                        (SELECT jsonb_agg(media.id) FROM media WHERE media.key = split_part(content ->> 'avatar_url', '/', 1)),
                        '[]'
                    )
                ) ORDER BY revision), '[]') AS evidence
            FROM report_evidence WHERE report_evidence.case_id = cases.id
        ) AS kept
        LEFT JOIN posts ON posts.id = cases.post_id
        LEFT JOIN comments ON comments.post_id = cases.post_id AND comments.id = cases.comment_id
        LEFT JOIN accounts AS authors ON authors.id = cases.author_id
        LEFT JOIN topics ON topics.id = cases.topic_id
        WHERE cases.id = ANY ($1::bigint[]) AND cases.kind = 'report' AND made.count > 0
            AND NOT EXISTS (
                SELECT FROM same_person_accounts AS same
                WHERE same.account_id = cases.author_id AND same.same_id = $2
            )
        """,
        case_ids,
        viewer_id,
    )
    appealed = await conn.fetch(
        """
        SELECT appeals.case_id, appeals.id, appeals.text, appeals.state, appeals.made_at, appeals.decision_id,
               decisions.kind, decisions.effect, decisions.reason_code, decisions.made_at AS decided_at
        FROM appeals JOIN decisions ON decisions.id = appeals.decision_id
        WHERE appeals.case_id = ANY ($1::bigint[])
        """,
        case_ids,
    )
    found = many(reported, _ReportedRow)
    media_ids = [each for row in found for captured in row.evidence for each in captured.media_ids]
    gallery = await read_gallery(conn, media_ids, address)
    return Disputes(
        {row.case_id: _reported(row, gallery) for row in found},
        {row.case_id: _appealed(row) for row in many(appealed, _AppealedRow)},
    )


def _reported(row: _ReportedRow, gallery: Gallery) -> ReportedCard:
    return ReportedCard(
        count=row.count,
        reasons=row.reasons,
        notes=row.notes,
        evidence=[
            EvidenceCard(
                revision=each.revision,
                text=each.text,
                name=each.name,
                bio=each.bio,
                media=gallery.media(each.media_ids),
                removed_media=gallery.removed(each.media_ids),
                captured_at=each.captured_at,
            )
            for each in row.evidence
        ],
        changed=row.changed,
    )


def _appealed(row: _AppealedRow) -> AppealedCard:
    return AppealedCard(
        id=str(row.id),
        text=row.text,
        state=row.state,
        made_at=row.made_at,
        decision_id=str(row.decision_id),
        kind=row.kind,
        effect=row.effect,
        reason_code=listed(row.reason_code, AdverseReason),
        decided_at=row.decided_at,
    )
