"""Sealing: numbers in one line whatever the order of commits, signed batches chained by their roots, and partitions by month."""

import asyncio
import sys
from itertools import pairwise

import pytest

from feed.audit import seal_store as seals
from feed.audit import store as audit
from feed.audit.checkpoint import NO_ROOT, CheckpointUnreadable, is_authentic, read_checkpoint, root_of, seal
from feed.audit.sealing import BATCH_ROWS, add_audit_months, seal_audit
from feed.keys.store import Keys
from feed.postgres import Pool, transaction


async def _act(pool: Pool, count: int = 1) -> list[int]:
    async with transaction(pool) as conn:
        return [await audit.add(conn, 7, "a", "campaign", number) for number in range(count)]


async def _sequence(pool: Pool) -> list[tuple[int, int]]:
    rows = await pool.fetch("SELECT seq, audit_id FROM audit_sequence ORDER BY seq")
    return [(row["seq"], row["audit_id"]) for row in rows]


async def _require_one_chain(pool: Pool, keys: Keys) -> int:
    """Every row has a number, every batch the one predecessor. Returns the number of rows."""
    sequence = await _sequence(pool)
    assert [seq for seq, _ in sequence] == list(range(1, len(sequence) + 1))
    assert {id_ for _, id_ in sequence} == {row["id"] for row in await pool.fetch("SELECT id FROM audit")}
    former_root, last_seq = NO_ROOT, 0
    for number, row in enumerate(await pool.fetch("SELECT number, document FROM audit_seals ORDER BY number"), 1):
        checkpoint = read_checkpoint(row["document"])
        assert checkpoint.number == row["number"] == number
        assert (checkpoint.first_seq, checkpoint.former_root) == (last_seq + 1, former_root.hex())
        hashes = await pool.fetch(
            "SELECT row_sha256 FROM audit_sequence WHERE seq BETWEEN $1 AND $2 ORDER BY seq",
            checkpoint.first_seq,
            checkpoint.last_seq,
        )
        former_root, last_seq = root_of(former_root, [each["row_sha256"] for each in hashes]), checkpoint.last_seq
        assert checkpoint.root == former_root.hex()
        assert is_authentic(checkpoint, keys.public_keys().keys)
    assert last_seq == len(sequence)
    return last_seq


async def test_a_row_that_commits_late_gets_a_later_number(pool: Pool, keys: Keys) -> None:
    async with pool.acquire() as late:
        held = late.transaction()
        await held.start()
        first = await audit.add(late, 7, "late", "campaign", 1)
        (second,) = await _act(pool)
        assert first < second
        await seal_audit(pool, keys)
        assert await _sequence(pool) == [(1, second)]
        await held.commit()
    await seal_audit(pool, keys)
    assert await _sequence(pool) == [(1, second), (2, first)]
    assert await _require_one_chain(pool, keys) == 2


async def test_nothing_is_sealed_twice_and_no_batch_is_empty(pool: Pool, keys: Keys) -> None:
    assert not await seal_audit(pool, keys)
    await _act(pool, 3)
    for _ in range(3):
        assert not await seal_audit(pool, keys)
    assert await pool.fetchval("SELECT count(*) FROM audit_seals") == 1
    assert await _require_one_chain(pool, keys) == 3


async def test_a_second_sealer_seals_nothing(pool: Pool, keys: Keys) -> None:
    await _act(pool)
    async with transaction(pool) as conn:
        assert await seals.try_sealer_lock(conn)
        assert not await seal_audit(pool, keys)
    assert await _sequence(pool) == []
    await seal_audit(pool, keys)
    assert len(await _sequence(pool)) == 1


async def test_more_rows_than_a_batch_are_sealed_in_several(pool: Pool, keys: Keys) -> None:
    # Rows of long ago too: what 0.4.0 has left is sealed from the first one on.
    await pool.execute(
        """
        INSERT INTO audit (id, at, action, subject_kind, row_sha256)
        SELECT number, '2026-01-01', 'a', 'campaign', sha256(number::text::bytea) FROM generate_series(1, $1::int) AS number
        """,
        2 * BATCH_ROWS + 1,
    )
    assert [await seal_audit(pool, keys) for _ in range(3)] == [True, True, False]
    assert await _require_one_chain(pool, keys) == 2 * BATCH_ROWS + 1


async def test_a_damaged_seal_does_not_stop_sealing(pool: Pool, keys: Keys) -> None:
    await _act(pool)
    await seal_audit(pool, keys)
    await pool.execute("UPDATE audit_seals SET document = 'no document', last_seq = 0")
    await _act(pool)
    await seal_audit(pool, keys)
    assert [seq for seq, _ in await _sequence(pool)] == [1, 2]
    last = read_checkpoint(await pool.fetchval("SELECT document FROM audit_seals WHERE number = 2"))
    assert (last.first_seq, last.former_root) == (2, NO_ROOT.hex())


async def test_fifty_writers_in_two_processes_make_one_linear_chain(
    pool: Pool, keys: Keys, database: str, redis_url: str
) -> None:
    """From an empty table, with a sealer in each process."""
    environ = {"FEED_DATABASE_URL": database, "FEED_REDIS_URL": redis_url, "FEED_KEYS_DIR": str(keys._directory)}
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.audit_writers",
            "25",
            "20",
            env=environ | {"PYTHONPATH": ":".join(sys.path)},
        )
        for _ in range(2)
    ]
    assert [await process.wait() for process in processes] == [0, 0]
    while await seal_audit(pool, keys):
        pass

    assert await _require_one_chain(pool, keys) == 2 * 25 * 20
    # Not by chance in the order of ids: transactions of the writers overlap.
    sequence = await _sequence(pool)
    assert len(await pool.fetch("SELECT number FROM audit_seals")) > 1
    assert any(former > later for (_, former), (_, later) in pairwise(sequence))


async def test_a_rotated_key_signs_the_next_batch(pool: Pool, keys: Keys) -> None:
    await _act(pool)
    await seal_audit(pool, keys)
    keys.rotate_signing_key(await pool.fetchval("SELECT now()"))
    await _act(pool)
    await seal_audit(pool, keys)
    assert await _require_one_chain(pool, keys) == 2
    documents = [read_checkpoint(row["document"]) for row in await pool.fetch("SELECT document FROM audit_seals")]
    assert len({each.signature.key_id for each in documents}) == 2


async def test_a_key_signs_no_checkpoint_after_its_time(pool: Pool, keys: Keys) -> None:
    await _act(pool)
    await seal_audit(pool, keys)
    checkpoint = read_checkpoint(await pool.fetchval("SELECT document FROM audit_seals"))
    assert is_authentic(checkpoint, keys.public_keys().keys)
    keys.rotate_signing_key(await pool.fetchval("SELECT now() - interval '2 hours'"))
    assert not is_authentic(checkpoint, keys.public_keys().keys)


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"kind": "other"}', b"\xff"])
def test_what_is_no_checkpoint_is_not_read(document: bytes) -> None:
    with pytest.raises(CheckpointUnreadable):
        read_checkpoint(document)


async def test_a_checkpoint_with_a_root_of_another_length_is_not_read(pool: Pool, keys: Keys) -> None:
    at = await pool.fetchval("SELECT now()")
    document = seal(
        keys.sign, number=1, first_seq=1, former_root=b"short", row_hashes=[], sealed_at=at, unsealed_from=1
    )
    with pytest.raises(CheckpointUnreadable):
        read_checkpoint(document)


async def _partition_of(pool: Pool, id_: int) -> str:
    name: str = await pool.fetchval("SELECT tableoid::regclass::text FROM audit WHERE id = $1", id_)
    return name


async def test_partitions_are_there_before_their_month(pool: Pool) -> None:
    months = await pool.fetch(
        """
        SELECT 'audit_' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => step), 'YYYY_MM') AS name,
            to_regclass('audit_' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => step), 'YYYY_MM'))
                IS NOT NULL AS there
        FROM generate_series(0, 3) AS step
        """
    )
    assert all(month["there"] for month in months), months
    (id_,) = await _act(pool)
    assert await _partition_of(pool, id_) == months[0]["name"]


async def test_a_row_without_a_partition_is_written_and_moved_later(pool: Pool, keys: Keys) -> None:
    later = await pool.fetchval("SELECT 'audit_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')")
    await pool.execute(f"DROP TABLE {later}")
    id_ = await pool.fetchval(
        """
        INSERT INTO audit (id, action, subject_kind, row_sha256)
        SELECT first_id_at((date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month 3 days') AT TIME ZONE 'UTC'),
            'a', 'campaign', ''
        RETURNING id
        """
    )
    assert await _partition_of(pool, id_) == "audit_default"

    await asyncio.gather(*(add_audit_months(pool) for _ in range(3)))

    assert await _partition_of(pool, id_) == later
    assert await pool.fetchval("SELECT count(*) FROM audit") == 1
    indexes = await pool.fetchval("SELECT count(*) FROM pg_indexes WHERE tablename = $1", later)
    assert indexes == 4


async def test_no_view_and_no_function_reads_a_single_month(pool: Pool) -> None:
    """They were there before the partitions, when the table of the first month was the whole log."""
    dependents = await pool.fetch(
        """
        SELECT pg_describe_object(classid, objid, objsubid) AS named, refobjid::regclass::text AS month
        FROM pg_depend
        WHERE refclassid = 'pg_class'::regclass AND refobjid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit'::regclass)
            AND classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
        """
    )
    assert dependents == []
