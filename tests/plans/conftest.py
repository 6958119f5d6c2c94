"""Filled databases for the whole run; tests roll their changes back."""

import asyncpg
import pytest

from feed.embedded.installation import Embedded
from feed.postgres import prepare_connection
from tests.conftest import administer, url_of
from tests.plans.fill import fill
from tests.support import make

# The database is filled once: that takes longer than its tests do.
STAY_TOGETHER = True


@pytest.fixture(scope="session")
async def filled_database(servers: Embedded, template: str) -> str:
    """The URL of the filled database."""
    await administer(servers, f"CREATE DATABASE feed_filled TEMPLATE {template} STRATEGY FILE_COPY")
    url = url_of(servers, "feed_filled")
    conn = await asyncpg.connect(url)
    await prepare_connection(conn)
    await fill(conn, make.RULES | {"board": "public"})
    await conn.close()
    return url


@pytest.fixture(scope="session")
async def long_queue(servers: Embedded, filled_database: str) -> str:
    """The URL of a copy with 100,000 open cases."""
    await administer(servers, "CREATE DATABASE feed_queue TEMPLATE feed_filled STRATEGY FILE_COPY")
    url = url_of(servers, "feed_queue")
    conn = await asyncpg.connect(url)
    await conn.execute(
        "UPDATE cases SET state = 'open', closed_at = NULL WHERE id > 20000 AND id NOT BETWEEN 1000000 AND 1030000"
    )
    assert await conn.fetchval("SELECT count(*) FROM cases WHERE state = 'open'") == 100_000
    await conn.execute("VACUUM (ANALYZE) cases")
    await conn.close()
    return url
