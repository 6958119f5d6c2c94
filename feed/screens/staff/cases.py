"""Review cases with their subjects, for reviewers."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from feed.campaigns.entries.similar_store import OfEntry
from feed.cases.holds import State
from feed.cases.model import CaseState, Kind
from feed.moderation.model import VerdictKind, applicable_verdicts
from feed.postgres import Connection, many
from feed.screens.campaigns.similar import SimilarPost, read_similar
from feed.screens.media.cards import AddressOf, MediaCard
from feed.screens.media.gallery import Gallery, RemovedMedium, read_gallery
from feed.screens.posts.cards import AuthorCard, CampaignTag, Id
from feed.screens.staff.disputes import NONE, AppealedCard, Disputes, ReportedCard, list_disputes

SubjectKind = Literal["post", "comment", "user", "topic"]


class SubjectCard(msgspec.Struct, frozen=True, kw_only=True):
    """The reviewed item with its full text, whatever its state. `post_id` of a comment: the post that it is under.

    A topic has no author; its text is its name, that of a user the name too.
    Of a name, bio or picture `text` is the new value, `former_text` the one that it replaces. `former_media`: of an edit, those of the
    version that others see or have seen. `removed_media`: of this version, what is stored no more. Addresses are good for some minutes.
    `similar`: other entries of the case's campaign with a picture like one of this version.
    """

    kind: SubjectKind
    id: Id
    post_id: Id | None
    revision: int | None
    state: State | None
    text: str
    former_text: str | None = None
    media: list[MediaCard]
    former_media: list[MediaCard]
    removed_media: list[RemovedMedium]
    similar: list[SimilarPost]
    author: AuthorCard | None


class CaseCard(msgspec.Struct, frozen=True, kw_only=True):
    """A case on the wire. `leased_by` and `leased_until` are null once the lease has expired.

    `verdicts`: those that its kind, its stage and the state of its subject allow.
    """

    id: Id
    kind: Kind
    stage: int
    stages: int
    risk: int
    state: CaseState
    version: int
    subject: SubjectCard
    machine: dict[str, Any]
    campaign: CampaignTag | None
    report: ReportedCard | None
    appeal: AppealedCard | None
    verdicts: list[VerdictKind]
    leased_by: Id | None
    leased_until: datetime | None
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None


class CaseRow(msgspec.Struct, frozen=True):
    """A row of `list_cases`."""

    id: int
    kind: Kind
    stage: int
    stages: int
    risk: int
    state: CaseState
    version: int
    post_id: int | None
    comment_id: int | None
    topic_id: int | None
    revision: int | None
    machine: dict[str, Any]
    leased_by: int | None
    leased_until: datetime | None
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None
    author_id: int | None
    author_name: str | None
    avatar_url: str | None
    badge: str | None
    text: str
    former_text: str | None
    media_ids: list[int]
    former_media_ids: list[int]
    subject_state: State | None
    campaign: CampaignTag | None


async def read_cards(conn: Connection, case_ids: list[int], viewer_id: int, address: AddressOf) -> list[CaseCard]:
    """The cases as this reviewer sees them, in the order of the ids. `address`: granted ones, as most subjects are hidden."""
    rows = await list_cases(conn, case_ids)
    disputed = [row.id for row in rows if row.kind in ("report", "appeal")]
    disputes = await list_disputes(conn, disputed, viewer_id, address) if disputed else NONE
    media_ids = [each for row in rows for each in (*row.media_ids, *row.former_media_ids)]
    gallery = await read_gallery(conn, media_ids, address)
    pictures = [
        OfEntry(row.id, int(row.campaign.id), media_id)
        for row in rows
        if row.campaign is not None and row.post_id is not None
        for media_id in row.media_ids
    ]
    similar = await read_similar(conn, pictures)
    return [case_card(row, gallery, disputes, similar.get(row.id, [])) for row in rows]


def case_card(row: CaseRow, gallery: Gallery, disputes: Disputes, similar: list[SimilarPost]) -> CaseCard:
    """The case on the wire."""
    author = None
    if row.author_id is not None and row.author_name is not None:
        author = AuthorCard(str(row.author_id), row.author_name, row.avatar_url, row.badge)
    return CaseCard(
        id=str(row.id),
        kind=row.kind,
        stage=row.stage,
        stages=row.stages,
        risk=row.risk,
        state=row.state,
        version=row.version,
        subject=SubjectCard(
            kind=_subject_kind(row),
            id=str(row.comment_id or row.post_id or row.topic_id or row.author_id),
            post_id=None if row.post_id is None else str(row.post_id),
            revision=row.revision,
            state=row.subject_state,
            text=row.text,
            former_text=row.former_text,
            media=gallery.media(row.media_ids),
            former_media=gallery.media(row.former_media_ids),
            removed_media=gallery.removed(row.media_ids),
            similar=similar,
            author=author,
        ),
        machine=row.machine,
        campaign=row.campaign,
        report=disputes.reports.get(row.id),
        appeal=disputes.appeals.get(row.id),
        verdicts=applicable_verdicts(row, row.subject_state),
        leased_by=None if row.leased_by is None else str(row.leased_by),
        leased_until=row.leased_until,
        due_at=row.due_at,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )


def _subject_kind(row: CaseRow) -> SubjectKind:
    if row.post_id is not None:
        return "post" if row.comment_id is None else "comment"
    return "user" if row.topic_id is None else "topic"


async def list_cases(conn: Connection, case_ids: list[int]) -> list[CaseRow]:
    """The cases in the order of the ids."""
    rows = await conn.fetch(
        """
        SELECT cases.id, cases.kind, cases.stage, cases.stages, cases.risk, cases.state, cases.version, cases.post_id, cases.comment_id, cases.topic_id,
               cases.revision, cases.machine, cases.due_at, cases.created_at, cases.closed_at,
               holders.id AS leased_by, CASE WHEN holders.id IS NOT NULL THEN cases.leased_until END AS leased_until,
               accounts.id AS author_id, accounts.name AS author_name, avatar_address(accounts.avatar_url) AS avatar_url, accounts.badge,
               CASE WHEN cases.comment_id IS NOT NULL THEN coalesce(comment_revisions.text, comments.text)
                    WHEN cases.post_id IS NOT NULL THEN revisions.text
                    WHEN cases.topic_id IS NOT NULL THEN topics.name
                    ELSE coalesce(profile_changes.value, accounts.name) END AS text,
               profile_changes.former AS former_text,
               CASE WHEN cases.comment_id IS NULL AND cases.post_id IS NOT NULL THEN coalesce(revisions.media_ids, '{}')
                    WHEN profile_changes.field = 'avatar' THEN ARRAY(
                        SELECT media.id FROM media WHERE media.key = split_part(profile_changes.value, '/', 1)
                    )
                    ELSE '{}' END AS media_ids,
               CASE WHEN cases.comment_id IS NULL AND cases.post_id IS NOT NULL THEN coalesce(former.media_ids, '{}')
                    WHEN profile_changes.field = 'avatar' THEN ARRAY(
                        SELECT media.id FROM media WHERE media.key = split_part(profile_changes.former, '/', 1)
                    )
                    ELSE '{}' END AS former_media_ids,
               CASE WHEN cases.comment_id IS NOT NULL THEN shown_state(comments.state, comments.holds)
                    WHEN cases.post_id IS NOT NULL THEN shown_state(posts.state, posts.holds)
                    ELSE profile_changes.state END AS subject_state,
               (
                   SELECT jsonb_build_object('id', campaigns.id::text, 'title', campaigns.draft ->> 'title')
                   FROM entries JOIN campaigns ON campaigns.id = entries.campaign_id
                   WHERE entries.post_id = cases.post_id AND campaigns.state NOT IN ('draft', 'cancelled')
                   ORDER BY campaigns.ends_at, campaigns.id
                   LIMIT 1
               ) AS campaign
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN cases ON cases.id = wanted.id
        LEFT JOIN accounts ON accounts.id = cases.author_id
        CROSS JOIN LATERAL (SELECT lease_holder(cases.leased_by, cases.leased_until) AS id) AS holders
        LEFT JOIN topics ON topics.id = cases.topic_id
        LEFT JOIN posts ON posts.id = cases.post_id
        LEFT JOIN post_revisions AS revisions
          ON revisions.post_id = posts.id AND revisions.revision = coalesce(cases.revision, posts.revision)
        LEFT JOIN LATERAL (
            SELECT before.media_ids
            FROM post_revisions AS before
            WHERE before.post_id = cases.post_id AND before.revision < cases.revision AND before.approved_at IS NOT NULL
            ORDER BY before.revision DESC
            LIMIT 1
        ) AS former ON cases.kind = 'post'
        LEFT JOIN comments ON comments.post_id = cases.post_id AND comments.id = cases.comment_id
        LEFT JOIN comment_revisions
          ON comment_revisions.post_id = comments.post_id AND comment_revisions.comment_id = comments.id
          AND comment_revisions.revision = coalesce(cases.revision, CASE cases.kind WHEN 'comment' THEN 1 ELSE comments.revision END)
        LEFT JOIN profile_changes ON profile_changes.case_id = cases.id
        ORDER BY wanted.position
        """,
        case_ids,
    )
    return many(rows, CaseRow)
