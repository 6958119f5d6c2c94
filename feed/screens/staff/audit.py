"""The audit log as admins read it: newest first, of one subject, one actor or one action."""

from datetime import datetime
from typing import Any

import msgspec

from feed.audit.titles import title_of
from feed.postgres import Connection, many
from feed.screens.posts.cards import Id
from feed.sms.model import SHANGHAI
from feed.spreadsheets import LongNumber, encode_table


class AuditFilter(msgspec.Struct, frozen=True):
    """Which rows: None leaves a condition out."""

    subject: tuple[str, int] | None = None
    actor_id: int | None = None
    action: str | None = None


class AuditActor(msgspec.Struct, frozen=True):
    """Who acted. `name` is the present one, null for an erased account."""

    id: Id
    name: str | None


class AuditSubject(msgspec.Struct, frozen=True):
    """What was acted on."""

    kind: str
    id: Id | None


class AuditCard(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the audit log. `actor` is null for scheduled jobs and operators, `batch` until the row is sealed."""

    id: Id
    at: datetime
    actor: AuditActor | None
    action: str
    title: str
    subject: AuditSubject
    detail: dict[str, Any]
    row_sha256: str
    batch: int | None


class _Row(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    actor_id: int | None
    actor_name: str | None
    action: str
    subject_kind: str
    subject_id: int | None
    detail: dict[str, Any]
    row_sha256: bytes
    batch: int | None


async def list_audit(
    conn: Connection, wanted: AuditFilter, *, before_id: int, limit: int, language: str
) -> list[AuditCard]:
    """Rows before an id, newest first."""
    rows = await conn.fetch(
        """
        WITH found AS (
            SELECT * FROM (
                SELECT id FROM audit
                WHERE subject_kind = $1::text AND subject_id = $2::bigint AND id < $5
                    AND ($3::bigint IS NULL OR actor_id = $3) AND ($4::text IS NULL OR action = $4)
                ORDER BY id DESC LIMIT $6
            ) AS of_subject
            UNION ALL
            SELECT * FROM (
                SELECT id FROM audit
                WHERE $1::text IS NULL AND actor_id = $3::bigint AND id < $5 AND ($4::text IS NULL OR action = $4)
                ORDER BY id DESC LIMIT $6
            ) AS of_actor
            UNION ALL
            SELECT * FROM (
                SELECT id FROM audit
                WHERE $1::text IS NULL AND $3::bigint IS NULL AND action = $4::text AND id < $5
                ORDER BY id DESC LIMIT $6
            ) AS of_action
            UNION ALL
            SELECT * FROM (
                SELECT id FROM audit
                WHERE $1::text IS NULL AND $3::bigint IS NULL AND $4::text IS NULL AND id < $5
                ORDER BY id DESC LIMIT $6
            ) AS all_rows
        )
        SELECT audit.id, audit.at, audit.actor_id, accounts.name AS actor_name, audit.action, audit.subject_kind, audit.subject_id,
            audit.detail, audit.row_sha256, (
                SELECT number FROM audit_seals
                WHERE last_seq >= (SELECT seq FROM audit_sequence WHERE audit_id = audit.id)
                ORDER BY last_seq LIMIT 1
            ) AS batch
        FROM found
        JOIN audit ON audit.id = found.id
        LEFT JOIN accounts ON accounts.id = audit.actor_id AND accounts.erased_at IS NULL
        ORDER BY audit.id DESC
        """,
        *(wanted.subject or (None, None)),
        wanted.actor_id,
        wanted.action,
        before_id,
        limit,
    )
    return [_card(row, language) for row in many(rows, _Row)]


def _card(row: _Row, language: str) -> AuditCard:
    return AuditCard(
        id=str(row.id),
        at=row.at,
        actor=None if row.actor_id is None else AuditActor(str(row.actor_id), row.actor_name),
        action=row.action,
        title=title_of(row.action, language),
        subject=AuditSubject(row.subject_kind, None if row.subject_id is None else str(row.subject_id)),
        detail=row.detail,
        row_sha256=row.row_sha256.hex(),
        batch=row.batch,
    )


_HEAD = (
    "编号 id",
    "时间 at",
    "操作人 actor_id",
    "昵称 name",
    "操作 action",
    "说明 title",
    "对象 subject_kind",
    "对象编号 subject_id",
    "详情 detail",
    "哈希 row_sha256",
    "批次 batch",
)


def csv_of(cards: list[AuditCard]) -> bytes:
    """The rows as a table for spreadsheets, with times of Asia/Shanghai."""
    return encode_table(_HEAD, [_cells(card) for card in cards]).encode()


def _cells(card: AuditCard) -> list[object]:
    return [
        LongNumber(card.id),
        card.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S.%f"),
        None if card.actor is None else LongNumber(card.actor.id),
        None if card.actor is None else card.actor.name,
        card.action,
        card.title,
        card.subject.kind,
        None if card.subject.id is None else LongNumber(card.subject.id),
        msgspec.json.encode(card.detail).decode(),
        card.row_sha256,
        card.batch,
    ]
