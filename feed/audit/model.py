"""Rows of the audit log, each with a hash of its content, so that a later modification is detected."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import rfc8785

# Audit rows are kept after an erasure, so they refer to people by id only.
PERSONAL_KEYS = frozenset({"phone", "phone_number", "name", "address", "text", "body"})


class AuditRow(msgspec.Struct, frozen=True):
    """Which account did what to which subject. `actor_id` is None for scheduled jobs."""

    id: int
    at: datetime
    actor_id: int | None
    action: str
    subject_kind: str
    subject_id: int | None
    detail: dict[str, Any]
    row_sha256: bytes = b""


def sha256_of(row: AuditRow) -> bytes:
    """SHA-256 over the row as canonical JSON (RFC 8785): ids as strings, the time in UTC with microseconds."""
    plain = {
        "id": str(row.id),
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": None if row.actor_id is None else str(row.actor_id),
        "action": row.action,
        "subject_kind": row.subject_kind,
        "subject_id": None if row.subject_id is None else str(row.subject_id),
        "detail": row.detail,
    }
    return hashlib.sha256(rfc8785.dumps(plain)).digest()


def check_no_personal_data(detail: object) -> None:
    """Raises ValueError if a key of `detail`, at any depth, is a name of personal data."""
    if isinstance(detail, dict):
        # The claim fields of every prize kind have this prefix.
        if found := PERSONAL_KEYS & detail.keys() | {key for key in detail if key.startswith("recipient_")}:
            raise ValueError(f"personal data in the audit log: {sorted(found)}")
        for value in detail.values():
            check_no_personal_data(value)
    elif isinstance(detail, list | tuple):
        for value in detail:
            check_no_personal_data(value)
