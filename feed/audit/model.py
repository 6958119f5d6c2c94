"""Rows of the audit log, each with a hash of its content, so that a later modification is detected. Pure."""

import hashlib
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import rfc8785

from feed.audit.detail import canonical
from feed.errors import NotFound

# The format of new rows. Rows of 0.4.0 and before have format 1, whose hash does not contain it.
FORMAT = 2


class AuditCheckpointNotFound(NotFound):
    """Nothing is sealed yet."""


class AuditRow(msgspec.Struct, frozen=True):
    """Which account did what to which subject. `actor_id` is None for scheduled jobs and operators."""

    id: int
    at: datetime
    actor_id: int | None
    action: str
    subject_kind: str
    subject_id: int | None
    detail: dict[str, Any]
    row_sha256: bytes = b""
    format: int = FORMAT


class HashedText(NamedTuple):
    """The text whose hash a row of the present format has, without its time and id: `head` time `middle` id `tail`."""

    head: str
    middle: str
    tail: str


def hashed_text(
    actor_id: int | None, action: str, subject_kind: str, subject_id: int | None, detail: dict[str, Any]
) -> HashedText:
    """The row as canonical JSON: names sorted, ids as strings, the time in UTC with microseconds, integers with all digits."""
    head = canonical({"action": action, "actor_id": _id_text(actor_id), "at": ""})
    tail = canonical({"subject_id": _id_text(subject_id), "subject_kind": subject_kind})
    return HashedText(
        head[: -len('"}')], f'+00:00","detail":{canonical(detail)},"format":{FORMAT},"id":"', f'",{tail[len("{") :]}'
    )


def sha256_of(row: AuditRow) -> bytes | None:
    """SHA-256 over the row in its format; None for a format that is not known here, and for a detail that no row can have."""
    match row.format:
        case 1:
            return _sha256_in_format_1(row)
        case 2:
            text = hashed_text(row.actor_id, row.action, row.subject_kind, row.subject_id, row.detail)
            at = row.at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
            return hashlib.sha256(f"{text.head}{at}{text.middle}{row.id}{text.tail}".encode()).digest()
        case _:
            return None


def _sha256_in_format_1(row: AuditRow) -> bytes | None:
    plain = {
        "id": str(row.id),
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": _id_text(row.actor_id),
        "action": row.action,
        "subject_kind": row.subject_kind,
        "subject_id": _id_text(row.subject_id),
        "detail": row.detail,
    }
    try:
        return hashlib.sha256(rfc8785.dumps(plain)).digest()
    except rfc8785.CanonicalizationError:
        return None


def _id_text(number: int | None) -> str | None:
    return None if number is None else str(number)
