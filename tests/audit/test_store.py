"""The hashes of audit rows, and the rejection of personal data."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from feed.audit import store as audit
from feed.audit.model import AuditRow, sha256_of
from feed.postgres import Connection


async def _row(conn: Connection, campaign_id: int) -> AuditRow:
    return msgspec.convert(
        await conn.fetchrow(
            """
            SELECT id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256
            FROM audit WHERE subject_kind = 'campaign' AND subject_id = $1
            """,
            campaign_id,
        ),
        AuditRow,
    )


async def test_the_hash_of_a_row_can_be_recomputed_without_our_code(conn: Connection) -> None:
    audit_id = await audit.add(
        conn, 7, "campaign.announce", "campaign", 42, {"second": True, "winners": [1, 2], "b": "读"}
    )

    row = await _row(conn, 42)

    assert row.id == audit_id
    assert row.row_sha256 == sha256_of(row)
    # For the values of an audit row RFC 8785 is JSON with sorted keys and without spaces.
    plain = {
        "id": str(row.id),
        "at": row.at.isoformat(timespec="microseconds"),
        "actor_id": "7",
        "action": "campaign.announce",
        "subject_kind": "campaign",
        "subject_id": "42",
        "detail": {"second": True, "winners": [1, 2], "b": "读"},
    }
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert row.row_sha256 == hashlib.sha256(text.encode()).digest()


async def test_a_modified_row_does_not_match_its_hash(conn: Connection) -> None:
    await audit.add(conn, None, "campaign.settle", "campaign", 43)

    await conn.execute("UPDATE audit SET actor_id = 9 WHERE subject_id = 43")

    row = await _row(conn, 43)
    assert row.row_sha256 != sha256_of(row)


@pytest.mark.parametrize("detail", [{"phone": "1"}, {"winner": {"name": "王"}}, {"winners": [{"address": "深圳"}]}])
async def test_personal_data_is_rejected(conn: Connection, detail: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="personal"):
        await audit.add(conn, 7, "claim.reveal", "winner", 45, detail)


def test_the_time_is_hashed_in_utc_for_every_time_zone() -> None:
    at = datetime(2026, 9, 20, 16, 0, 0, 5, UTC)
    local = AuditRow(1, at.astimezone(timezone(timedelta(hours=8))), None, "a", "b", None, {})

    assert sha256_of(local) == sha256_of(AuditRow(1, at, None, "a", "b", None, {}))
