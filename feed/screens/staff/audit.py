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
        SELECT id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256,
            (SELECT name FROM accounts WHERE accounts.id = actor_id AND erased_at IS NULL) AS actor_name, (
                SELECT number FROM audit_seals
                WHERE last_seq >= (SELECT seq FROM audit_sequence WHERE audit_id = audit.id)
                ORDER BY last_seq LIMIT 1
            ) AS batch
        FROM audit WHERE id = ANY ($1::bigint[]) ORDER BY id DESC
        """,
        await _list_ids(conn, wanted, before_id=before_id, limit=limit),
    )
    return [_card(row, language) for row in many(rows, _Row)]


async def _list_ids(conn: Connection, wanted: AuditFilter, *, before_id: int, limit: int) -> list[int]:
    # A statement for each index: with one for all, a plan for unknown parameters would read the whole log.
    if wanted.subject is not None:
        rows = await conn.fetch(
            """
            SELECT id FROM audit
            WHERE subject_kind = $1 AND subject_id = $2 AND id < $3
                AND ($4::bigint IS NULL OR actor_id = $4) AND ($5::text IS NULL OR action = $5)
            ORDER BY id DESC LIMIT $6
            """,
            *wanted.subject,
            before_id,
            wanted.actor_id,
            wanted.action,
            limit,
        )
    elif wanted.actor_id is not None:
        rows = await conn.fetch(
            """
            SELECT id FROM audit WHERE actor_id = $1 AND id < $2 AND ($3::text IS NULL OR action = $3)
            ORDER BY id DESC LIMIT $4
            """,
            wanted.actor_id,
            before_id,
            wanted.action,
            limit,
        )
    elif wanted.action is not None:
        # As a range, so that only the index of actions has this order: by ids a rare action would be looked for in all rows.
        rows = await conn.fetch(
            """
            SELECT id FROM audit WHERE action >= $1 AND action <= $1 AND id < $2 ORDER BY action, id DESC LIMIT $3
            """,
            wanted.action,
            before_id,
            limit,
        )
    else:
        rows = await conn.fetch("SELECT id FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2", before_id, limit)
    return [row["id"] for row in rows]


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
