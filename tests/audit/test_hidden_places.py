"""What a superuser of the database can hide where a verification does not look, or cannot read: each is found, and named by its place."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from feed.audit.verification import verify_audit
from feed.keys.store import Keys
from feed.postgres import Connection, Pool
from tests.support.audit_log import BATCHES, ROWS, SealedLog, forge_hash, make_log, places

_LAST = BATCHES * ROWS
# So that each column can hold anything.
_UNCONSTRAINED = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT conrelid::regclass AS named, conname FROM pg_constraint
        WHERE conrelid::regclass::text LIKE 'audit%' AND contype IN ('p', 'u', 'c', 'n')
        ORDER BY (SELECT relispartition FROM pg_class WHERE oid = conrelid), contype = 'n'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', found.named, found.conname);
    END LOOP;
    FOR found IN
        SELECT attrelid::regclass AS named, attname FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
        WHERE relkind IN ('r', 'p') AND relname LIKE 'audit%' AND attnum > 0 AND attnotnull
        ORDER BY relispartition
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', found.named, found.attname);
    END LOOP;
END
$$
"""
_COPY = """
    INSERT INTO audit (id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256, format)
    SELECT $2, at, actor_id, action, subject_kind, subject_id, detail, row_sha256, format FROM audit WHERE id = $1
"""

Place = tuple[str, str, int, int]


@pytest.fixture
async def log(pool: Pool, keys: Keys) -> SealedLog:
    return await make_log(pool, keys)


async def _found(pool: Pool, keys: Keys, tamper: Callable[[Connection], Awaitable[object]]) -> set[Place]:
    async with pool.acquire() as conn:
        attempt = conn.transaction()
        await attempt.start()
        await conn.execute(_UNCONSTRAINED)
        await tamper(conn)
        report = await verify_audit(conn, keys.public_keys().keys)
        await attempt.rollback()
    return places(report.findings)


async def _insert_early(conn: Connection, log: SealedLog, audit_id: int) -> None:
    await conn.execute(_COPY, log.ids[3], audit_id)
    await forge_hash(conn, audit_id, number_too=False)


@pytest.mark.parametrize("seq", [None, 0, -1, ROWS, _LAST, 1, 9 * _LAST])
async def test_a_row_whose_number_is_hidden_is_found(
    pool: Pool, keys: Keys, log: SealedLog, monkeypatch: pytest.MonkeyPatch, seq: int | None
) -> None:
    early = log.ids[0] - 1

    async def tamper(conn: Connection) -> None:
        await _insert_early(conn, log, early)
        await conn.execute("INSERT INTO audit_sequence SELECT $1, id, row_sha256 FROM audit WHERE id = $2", seq, early)

    for at_once in (1, 2, ROWS, ROWS + 1, 2_000):
        monkeypatch.setattr("feed.audit.verification._ROWS", at_once)
        found = await _found(pool, keys, tamper)
        assert {place for code, place, *_ in found} & {"number", "row"}, (at_once, found)


@pytest.mark.parametrize("audit_id", [None, 0, -1, -(2**62)])
async def test_a_row_whose_id_is_none_of_the_application_is_found(
    pool: Pool, keys: Keys, log: SealedLog, audit_id: int | None
) -> None:
    async def tamper(conn: Connection) -> None:
        await conn.execute(_COPY, log.ids[3], audit_id)

    at = audit_id or 0
    assert ("row_inserted", "row", at, at) in await _found(pool, keys, tamper)


@pytest.mark.parametrize("number", [None, 0, -1, BATCHES])
async def test_a_second_seal_is_found(
    pool: Pool, keys: Keys, log: SealedLog, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    async def tamper(conn: Connection) -> None:
        await conn.execute(
            "INSERT INTO audit_seals SELECT $1, last_seq, unsealed_from, sealed_at, document FROM audit_seals WHERE number = $2",
            number,
            BATCHES,
        )

    at = number or 0
    for at_once in (1, 2, 100):
        monkeypatch.setattr("feed.audit.verification._SEALS", at_once)
        assert ("batch_inserted", "batch", at, at) in await _found(pool, keys, tamper)


UNREADABLE = {
    "audit": {
        "at": ["'infinity'", "'-infinity'", "'4000-01-01 BC'", "'290000-01-01'", "NULL"],
        "actor_id": ["-1", "9223372036854775807"],
        "action": ["NULL", "'audit.acknowledge'", "'audit.drop_month'", "repeat('x', 100000)"],
        "subject_kind": ["NULL"],
        "detail": [
            "NULL",
            "'null'",
            "'[]'",
            "'\"x\"'",
            "'1'",
            "'1.5'",
            "'{\"a\": 1e400}'",
            "'{\"a\": 0.1}'",
            "'{\"a\": 123456789012345678901234567890}'",
            "'{\"a\": -0.0}'",
            "'{\"signature\": 1}'",
            "('{\"a\": ' || repeat('[', 2000) || repeat(']', 2000) || '}')::jsonb",
        ],
        "row_sha256": ["NULL"],
        "format": ["NULL", "0", "-1", "32767"],
    },
    "audit_sequence": {"audit_id": ["NULL", "0", "-1"], "row_sha256": ["NULL", "''"]},
    "audit_seals": {
        "last_seq": ["NULL", "0", "-5", "9223372036854775807"],
        "unsealed_from": ["NULL", "-5", "9223372036854775807"],
        "sealed_at": ["NULL", "'infinity'", "'-infinity'", "'4000-01-01 BC'"],
        "document": ["NULL", "''", "'\\xff'", "convert_to(repeat('[', 100000), 'UTF8')"],
    },
}


@pytest.mark.parametrize("table", UNREADABLE)
async def test_what_cannot_be_read_is_a_finding(pool: Pool, keys: Keys, log: SealedLog, table: str) -> None:
    missed = []
    key = {"audit": log.ids[9], "audit_sequence": ROWS + 2, "audit_seals": BATCHES}[table]
    for column, values in UNREADABLE[table].items():
        name = {"audit": "id", "audit_sequence": "seq", "audit_seals": "number"}[table]
        for value in values:
            at = {"audit": "row", "audit_sequence": "", "audit_seals": "batch"}[table]

            async def tamper(
                conn: Connection, statement: str = f"UPDATE {table} SET {column} = {value} WHERE {name} = $1"
            ) -> None:
                await conn.execute(statement, key)

            found = await _found(pool, keys, tamper)
            if not any(place == at and first == key for _, place, first, _ in found) and (at or not found):
                missed.append((column, value, repr(found)))
    assert missed == []


async def test_a_verification_since_a_day_trusts_only_seals_that_say_so_themselves(
    pool: Pool, keys: Keys, log: SealedLog
) -> None:
    """The time of a seal in its column decides nothing: only the signed one does."""
    since = datetime.now(UTC) - timedelta(days=1)
    async with pool.acquire() as conn:
        attempt = conn.transaction()
        await attempt.start()
        await conn.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", log.ids[9])
        await conn.execute("UPDATE audit_seals SET sealed_at = '2000-01-01' WHERE number = $1", BATCHES)
        report = await verify_audit(conn, keys.public_keys().keys, since=since)
        await attempt.rollback()
    assert ("row_changed", "row", log.ids[9], log.ids[9]) in places(report.findings)


async def test_what_was_removed_in_a_piece_is_one_finding_and_the_list_is_bounded(
    pool: Pool, keys: Keys, log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as conn:
        attempt = conn.transaction()
        await attempt.start()
        await conn.execute("DELETE FROM audit WHERE id BETWEEN $1 AND $2", log.ids[1], log.ids[ROWS - 2])
        report = await verify_audit(conn, keys.public_keys().keys)
        assert places(report.findings) == {("row_removed", "row", log.ids[1], log.ids[ROWS - 2])}
        await attempt.rollback()
        attempt = conn.transaction()
        await attempt.start()
        await conn.execute("UPDATE audit SET actor_id = 99")
        whole = await verify_audit(conn, keys.public_keys().keys)
        monkeypatch.setattr("feed.audit.verification._FINDINGS", 3)
        report = await verify_audit(conn, keys.public_keys().keys)
        await attempt.rollback()
    assert (report.findings, report.more) == (whole.findings[:3], len(whole.findings) - 3)
    assert not report.is_intact
