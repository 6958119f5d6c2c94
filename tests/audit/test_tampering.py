"""Tamperings with a sealed log by a superuser of the database: each is found, and named by its place."""

import hashlib
from collections.abc import Awaitable, Callable
from itertools import combinations
from typing import Any

import msgspec
import pytest

from feed.audit.checkpoint import Checkpoint, read_checkpoint, root_of
from feed.audit.verification import verify_audit
from feed.keys import signatures
from feed.keys.signatures import sign_document
from feed.keys.store import Keys
from feed.postgres import Connection, Pool
from tests.support.audit_log import BATCHES, ROWS, SealedLog, add_row, forge_hash, make_log, places, verify

# A tampering, and a finding that must be among those of the verification.
Tampering = tuple[str, Callable[[Connection], Awaitable[object]], tuple[str, str, int, int]]

# What can be put into each column of a row; a value that is there already is no tampering.
COLUMNS: dict[str, tuple[str, ...]] = {
    "at": ("at + interval '1 microsecond'", "at - interval '1 day'"),
    "actor_id": ("coalesce(actor_id, 0) + 1", "CASE WHEN actor_id IS NULL THEN 0 END"),
    "action": ("action || ' '", "upper(action)", "''"),
    "subject_kind": ("subject_kind || 's'",),
    "subject_id": ("coalesce(subject_id, 0) + 1", "CASE WHEN subject_id IS NULL THEN 0 END"),
    "detail": (
        "'{}'",
        "detail || '{\"more\": null}'",
        "detail - 'reason'",
        "jsonb_set(detail, '{reason}', to_jsonb((detail ->> 'reason') || ' '))",
        "jsonb_set(detail, '{n}', '\"1\"')",
        "jsonb_set(detail, '{big}', to_jsonb((detail ->> 'big')::numeric + 1))",
        "jsonb_set(detail, '{inner,yes}', '1')",
        "jsonb_set(detail, '{inner,list,1}', '0')",
        "jsonb_set(detail, '{id}', '1')",
    ),
    "format": ("3 - format", "3"),
    "row_sha256": ("sha256(row_sha256)", "''", "substr(row_sha256, 1, 31)"),
}

_WITHOUT_CONSTRAINTS = """
DO $$
DECLARE
    constraints record;
BEGIN
    FOR constraints IN
        SELECT conrelid::regclass AS named, conname FROM pg_constraint
        WHERE conrelid::regclass::text LIKE 'audit%' AND contype IN ('p', 'u')
        ORDER BY (SELECT relispartition FROM pg_class WHERE oid = conrelid)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', constraints.named, constraints.conname);
    END LOOP;
END
$$
"""


@pytest.fixture
async def log(pool: Pool, keys: Keys) -> SealedLog:
    sealed = await make_log(pool, keys)
    report = await verify(pool, keys, sealed.checkpoint)
    assert (report.findings, report.acknowledged, report.waiting) == ([], [], 2)
    assert (report.rows, report.batches, report.compared) == (BATCHES * ROWS + 2, BATCHES, [BATCHES])
    return sealed


async def _missed(pool: Pool, keys: Keys, tamperings: list[Tampering], *outside: Checkpoint) -> list[Any]:
    """The tamperings whose place is not among the findings. Each is rolled back."""
    missed = []
    async with pool.acquire() as conn:
        for name, tamper, expected in tamperings:
            attempt = conn.transaction()
            await attempt.start()
            await conn.execute(_WITHOUT_CONSTRAINTS)
            await tamper(conn)
            report = await verify_audit(conn, keys.public_keys().keys, checkpoints=outside)
            if expected not in places(report.findings):
                missed.append((name, expected, places(report.findings)))
            await attempt.rollback()
    assert (await verify(pool, keys, *outside)).is_intact
    return missed


def _run(sql: str, *parameters: object) -> Callable[[Connection], Awaitable[object]]:
    async def run(conn: Connection) -> None:
        await conn.execute(sql, *parameters)

    return run


async def test_a_row_changed_in_any_column_is_found(pool: Pool, keys: Keys, log: SealedLog) -> None:
    tamperings: list[Tampering] = []
    async with pool.acquire() as conn:
        for column, values in COLUMNS.items():
            for value in values:
                for audit_id in (log.ids[0], log.ids[5], log.ids[8], log.ids[20], log.ids[-1], log.waiting[0]):
                    changes = f"SELECT {column} IS DISTINCT FROM ({value}), ({value}) IS NULL FROM audit WHERE id = $1"
                    (changed, is_null), *_ = await conn.fetch(changes, audit_id)
                    if not changed or (is_null and not column.endswith("_id")):
                        continue
                    tamperings.append(
                        (
                            f"{column} = {value}",
                            _run(f"UPDATE audit SET {column} = {value} WHERE id = $1", audit_id),
                            ("row_changed", "row", audit_id, audit_id),
                        )
                    )
    assert len(tamperings) > 90
    assert await _missed(pool, keys, tamperings) == []


async def test_a_changed_row_with_hashes_that_fit_is_found(pool: Pool, keys: Keys, log: SealedLog) -> None:
    tamperings: list[Tampering] = []

    def forging(audit_id: int, *, number_too: bool) -> Callable[[Connection], Awaitable[None]]:
        async def forge(conn: Connection) -> None:
            await conn.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", audit_id)
            await forge_hash(conn, audit_id, number_too=number_too)

        return forge

    for audit_id in log.ids:
        place = ("row_changed", "row", audit_id, audit_id)
        tamperings.append(("hash of the row", forging(audit_id, number_too=False), place))
        batch = log.batch_of(audit_id)
        tamperings.append(
            ("hash of the number too", forging(audit_id, number_too=True), ("batch_root", "batch", batch, batch))
        )
    assert await _missed(pool, keys, tamperings) == []


async def test_a_removed_row_is_found(pool: Pool, keys: Keys, log: SealedLog) -> None:
    tamperings: list[Tampering] = []
    for audit_id in log.ids:
        seq = log.seq_of(audit_id)
        batch = log.batch_of(audit_id)
        tamperings += [
            (
                "the row",
                _run("DELETE FROM audit WHERE id = $1", audit_id),
                ("row_removed", "row", audit_id, audit_id),
            ),
            (
                "the row and its number",
                _run(
                    """
                    WITH number AS (DELETE FROM audit_sequence WHERE audit_id = $1) DELETE FROM audit WHERE id = $1
                    """,
                    audit_id,
                ),
                ("number_removed", "number", seq, seq),
            ),
            (
                "the number, with those after it moved up",
                _run(
                    """
                    WITH number AS (DELETE FROM audit_sequence WHERE audit_id = $1)
                    UPDATE audit_sequence SET seq = seq - 1 WHERE seq > $2
                    """,
                    audit_id,
                    seq,
                ),
                ("batch_root", "batch", batch, batch),
            ),
        ]
    tamperings.append(("all rows", _run("TRUNCATE audit"), ("row_removed", "row", log.ids[0], log.ids[ROWS - 1])))
    assert await _missed(pool, keys, tamperings) == []


async def test_reordered_rows_are_found(pool: Pool, keys: Keys, log: SealedLog) -> None:
    tamperings: list[Tampering] = []
    some = [log.ids[place] for place in (0, 1, 5, 8, 9, 20, 35)]
    for one, other in combinations(some, 2):
        batch = log.batch_of(one)
        first, second = log.seq_of(one), log.seq_of(other)
        tamperings.append(
            (
                f"the numbers of {first} and {second}",
                _run(
                    """
                    UPDATE audit_sequence SET seq = CASE seq WHEN $1 THEN $2::bigint ELSE $1::bigint END
                    WHERE seq IN ($1, $2)
                    """,
                    first,
                    second,
                ),
                ("batch_root", "batch", batch, batch),
            )
        )
        if batch == log.batch_of(other):
            tamperings.append((*tamperings[-1][:2], ("row_order", "number", second, second)))
        tamperings.append(
            (
                "the contents",
                _run(
                    """
                    UPDATE audit SET (at, action, detail, row_sha256) =
                        (SELECT at, action, detail, row_sha256 FROM audit AS other WHERE other.id = $1 + $2 - audit.id)
                    WHERE id IN ($1, $2)
                    """,
                    one,
                    other,
                ),
                ("row_changed", "row", one, one),
            )
        )
    assert len(tamperings) > 40
    assert await _missed(pool, keys, tamperings) == []


async def test_an_inserted_row_is_found(pool: Pool, keys: Keys, log: SealedLog) -> None:
    # An hour after the seals rows of that time are not expected any more.
    await _age_log(pool, keys, log)
    early = log.ids[0] - 1
    sealed_late = BATCHES * ROWS + 1

    async def insert(conn: Connection) -> None:
        await conn.execute(
            """
            INSERT INTO audit (id, at, actor_id, action, subject_kind, subject_id, detail, row_sha256, format)
            SELECT $2, at, actor_id, action, subject_kind, subject_id, detail, row_sha256, 2 FROM audit WHERE id = $1
            """,
            log.ids[3],
            early,
        )
        await forge_hash(conn, early, number_too=False)

    async def insert_with_number(conn: Connection) -> None:
        await insert(conn)
        await conn.execute("INSERT INTO audit_sequence SELECT $1, id, row_sha256 FROM audit WHERE id = $2", 100, early)

    async def insert_in_place_of_another(conn: Connection) -> None:
        await insert(conn)
        await conn.execute(
            "UPDATE audit_sequence SET (audit_id, row_sha256) = (SELECT id, row_sha256 FROM audit WHERE id = $2) "
            "WHERE audit_id = $1",
            log.ids[4],
            early,
        )

    async def insert_by_time(conn: Connection) -> None:
        audit_id = await add_row(conn, 1)
        await conn.execute("UPDATE audit SET at = at - interval '1 day' WHERE id = $1", audit_id)
        await forge_hash(conn, audit_id, number_too=False)

    async def insert_twice(conn: Connection) -> None:
        await conn.execute("INSERT INTO audit SELECT * FROM audit WHERE id = $1", log.ids[6])

    async def seal_it(conn: Connection) -> None:
        """The sealer itself is led to number an old id."""
        await insert(conn)
        await _seal_by_hand(conn, keys, early)

    tamperings: list[Tampering] = [
        ("an old id", insert, ("row_inserted", "row", early, early)),
        ("a number behind the last seal", insert_with_number, ("number_unsealed", "number", 100, 100)),
        ("the number of another row", insert_in_place_of_another, ("batch_root", "batch", 1, 1)),
        ("another row loses its number", insert_in_place_of_another, ("row_inserted", "row", log.ids[4], log.ids[4])),
        ("twice", insert_twice, ("row_twice", "row", log.ids[6], log.ids[6])),
        ("an old id that was sealed", seal_it, ("row_inserted", "row", early, early)),
    ]
    assert await _missed(pool, keys, tamperings) == []
    async with pool.acquire() as conn:
        attempt = conn.transaction()
        await attempt.start()
        await insert_by_time(conn)
        report = await verify_audit(conn, keys.public_keys().keys)
        assert [each.code for each in report.findings] == ["row_time"]
        await attempt.rollback()
    assert sealed_late == await pool.fetchval("SELECT max(seq) + 1 FROM audit_sequence")


async def _seal_by_hand(conn: Connection, keys: Keys, audit_id: int) -> None:
    """What the sealer does, for one row."""
    last = read_checkpoint(await conn.fetchval("SELECT document FROM audit_seals ORDER BY number DESC LIMIT 1"))
    sha256 = await conn.fetchval("SELECT row_sha256 FROM audit WHERE id = $1", audit_id)
    document = _signed(
        msgspec.structs.replace(
            last,
            number=last.number + 1,
            first_seq=last.last_seq + 1,
            last_seq=last.last_seq + 1,
            former_root=last.root,
            root=root_of(bytes.fromhex(last.root), [sha256]).hex(),
        ),
        keys,
    )
    await conn.execute("INSERT INTO audit_sequence VALUES ($1, $2, $3)", last.last_seq + 1, audit_id, sha256)
    await conn.execute(
        "INSERT INTO audit_seals VALUES ($1, $2, $3, $4, $5)",
        last.number + 1,
        last.last_seq + 1,
        int(last.unsealed_from),
        last.sealed_at,
        document,
    )


def _signed(checkpoint: Checkpoint, keys: Keys) -> bytes:
    class Unsigned(msgspec.Struct):
        kind: str
        format: int
        number: int
        first_seq: int
        last_seq: int
        former_root: str
        root: str
        sealed_at: Any
        unsealed_from: str

    members = {name: getattr(checkpoint, name) for name in Unsigned.__struct_fields__}
    return sign_document(Unsigned(**members), keys.sign)


async def _age_log(pool: Pool, keys: Keys, log: SealedLog) -> None:
    """The log as it is after two hours: the seals expect no more rows with ids of their time."""
    former: Checkpoint | None = None
    for row in await pool.fetch("SELECT number, document FROM audit_seals ORDER BY number"):
        checkpoint = read_checkpoint(row["document"])
        until = log.ids[checkpoint.last_seq - 1] + 1
        hashes = await pool.fetch(
            "SELECT row_sha256 FROM audit_sequence WHERE seq BETWEEN $1 AND $2 ORDER BY seq",
            checkpoint.first_seq,
            checkpoint.last_seq,
        )
        former_root = checkpoint.former_root if former is None else former.root
        aged = msgspec.structs.replace(
            checkpoint,
            unsealed_from=str(until),
            former_root=former_root,
            root=root_of(bytes.fromhex(former_root), [each["row_sha256"] for each in hashes]).hex(),
        )
        document = _signed(aged, keys)
        await pool.execute(
            "UPDATE audit_seals SET document = $2, unsealed_from = $3 WHERE number = $1", row["number"], document, until
        )
        former = read_checkpoint(document)
    assert (await verify(pool, keys)).is_intact


async def test_what_was_cut_off_is_found(pool: Pool, keys: Keys, log: SealedLog) -> None:
    tamperings: list[Tampering] = []
    for keep in range(BATCHES):
        last_seq = keep * ROWS
        cut = ("cut_off", "batch", keep + 1, BATCHES)
        seals = f"DELETE FROM audit_seals WHERE number > {keep}"
        numbers = f"DELETE FROM audit_sequence WHERE seq > {last_seq}"
        rows = f"DELETE FROM audit WHERE id NOT IN (SELECT audit_id FROM audit_sequence WHERE seq <= {last_seq})"
        tamperings += [
            ("seals", _run(seals), cut),
            ("seals of rows that stay", _run(seals), ("number_unsealed", "number", last_seq + 1, BATCHES * ROWS)),
            ("seals and numbers", _run(f"{seals}; {numbers}"), cut),
            ("seals, numbers and rows", _run(f"{rows}; {seals}; {numbers}"), cut),
        ]
    for number in range(1, BATCHES):
        tamperings += [
            (
                "a seal in between",
                _run("DELETE FROM audit_seals WHERE number = $1", number),
                ("batch_removed", "batch", number, number),
            ),
            (
                "a whole batch",
                _run(
                    """
                    WITH seal AS (DELETE FROM audit_seals WHERE number = $1),
                        numbers AS (DELETE FROM audit_sequence WHERE (seq - 1) / $2 + 1 = $1 RETURNING audit_id)
                    DELETE FROM audit WHERE id IN (SELECT audit_id FROM numbers)
                    """,
                    number,
                    ROWS,
                ),
                ("batch_removed", "batch", number, number),
            ),
        ]
    tamperings.append(
        (
            "the first batch, with all others renumbered",
            _run(
                f"""
                DELETE FROM audit_seals WHERE number = 1;
                UPDATE audit_seals SET number = number - 1, last_seq = last_seq - {ROWS};
                DELETE FROM audit WHERE id IN (SELECT audit_id FROM audit_sequence WHERE seq <= {ROWS});
                DELETE FROM audit_sequence WHERE seq <= {ROWS};
                UPDATE audit_sequence SET seq = seq - {ROWS}
                """
            ),
            ("batch_changed", "batch", 1, 1),
        )
    )
    assert await _missed(pool, keys, tamperings, log.checkpoint) == []


async def test_a_replaced_seal_is_found(pool: Pool, keys: Keys, log: SealedLog) -> None:
    other = signatures.sign
    foreign = hashlib.sha256(b"another key").digest()
    tamperings: list[Tampering] = []
    documents = {
        row["number"]: read_checkpoint(row["document"])
        for row in await pool.fetch("SELECT number, document FROM audit_seals")
    }

    def storing(number: int, document: bytes) -> Callable[[Connection], Awaitable[object]]:
        return _run("UPDATE audit_seals SET document = $2 WHERE number = $1", number, document)

    for number, checkpoint in documents.items():
        changes: dict[str, Any] = {
            "root": "00" * 32,
            "former_root": "11" * 32,
            "first_seq": checkpoint.first_seq + 1,
            "last_seq": checkpoint.last_seq - 1,
            "number": number + 1,
            "sealed_at": checkpoint.sealed_at.replace(year=2025),
            "unsealed_from": "1",
        }
        for member, value in changes.items():
            changed = msgspec.structs.replace(checkpoint, **{member: value})
            place = ("batch_signature", "batch", number, number)
            tamperings.append((member, storing(number, signatures.canonical(changed)), place))
            by_another_key = signatures.canonical(
                msgspec.structs.replace(changed, signature=other(foreign, signatures.canonical({})))
            )
            tamperings.append((f"{member}, signed by another key", storing(number, by_another_key), place))
        tamperings += [
            ("no document", storing(number, b"{}"), ("batch_unreadable", "batch", number, number)),
            (
                "white space",
                storing(number, signatures.canonical(checkpoint) + b" "),
                ("batch_changed", "batch", number, number),
            ),
            (
                "a column",
                _run("UPDATE audit_seals SET last_seq = last_seq + 1000 WHERE number = $1", number),
                ("batch_changed", "batch", number, number),
            ),
            (
                "the time",
                _run("UPDATE audit_seals SET sealed_at = sealed_at + interval '1 second' WHERE number = $1", number),
                ("batch_changed", "batch", number, number),
            ),
            (
                "where rows are looked for",
                _run("UPDATE audit_seals SET unsealed_from = 0 WHERE number = $1", number),
                ("batch_changed", "batch", number, number),
            ),
        ]
    for one, two in combinations(documents, 2):
        tamperings.append(
            (
                "two seals",
                _run(
                    "UPDATE audit_seals SET document = (SELECT document FROM audit_seals AS other "
                    "WHERE other.number = $1 + $2 - audit_seals.number) WHERE number IN ($1, $2)",
                    one,
                    two,
                ),
                ("batch_changed", "batch", one, one),
            )
        )
    assert len(tamperings) > 70
    assert await _missed(pool, keys, tamperings) == []


async def test_seals_made_again_with_the_key_of_the_site_differ_from_the_copy_outside(
    pool: Pool, keys: Keys, log: SealedLog
) -> None:
    """Who holds the key can seal a changed log, but not change what was published before."""

    async def seal_again(conn: Connection) -> None:
        audit_id = log.ids[-1]
        await conn.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", audit_id)
        await forge_hash(conn, audit_id, number_too=True)
        hashes = await conn.fetch(
            "SELECT row_sha256 FROM audit_sequence WHERE seq > $1 ORDER BY seq", (BATCHES - 1) * ROWS
        )
        root = root_of(bytes.fromhex(log.checkpoint.former_root), [row["row_sha256"] for row in hashes])
        document = _signed(msgspec.structs.replace(log.checkpoint, root=root.hex()), keys)
        await conn.execute("UPDATE audit_seals SET document = $2 WHERE number = $1", BATCHES, document)

    async with pool.acquire() as conn:
        attempt = conn.transaction()
        await attempt.start()
        await seal_again(conn)
        assert (await verify_audit(conn, keys.public_keys().keys)).is_intact
        await attempt.rollback()
    expected = ("batch_replaced", "batch", BATCHES, BATCHES)
    assert await _missed(pool, keys, [("again", seal_again, expected)], log.checkpoint) == []


async def test_a_checkpoint_that_the_site_has_not_signed_proves_nothing(pool: Pool, keys: Keys, log: SealedLog) -> None:
    forged = msgspec.structs.replace(log.checkpoint, number=BATCHES + 5)
    report = await verify(pool, keys, forged)
    assert places(report.findings) == {("checkpoint_signature", "batch", BATCHES + 5, BATCHES + 5)}
