"""One Postgres and one Valkey for each process of the run; a test gets a migrated database without rows."""

import os
import resource
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import hypothesis
import pytest
from asyncpg import Record
from hypothesis import HealthCheck
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from xdist.remote import Producer

from feed.embedded import installation as embedded
from feed.embedded.installation import Embedded
from feed.migrations import migrate
from feed.postgres import Connection, prepare_connection
from tests.support import app, databases, selection
from tests.support.api import app_state, client, join, keys, settings, storage
from tests.support.databases import TEMPLATE, Database, Databases
from tests.support.forks import Forks
from tests.support.hangs import pytest_runtest_makereport
from tests.support.logs import log_plainly
from tests.support.scheduling import Scheduling
from tests.support.selection import GUARD
from tests.support.waiting import HANG_SECONDS

# Fixtures of the application, for every test that asks for one, and a hook for every report.
__all__ = ["app_state", "client", "join", "keys", "pytest_runtest_makereport", "settings", "storage"]

# The same examples in each run, as many on a slow machine as on a fast one. `make properties` looks for new ones.
hypothesis.settings.register_profile(
    "gate", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.settings.register_profile("random", deadline=None, print_blob=True, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("FEED_TESTS_PROFILE", "gate"))

# What a test loses in a crash of the machine is nothing.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    # A database lives as long as its tests: how a statement is planned must not depend on when it was vacuumed.
    "autovacuum": "off",
}
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 4_000_000_000


def pytest_configure() -> None:
    """Allows as many open files as the system lets a user have: the usual 1,024 are too few for connections of a thousand clients."""
    log_plainly()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 20_000 if hard == resource.RLIM_INFINITY else min(hard, 20_000)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Before `-m` looks for marks.
    selection.sort_and_mark(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Tests wait for servers, processes and deadlines: two for each core."""
    return min(2 * (os.cpu_count() or 1), 16)


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """What holds for every test."""
    GUARD.install()
    GUARD.quick = request.node.nodeid if request.node.get_closest_marker("quick") else ""
    yield
    GUARD.quick = ""
    app.put_apps_back()
    if sys.platform == "linux":
        # Processes that later tests start would inherit real-time priority, and every other process would wait for them.
        assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Embedded]:
    with tempfile.TemporaryDirectory(prefix="feed-tests-", dir=where_to(), ignore_cleanup_errors=True) as directory:
        running = await embedded.start(Path(directory) / "data", postgres_settings=FAST)
        try:
            yield running
        finally:
            await running.stop(HANG_SECONDS)


@pytest.fixture(scope="session")
async def template(servers: Embedded) -> str:
    """The name of a migrated database to be copied."""
    await administer(servers, f"CREATE DATABASE {TEMPLATE}")
    await migrate(url_of(servers, TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
async def databases_to_lend(servers: Embedded, template: str) -> AsyncIterator[Databases]:
    lending = Databases(servers.database_url)
    yield lending
    await lending.close()


@pytest.fixture
async def own_database(databases_to_lend: Databases, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    lent = await databases_to_lend.lend(without_connections="pool" not in request.fixturenames)
    yield lent
    await databases_to_lend.take_back(lent)


@pytest.fixture
def database(own_database: Database) -> str:
    """The URL of a migrated database that this test has for itself."""
    return own_database.url


@pytest.fixture
async def pool(own_database: Database) -> "asyncpg.Pool[Record]":
    """For actions and real concurrency: ten connections to a database of its own."""
    return await own_database.connect()


@pytest.fixture(scope="session")
async def shared_database(servers: Embedded, template: str) -> str:
    """One migrated database for every test that rolls back."""
    await administer(servers, f"CREATE DATABASE feed_shared TEMPLATE {template} STRATEGY FILE_COPY")
    return url_of(servers, "feed_shared")


_kept: "list[asyncpg.Connection[Record]]" = []


@pytest.fixture
async def conn(shared_database: str) -> AsyncIterator[Connection]:
    """One connection in a transaction that is rolled back: for stores and screens."""
    opened = _kept.pop() if _kept else await asyncpg.connect(shared_database, timeout=HANG_SECONDS)
    await prepare_connection(opened)
    transaction = opened.transaction()
    await transaction.start()
    yield opened
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await transaction.rollback()
        await opened.reset()
        _kept.append(opened)
        return
    # With the connection goes the transaction, whatever state the test left it in.
    opened.terminate()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Runs modules as processes that are killed."""
    opened = Forks()
    yield opened
    opened.close()


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
    return databases.url_of(servers.database_url, name)


async def administer(servers: Embedded, statement: str) -> None:
    await databases.administer(servers.database_url, statement)
