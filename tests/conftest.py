"""One Postgres and one Valkey for the whole run; each test gets a fresh copy of the migrated database."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from asyncpg import Record
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from feed import embedded
from feed.embedded import Embedded
from feed.migrations import migrate
from feed.postgres import Connection, open_pool, prepare_connection

# What a test loses in a crash of the machine is nothing.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
}
_TEMPLATE = "feed_template"
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 4_000_000_000
_numbers = count(1)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Embedded]:
    with tempfile.TemporaryDirectory(prefix="feed-tests-", dir=where_to(), ignore_cleanup_errors=True) as directory:
        running = await embedded.start(Path(directory) / "data", postgres_settings=FAST)
        try:
            yield running
        finally:
            await running.stop()


@pytest.fixture(scope="session")
async def template(servers: Embedded) -> str:
    """The name of a migrated database to be copied."""
    await administer(servers, f"CREATE DATABASE {_TEMPLATE}")
    await migrate(url_of(servers, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
async def database(servers: Embedded, template: str) -> AsyncIterator[str]:
    """The URL of a migrated database that this test has for itself."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await administer(servers, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield url_of(servers, name)
    await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pool(database: str) -> AsyncIterator["asyncpg.Pool[Record]"]:
    """For actions and real concurrency: ten connections to a database of its own."""
    opened = await open_pool(database, size=10)
    yield opened
    # Not close(), which waits for ever on a connection that a failed test still holds.
    opened.terminate()


@pytest.fixture(scope="session")
async def shared_database(servers: Embedded, template: str) -> str:
    """One migrated database for every test that rolls back."""
    await administer(servers, f"CREATE DATABASE feed_shared TEMPLATE {template} STRATEGY FILE_COPY")
    return url_of(servers, "feed_shared")


@pytest.fixture
async def conn(shared_database: str) -> AsyncIterator[Connection]:
    """One connection in a transaction that is rolled back: for stores and screens."""
    opened = await asyncpg.connect(shared_database)
    await prepare_connection(opened)
    transaction = opened.transaction()
    await transaction.start()
    yield opened
    # With the connection goes the transaction, whatever state the test left it in.
    opened.terminate()


@pytest.fixture
def redis_url(servers: Embedded) -> str:
    """The database of Valkey that `redis` empties before each test."""
    return servers.redis_url.removesuffix("/0") + "/1"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0))
    await client.flushdb()
    yield client
    await client.aclose()


def where_to() -> Path | None:
    """Memory that is mounted as a folder, if there is enough. On ext4 a test spends most of its time on the files of its database.

    A file of ext4 is not made where another one has just been deleted, and a thousand databases a minute come and go.
    """
    free = shutil.disk_usage(_MEMORY).free if os.access(_MEMORY, os.W_OK) else 0
    return _MEMORY if free > _MEMORY_BYTES else None


def url_of(servers: Embedded, name: str) -> str:
    return urlunsplit(urlsplit(servers.database_url)._replace(path=f"/{name}"))


async def administer(servers: Embedded, statement: str) -> None:
    opened = await asyncpg.connect(servers.database_url)
    try:
        await opened.execute(statement)
    finally:
        await opened.close()
