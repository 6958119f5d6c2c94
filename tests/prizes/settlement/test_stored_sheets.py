"""The migration of sheets: rows that 0.3.0 has stored keep their posts, and one of its processes can still store rows."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from feed.embedded.installation import Embedded
from feed.migrations import list_migrations, migrate
from feed.postgres import prepare_connection
from feed.prizes.settlement import sheet_store
from tests.conftest import administer, url_of

# As 0.3.0 copies its rows.
STORE = """
    INSERT INTO sheet_rows (settlement_id, post_id, account_id, person, entered_at, revision, quality, likes_counted,
        commenters_counted, eligible, reason_code, excluded)
    VALUES (1, $1, $2, '\\x01', now(), 1, 80, 3, 2, true, NULL, '[]')
"""


@pytest.fixture
async def before(servers: Embedded) -> AsyncIterator[str]:
    """A database with the schema of 0.3.0."""
    await administer(servers, "CREATE DATABASE old_sheets")
    url = url_of(servers, "old_sheets")
    await migrate(url, [each for each in list_migrations() if each.name < "0052"])
    yield url
    await administer(servers, "DROP DATABASE old_sheets WITH (FORCE)")


async def test_a_stored_sheet_keeps_its_rows(before: str) -> None:
    conn = await asyncpg.connect(before)
    await prepare_connection(conn)
    await conn.execute("INSERT INTO campaigns (id, draft, created_by) VALUES (1, '{}', 1)")
    await conn.execute(
        """
        INSERT INTO campaign_rules (campaign_id, version, rules, rules_text, rules_sha256, created_by)
        VALUES (1, 1, '{}', '', '', 1)
        """
    )
    await conn.execute("INSERT INTO settlements (id, campaign_id, rules_version, frozen_at) VALUES (1, 1, 1, now())")
    await conn.execute(STORE, 70, 7)
    await conn.close()

    await migrate(before)

    conn = await asyncpg.connect(before)
    await prepare_connection(conn)
    await conn.execute(STORE, 60, 6)
    rows = await sheet_store.list_sheet(conn, 1)
    assert [(row.entry_id, row.post_id, row.comment_id, row.account_id) for row in rows] == [
        (60, 60, None, 6),
        (70, 70, None, 7),
    ]
    with pytest.raises(asyncpg.UniqueViolationError):
        await conn.execute(STORE, 60, 6)
    assert await conn.fetchval("SELECT entry_by FROM campaigns") == "post"
    await conn.close()
