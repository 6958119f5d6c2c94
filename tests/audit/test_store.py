"""The hashes of audit rows, what Postgres gives back of them, and the rejection of personal data."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from feed.audit import store as audit
from feed.audit.detail import without_personal_numbers
from feed.audit.model import AuditRow, sha256_of
from feed.postgres import Connection, Pool, transaction

# As 0.4.0 stored it, with the hash that it computed.
OF_0_4_0 = AuditRow(
    1_855_000_000_000_000_001,
    datetime(2026, 11, 28, 23, 59, 59, 7, UTC),
    None,
    "campaign_changed",
    "campaign",
    42,
    {"reason": "读 😀", "n": 1, "empty": "", "none": None},
    b"",
    1,
)
DETAILS: dict[str, dict[str, Any]] = {
    "empty": {},
    "nulls and empty values": {"a": None, "b": "", "c": [], "d": {}, "e": [None, {"f": None}]},
    "CJK and emoji": {"读者": "深圳市福田区", "emoji": "👩‍👩‍👧‍👦🇨🇳", "rare": "𠮷𡃁龘"},
    "large integers": {"a": 2**53 + 1, "b": -(2**63), "c": 2**64, "d": 10**30},
    "escapes": {"a": '\t\n"\\/\u007f\u2028\u0085', "\u0001": "\u001f", "é\u0301": "\ufeff"},
    "order of names": {"b": 1, "aa": 2, "B": 3, "€": 4, "\U0001f600": 5, "\ufb33": 6, "a": {"z": 1, "y": 2}},
    "booleans": {"yes": True, "no": False},
    "numbers in text": {"a": "1.0", "b": "1e22", "c": "007"},
}


async def _rows(conn: Connection, campaign_id: int) -> list[AuditRow]:
    rows = await conn.fetch(
        """
        SELECT id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256, format
        FROM audit WHERE subject_kind = 'campaign' AND subject_id = $1 ORDER BY id
        """,
        campaign_id,
    )
    return msgspec.convert(rows, list[AuditRow])


async def test_the_hash_of_a_row_can_be_recomputed_without_our_code(conn: Connection) -> None:
    audit_id = await audit.add(
        conn, 7, "campaign.announce", "campaign", 42, {"second": True, "winners": [1, 2], "b": "读"}
    )

    (row,) = await _rows(conn, 42)

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
        "format": 2,
    }
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert row.row_sha256 == hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize("detail", DETAILS.values(), ids=DETAILS)
async def test_what_is_read_back_has_the_hash_that_was_written(pool: Pool, detail: dict[str, Any]) -> None:
    async with transaction(pool) as conn:
        await audit.add(conn, 2**63 - 1, "读😀", "campaign", 42, detail)
        await audit.add(conn, None, "", "campaign", 42, {"detail": detail})
    async with pool.acquire() as conn:
        rows = await _rows(conn, 42)
    assert [row.detail for row in rows] == [detail, {"detail": detail}]
    assert [row.row_sha256 for row in rows] == [sha256_of(row) for row in rows]


@pytest.mark.parametrize("microsecond", [0, 1, 10, 999_999, 500_000, 123_450])
def test_each_microsecond_counts(microsecond: int) -> None:
    at = datetime(2026, 11, 29, 3, 4, 5, microsecond, UTC)
    row = AuditRow(1, at, None, "a", "b", None, {})
    assert f".{microsecond:06}+00:00".encode() in _hashed_bytes(row)
    later = msgspec.structs.replace(row, at=at + timedelta(microseconds=1))
    assert sha256_of(later) != sha256_of(row)


def _hashed_bytes(row: AuditRow) -> bytes:
    plain = {
        "id": str(row.id),
        "at": row.at.isoformat(timespec="microseconds"),
        "actor_id": None,
        "action": row.action,
        "subject_kind": row.subject_kind,
        "subject_id": None,
        "detail": row.detail,
        "format": 2,
    }
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(text).digest() == sha256_of(row)
    return text


async def test_many_times_of_the_clock_are_read_back_as_they_were_hashed(pool: Pool) -> None:
    async with transaction(pool) as conn:
        for _ in range(300):
            await audit.add(conn, 7, "a", "campaign", 42)
    async with pool.acquire() as conn:
        rows = await _rows(conn, 42)
    assert len({row.at.microsecond for row in rows}) > 50
    assert all(row.row_sha256 == sha256_of(row) for row in rows)


async def test_rows_of_0_4_0_keep_their_hash(conn: Connection) -> None:
    plain = {
        "id": "1855000000000000001",
        "at": "2026-11-28T23:59:59.000007+00:00",
        "actor_id": None,
        "action": "campaign_changed",
        "subject_kind": "campaign",
        "subject_id": "42",
        "detail": OF_0_4_0.detail,
    }
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sha256_of(OF_0_4_0) == hashlib.sha256(text.encode()).digest()
    # A process of 0.4.0 that is still running names no format.
    await conn.execute(
        """
        INSERT INTO audit (id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *msgspec.structs.astuple(OF_0_4_0)[:7],
        sha256_of(OF_0_4_0),
    )
    (row,) = await _rows(conn, 42)
    assert row.format == 1
    assert row.row_sha256 == sha256_of(row)


async def test_the_format_is_part_of_what_is_checked() -> None:
    row = AuditRow(1, datetime(2026, 11, 29, tzinfo=UTC), None, "a", "b", None, {})
    assert sha256_of(msgspec.structs.replace(row, format=1)) != sha256_of(row)
    assert sha256_of(msgspec.structs.replace(row, format=3)) is None


@pytest.mark.parametrize(
    "detail",
    [
        {"phone": "1"},
        {"winner": {"name": "王"}},
        {"winners": [{"address": "深圳"}]},
        {"email": "a@b.cn"},
        {"nickname": "小明"},
        {"recipient_tax_number": "1"},
    ],
)
async def test_personal_data_is_rejected(conn: Connection, detail: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="personal"):
        await audit.add(conn, 7, "claim.reveal", "winner", 45, detail)


@pytest.mark.parametrize("value", [1.5, float("nan"), datetime(2026, 11, 29, tzinfo=UTC), b"bytes", {1}])
async def test_what_postgres_would_give_back_otherwise_is_rejected(conn: Connection, value: object) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        await audit.add(conn, 7, "a", "campaign", 45, {"value": [value]})


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("请联系13800138000", "请联系[手机号]"),
        ("tel13800138000x", "tel[手机号]x"),
        ("+86 138-0013-8000 转", "[手机号] 转"),
        ("138 0013 8000", "[手机号]"),
        ("0086 13800138000", "[手机号]"),
        ("+44 20 7946 0958", "[手机号]"),
        ("发到 wang.xiaoming+1@mail.example.cn。", "发到 [邮箱]。"),
        ("证件 11010519491231002X", "证件 [证件号]"),
        ("案件 1855000000000000001 号", "案件 1855000000000000001 号"),
        ("2026-11-29 13:00, 12345 赞", "2026-11-29 13:00, 12345 赞"),
    ],
)
async def test_numbers_of_people_in_what_staff_write_are_not_kept(conn: Connection, written: str, kept: str) -> None:
    assert without_personal_numbers(written) == kept
    await audit.add(conn, 7, "a", "campaign", 46, {"reason": written, "inner": [{"note": written}]})
    (row,) = await _rows(conn, 46)
    assert row.detail == {"reason": kept, "inner": [{"note": kept}]}


async def test_ids_and_hashes_stay_as_they_are(conn: Connection) -> None:
    detail = {"of": "110105194912310021", "sha256": "a13800138000" + "b" * 52, "reason": "好"}
    await audit.add(conn, 7, "a", "campaign", 47, detail)
    (row,) = await _rows(conn, 47)
    assert row.detail == detail


def test_the_time_is_hashed_in_utc_for_every_time_zone() -> None:
    at = datetime(2026, 9, 20, 16, 0, 0, 5, UTC)
    for format_ in (1, 2):
        utc = AuditRow(1, at, None, "a", "b", None, {}, format=format_)
        local = msgspec.structs.replace(utc, at=at.astimezone(timezone(timedelta(hours=8))))
        assert sha256_of(local) == sha256_of(utc)
