"""Applies migrations/NNNN_name.sql: forward only, in order, each once, safe to run concurrently."""

import asyncio
import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import msgspec

from feed.poolers import require_session
from feed.postgres import Connection

_HERE = Path(__file__).parent
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_NO_TRANSACTION = "-- no-transaction"
_LOCK = 4_671_200_001  # An arbitrary number that no other lock in this database uses.
_LOCK_SECONDS = 600.0
# A semicolon, and what may contain one: comments, quoted names, strings (also E'…'), dollar quotes.
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/"
    r"|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
    r"|(?P<dollar>\$(?:[^\W\d]\w*)?\$).*?(?P=dollar)"
    r"|;",
    re.DOTALL,
)


class MigrationError(Exception):
    """The schema was not changed; the message is for the operator."""


class Migration(msgspec.Struct, frozen=True):
    """One migration file."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """Whether it runs in one transaction. With a line `-- no-transaction` it runs statement by statement."""
        return _NO_TRANSACTION not in (line.strip() for line in self.sql.splitlines())


def list_migrations(directory: Path | None = None) -> list[Migration]:
    """The migrations in order, from the checkout or from the wheel. Raises MigrationError for a bad or repeated name."""
    directory = directory or next(
        path for path in (_HERE / "_migrations", _HERE.parent / "migrations") if path.is_dir()
    )
    files = sorted(directory.glob("*.sql"))
    seen: dict[str, str] = {}
    for file in files:
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise MigrationError(f"{file.name}: a migration is named NNNN_lower_case_words.sql")
        if other := seen.get(match[1]):
            raise MigrationError(f"{file.name} and {other} bear the same number")
        seen[match[1]] = file.name
    return [Migration(file.stem, file.read_text(encoding="utf-8")) for file in files]


async def migrate(url: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Applies the missing migrations and returns their names. Processes may call this concurrently.

    `url` must not go through a transaction-mode pooler, because the lock belongs to the session. Raises NoSession, MigrationError.
    """
    migrations = list_migrations() if migrations is None else migrations
    await require_session(url)
    conn = await asyncpg.connect(url, server_settings={"application_name": "feed migrate", "lock_timeout": "10s"})
    try:
        await _lock(conn)
        return await _apply_missing(conn, migrations)
    finally:
        await conn.close()  # This releases the lock.


async def _lock(conn: Connection) -> None:
    # Polled, not waited for: a waiting statement holds a snapshot, and CREATE INDEX CONCURRENTLY in the process with the
    # lock would wait for that snapshot to end, which is a deadlock.
    deadline = time.monotonic() + _LOCK_SECONDS
    while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        if time.monotonic() > deadline:
            raise MigrationError(f"another migration has been running for {_LOCK_SECONDS:.0f} seconds")
        await asyncio.sleep(0.1)


async def _apply_missing(conn: Connection, migrations: Sequence[Migration]) -> list[str]:
    await conn.execute(
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            name text PRIMARY KEY,
            sha256 text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    rows = await conn.fetch("SELECT name, sha256 FROM schema_migrations ORDER BY name")
    missing = find_missing(migrations, {row["name"]: row["sha256"] for row in rows})
    for migration in missing:
        try:
            await _apply(conn, migration)
        except asyncpg.PostgresError as error:
            raise MigrationError(_explain(migration, error)) from error
    return [migration.name for migration in missing]


def find_missing(migrations: Sequence[Migration], applied: dict[str, str]) -> list[Migration]:
    """The migrations to apply. Raises MigrationError when the applied ones differ from the files."""
    known = {migration.name: migration for migration in migrations}
    if unknown := sorted(applied.keys() - known.keys()):
        raise MigrationError(f"the database is newer than this program: it has {', '.join(unknown)}")
    for name, sha256 in applied.items():
        if known[name].sha256 != sha256:
            raise MigrationError(f"{name} was changed after it was applied; write a new migration instead")
    missing = [migration for migration in migrations if migration.name not in applied]
    last = max(applied, default="")
    for migration in missing:
        if migration.name < last:
            raise MigrationError(
                f"{migration.name} comes before {last}, which is already applied; give it the next number"
            )
    return missing


async def _apply(conn: Connection, migration: Migration) -> None:
    if migration.in_transaction:
        async with conn.transaction():
            await conn.execute(migration.sql)
            await _record(conn, migration)
        return
    for statement in split(migration.sql):
        await conn.execute(statement)
    await _record(conn, migration)


async def _record(conn: Connection, migration: Migration) -> None:
    await conn.execute(
        "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)",
        migration.name,
        migration.sha256,
    )


def split(sql: str) -> Iterator[str]:
    """Yields the statements of a file, except those that contain only comments."""
    start = 0
    for token in _TOKEN.finditer(sql + ";"):
        if token[0] == ";":
            statement = sql[start : token.start()].strip()
            if _strip_comments(statement):
                yield statement
            start = token.end()


def _strip_comments(statement: str) -> str:
    return _TOKEN.sub(lambda token: "" if token[0].startswith(("--", "/*")) else token[0], statement).strip()


def _explain(migration: Migration, error: asyncpg.PostgresError) -> str:
    where = ""
    # The position is relative to what was sent: the whole file, or one statement.
    if migration.in_transaction and (position := getattr(error, "position", None)):
        where = f", line {migration.sql.count(chr(10), 0, int(position) - 1) + 1}"
    left = "" if migration.in_transaction else " (statements before it stay applied: it runs outside of a transaction)"
    return f"{migration.name}{where}: {error}{left}"
