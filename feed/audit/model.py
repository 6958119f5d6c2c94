"""The audit's rows, and the hash that each one carries: whoever changes a row afterwards must find its hash."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import rfc8785

# The audit outlives the people in it, so it names them by ids alone.
PERSONAL_KEYS = frozenset({"phone", "phone_number", "name", "address", "text", "body"})


class AuditRow(msgspec.Struct, frozen=True):
    """Who did what to which thing. `actor_id` is None where the clock did it."""

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
    """Raises ValueError where a key says that its value speaks of a person."""
    if isinstance(detail, dict):
        # Claim fields of any prize kind begin with this.
        if found := PERSONAL_KEYS & detail.keys() | {key for key in detail if key.startswith("recipient_")}:
            raise ValueError(f"personal in the audit: {sorted(found)}")
        for value in detail.values():
            check_no_personal_data(value)
    elif isinstance(detail, list | tuple):
        for value in detail:
            check_no_personal_data(value)
