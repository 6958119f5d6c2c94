"""What has happened to the subject of a case: its revisions, machine checks, leases and verdicts, those that were undone too."""

from datetime import datetime
from typing import Annotated, Any, get_args

import msgspec

from feed.cases.model import CaseNotFound, CaseState, Kind
from feed.moderation.model import VerdictKind
from feed.postgres import Connection, many
from feed.reasons import VerdictReason
from feed.screens.media.cards import AddressOf, MediaCard
from feed.screens.media.gallery import EMPTY, Gallery, RemovedMedium, read_gallery
from feed.screens.posts.cards import AuthorCard, Id
from feed.texts import among

# The newest of each list.
LISTED_MOST = 100


class RevisionRecord(msgspec.Struct, frozen=True):
    """One version of the subject. `approved_at`: since when it may be shown."""

    revision: int
    text: str
    media: list[MediaCard]
    removed_media: list[RemovedMedium]
    author: AuthorCard
    created_at: datetime
    approved_at: datetime | None


class CaseRecord(msgspec.Struct, frozen=True):
    """A case about the subject, with what the machine check has found."""

    id: Id
    kind: Kind
    stage: int
    state: CaseState
    revision: int | None
    machine: dict[str, Any]
    created_at: datetime
    closed_at: datetime | None


class LeaseRecord(msgspec.Struct, frozen=True):
    """A lease of one of the cases. `ended_at`: when it was given back; null: it ended with a verdict, or by its time."""

    case_id: Id
    user: AuthorCard
    leased_at: datetime
    ended_at: datetime | None


class VerdictRecord(msgspec.Struct, frozen=True):
    """A verdict of one of the cases; `undone_at`: since when it is not in force."""

    id: Id
    case_id: Id
    stage: int
    revision: int | None
    verdict: VerdictKind
    reason_code: Annotated[str, among(get_args(VerdictReason))]
    note: str | None
    user: AuthorCard
    batch_id: Id | None
    made_at: datetime
    undone_at: datetime | None


class CaseHistory(msgspec.Struct, frozen=True):
    """The newest of each first."""

    revisions: list[RevisionRecord]
    cases: list[CaseRecord]
    leases: list[LeaseRecord]
    verdicts: list[VerdictRecord]


class _RevisionRow(msgspec.Struct, frozen=True):
    revision: int
    text: str
    media_ids: list[int]
    author: AuthorCard
    created_at: datetime
    approved_at: datetime | None


async def get_history(conn: Connection, case_id: int, address: AddressOf) -> CaseHistory:
    """The history of the subject of a case, by all cases about it. Raises CaseNotFound."""
    subject = await conn.fetchrow("SELECT post_id, comment_id, account_id, topic_id FROM cases WHERE id = $1", case_id)
    if subject is None:
        raise CaseNotFound
    post_id, comment_id, account_id, topic_id = subject
    rows = await conn.fetch(
        """
        SELECT id::text, kind, stage, state, revision, machine, created_at, closed_at
        FROM cases
        WHERE ($1::bigint IS NOT NULL AND post_id = $1 AND comment_id IS NOT DISTINCT FROM $2::bigint)
           OR ($1 IS NULL AND $3::bigint IS NOT NULL AND account_id = $3 AND post_id IS NULL)
           OR ($1 IS NULL AND $4::bigint IS NOT NULL AND topic_id = $4)
           OR id = $6
        ORDER BY cases.id DESC
        LIMIT $5
        """,
        post_id,
        comment_id,
        account_id,
        topic_id,
        LISTED_MOST,
        case_id,
    )
    found = many(rows, CaseRecord)
    case_ids = [int(each.id) for each in found]
    return CaseHistory(
        await _list_revisions(conn, post_id, address) if comment_id is None else await _list_comment(conn, comment_id),
        found,
        await _list_leases(conn, case_ids),
        await _list_verdicts(conn, case_ids),
    )


async def _list_revisions(conn: Connection, post_id: int | None, address: AddressOf) -> list[RevisionRecord]:
    rows = await conn.fetch(
        """
        SELECT revisions.revision, revisions.text, revisions.media_ids, revisions.created_at, revisions.approved_at,
               jsonb_build_object('id', accounts.id::text, 'name', accounts.name, 'avatar_url', avatar_address(accounts.avatar_url),
                                  'badge', accounts.badge) AS author
        FROM post_revisions AS revisions
        JOIN accounts ON accounts.id = revisions.author_id
        WHERE revisions.post_id = $1
        ORDER BY revisions.revision DESC
        LIMIT $2
        """,
        post_id,
        LISTED_MOST,
    )
    found = many(rows, _RevisionRow)
    gallery = await read_gallery(conn, [each for row in found for each in row.media_ids], address)
    return [_record(row, gallery) for row in found]


def _record(row: _RevisionRow, gallery: Gallery = EMPTY) -> RevisionRecord:
    return RevisionRecord(
        revision=row.revision,
        text=row.text,
        media=gallery.media(row.media_ids),
        removed_media=gallery.removed(row.media_ids),
        author=row.author,
        created_at=row.created_at,
        approved_at=row.approved_at,
    )


async def _list_comment(conn: Connection, comment_id: int) -> list[RevisionRecord]:
    rows = await conn.fetch(
        """
        SELECT coalesce(revisions.revision, 1) AS revision, coalesce(revisions.text, comments.text) AS text,
               coalesce(revisions.created_at, comments.created_at) AS created_at, '{}'::bigint[] AS media_ids,
               CASE
                   WHEN revisions.revision IS NOT NULL THEN revisions.approved_at
                   WHEN comments.state NOT IN ('pending', 'rejected') THEN comments.created_at
               END AS approved_at,
               jsonb_build_object('id', accounts.id::text, 'name', accounts.name, 'avatar_url', avatar_address(accounts.avatar_url),
                                  'badge', accounts.badge) AS author
        FROM comments
        LEFT JOIN comment_revisions AS revisions
          ON revisions.post_id = comments.post_id AND revisions.comment_id = comments.id
        JOIN accounts ON accounts.id = coalesce(revisions.author_id, comments.author_id)
        WHERE comments.id = $1
        ORDER BY 1 DESC
        LIMIT $2
        """,
        comment_id,
        LISTED_MOST,
    )
    return [_record(row) for row in many(rows, _RevisionRow)]


async def _list_leases(conn: Connection, case_ids: list[int]) -> list[LeaseRecord]:
    rows = await conn.fetch(
        """
        SELECT leases.case_id::text, leases.leased_at, leases.ended_at,
               jsonb_build_object('id', accounts.id::text, 'name', accounts.name, 'avatar_url', avatar_address(accounts.avatar_url),
                                  'badge', accounts.badge) AS user
        FROM case_leases AS leases
        JOIN accounts ON accounts.id = leases.account_id
        WHERE leases.case_id = ANY ($1::bigint[])
        ORDER BY leases.id DESC
        LIMIT $2
        """,
        case_ids,
        LISTED_MOST,
    )
    return many(rows, LeaseRecord)


async def _list_verdicts(conn: Connection, case_ids: list[int]) -> list[VerdictRecord]:
    rows = await conn.fetch(
        """
        SELECT verdicts.id::text, verdicts.case_id::text, verdicts.stage, verdicts.revision, verdicts.verdict,
               verdicts.reason_code, verdicts.note, verdicts.batch_id::text, verdicts.made_at, verdicts.undone_at,
               jsonb_build_object('id', accounts.id::text, 'name', accounts.name, 'avatar_url', avatar_address(accounts.avatar_url),
                                  'badge', accounts.badge) AS user
        FROM verdicts
        JOIN accounts ON accounts.id = verdicts.reviewer_id
        WHERE verdicts.case_id = ANY ($1::bigint[])
        ORDER BY verdicts.id DESC
        LIMIT $2
        """,
        case_ids,
        LISTED_MOST,
    )
    return many(rows, VerdictRecord)
