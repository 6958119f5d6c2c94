"""The role that the application connects as: it writes everything, and can only append to the audit log."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import asyncpg
import pytest

from feed.audit import store as audit
from feed.audit.months import MonthKept, drop_month
from feed.audit.roles import list_changeable, prepare_role
from feed.audit.sealing import add_audit_months, seal_audit
from feed.keys.store import Keys
from feed.migrations import MigrationError
from feed.postgres import Pool, open_pool, transaction
from tests.support.audit_log import BATCHES, ROWS, make_log, places, verify

APPEND_ONLY = {"audit", "audit_sequence", "audit_seals"}


def _as(url: str, user: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}:a-long-password@{parts.netloc.rpartition('@')[2]}").geturl()


@pytest.fixture
async def application(database: str) -> AsyncIterator[Pool]:
    """A pool of the application's role."""
    url = _as(database, "feed_application")
    await prepare_role(database, url, embedded=True)
    pool = await open_pool(url, size=4)
    yield pool
    await pool.close()


async def test_the_application_appends_and_seals(application: Pool, pool: Pool, keys: Keys) -> None:
    log = await make_log(application, keys)
    await add_audit_months(application)
    report = await verify(application, keys, log.checkpoint)
    assert report.is_intact
    assert report.rows == BATCHES * ROWS + 2
    async with application.acquire() as conn, pool.acquire() as owner:
        assert await list_changeable(conn) == []
        assert set(await list_changeable(owner)) >= APPEND_ONLY


async def test_the_application_cannot_change_what_is_written(application: Pool, keys: Keys) -> None:
    log = await make_log(application, keys)
    partition = await application.fetchval("SELECT tableoid::regclass::text FROM audit LIMIT 1")
    denied = [
        statement
        for table in (*APPEND_ONLY, partition, "audit_default")
        for statement in (
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"ALTER TABLE {table} ADD COLUMN more text",
            f"DROP TABLE {table}",
            f"CREATE TRIGGER changes BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        )
    ]
    denied += [
        "UPDATE audit SET actor_id = 1",
        "UPDATE audit_sequence SET seq = seq + 100",
        "UPDATE audit_seals SET number = number + 100",
        f"UPDATE {partition} SET actor_id = 1",
        f"INSERT INTO {partition} SELECT * FROM audit",
        f"SELECT * FROM {partition}",
        "INSERT INTO audit (id, action, subject_kind, row_sha256) SELECT id, 'a', 'b', '' FROM audit LIMIT 1 "
        "ON CONFLICT (id) DO UPDATE SET action = 'a'",
        f"ALTER TABLE audit DETACH PARTITION {partition}",
        f"SELECT drop_audit_month('{partition.removeprefix('audit_')}')",
        "SELECT allow_application('feed_application')",
        "SELECT create_application_role('feed_application', 'another')",
        "SET ROLE feed",
        "SET session_replication_role = replica",
        "CREATE TABLE more (id bigint)",
        "DELETE FROM schema_migrations",
        "CREATE OR REPLACE FUNCTION first_id_at(moment timestamptz) RETURNS bigint LANGUAGE sql RETURN 0",
    ]
    for statement in denied:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidGrantOperationError)):
            await application.execute(statement)
    await application.execute("RESET ROLE; RESET SESSION AUTHORIZATION")
    assert (await verify(application, keys, log.checkpoint)).is_intact


async def test_the_application_may_do_everything_else(application: Pool, database: str) -> None:
    rows = await application.fetch(
        """
        SELECT relname AS name, array_agg(privilege ORDER BY privilege) AS held
        FROM pg_class, unnest(ARRAY['DELETE', 'INSERT', 'SELECT', 'UPDATE']) AS privilege
        WHERE relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace) AND relkind IN ('r', 'p') AND NOT relispartition
            AND has_table_privilege(oid, privilege)
        GROUP BY relname
        """
    )
    held = {row["name"]: row["held"] for row in rows}
    some = {name: privileges for name, privileges in held.items() if len(privileges) < 4}
    assert some == {name: ["INSERT", "SELECT"] for name in APPEND_ONLY} | {"schema_migrations": ["SELECT"]}
    tables = await application.fetchval(
        """
        SELECT count(*) FROM pg_class
        WHERE relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace) AND relkind IN ('r', 'p') AND NOT relispartition
        """
    )
    assert len(held) == tables
    assert await application.fetchval("SELECT next_id()") > 0


async def test_rights_are_set_by_several_at_once_and_again(database: str) -> None:
    url = _as(database, "feed_of_several")
    await asyncio.gather(*(prepare_role(database, url, embedded=True) for _ in range(4)))
    await prepare_role(database, url, embedded=False)
    conn = await asyncpg.connect(url)
    assert await list_changeable(conn) == []
    await conn.close()


async def test_a_role_that_is_missing_and_cannot_be_created_is_named(database: str) -> None:
    """The owner of a managed server may not create roles; an administrator does."""
    owner = await asyncpg.connect(database)
    await owner.execute("DROP ROLE IF EXISTS feed_owner; CREATE ROLE feed_owner LOGIN PASSWORD 'a-long-password'")
    await owner.close()
    with pytest.raises(MigrationError, match="CREATE ROLE feed_missing LOGIN"):
        await prepare_role(_as(database, "feed_owner"), _as(database, "feed_missing"), embedded=False)


async def test_a_table_of_a_later_migration_is_covered_by_the_next_call(database: str, pool: Pool) -> None:
    url = _as(database, "feed_application")
    await prepare_role(database, url, embedded=True)
    await pool.execute("CREATE TABLE later (id bigint); GRANT UPDATE ON audit TO feed_application")
    conn = await asyncpg.connect(url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.execute("INSERT INTO later VALUES (1)")
    assert await list_changeable(conn) == ["audit"]
    await prepare_role(database, url, embedded=False)
    await conn.execute("INSERT INTO later VALUES (1)")
    assert await list_changeable(conn) == []
    await conn.close()


async def test_a_month_is_dropped_by_the_owner_and_recorded(application: Pool, pool: Pool, keys: Keys) -> None:
    log = await make_log(pool, keys)
    now = datetime.now(UTC)
    month = now.date().replace(day=1)
    with pytest.raises(MonthKept, match="not older than 36"):
        await drop_month(pool, keys, month, "满三年")
    later = now + timedelta(days=37 * 31)
    with pytest.raises(MonthKept, match="not sealed"):
        await drop_month(pool, keys, month, "满三年", now=later)
    await seal_audit(pool, keys)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await drop_month(application, keys, month, "满三年", now=later)

    assert await drop_month(pool, keys, month, "满三年", now=later) == BATCHES * ROWS + 2

    with pytest.raises(MonthKept, match="no rows"):
        await drop_month(pool, keys, month, "满三年", now=later)
    # The record itself is of this month, whose partition is made again.
    await add_audit_months(pool)
    await seal_audit(pool, keys)
    report = await verify(pool, keys, log.checkpoint)
    assert (report.findings, report.dropped_months) == ([], [f"{month:%Y-%m}"])
    assert await pool.fetchval("SELECT detail ->> 'rows' FROM audit WHERE action = 'audit.drop_month'") == str(
        BATCHES * ROWS + 2
    )

    # Without the record, or with another one, the rows are missing.
    await pool.execute("""UPDATE audit SET detail = jsonb_set(detail, '{rows}', '1')""")
    assert ("row_removed", "row", log.ids[0], log.ids[ROWS - 1]) in places((await verify(pool, keys)).findings)


async def test_a_failed_insert_rolls_the_act_back(application: Pool, pool: Pool) -> None:
    await pool.execute("REVOKE INSERT ON audit FROM feed_application")

    async def act() -> None:
        async with transaction(application) as conn:
            await conn.execute("INSERT INTO audit_publications VALUES ('url', 1, now())")
            await audit.add(conn, 7, "a", "campaign", 1)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await act()
    assert await pool.fetchval("SELECT count(*) FROM audit_publications") == 0
