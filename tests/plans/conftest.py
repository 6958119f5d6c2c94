"""One filled database for the whole run; tests roll their changes back."""

import asyncpg
import pytest

from feed.embedded.installation import Embedded
from feed.postgres import prepare_connection
from tests.conftest import administer, url_of
from tests.plans.fill import fill
from tests.support import make


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
