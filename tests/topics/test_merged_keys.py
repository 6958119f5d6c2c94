"""The migration of topics' keys: topics that differ in invisible characters only become one, with posts and campaigns."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from feed.embedded.installation import Embedded
from feed.migrations import list_migrations, migrate
from feed.postgres import Connection, prepare_connection
from feed.topics import store as topics
from feed.topics.parse import topic_key
from tests.conftest import administer, url_of
from tests.support import make

MIGRATION = "0039_topics_by_what_is_visible"
# Invisible characters: the first and the last of each range (U+3164 and U+FFA0 are U+1160 in NFKC).
HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180f\u200b\u200f\u202a\u202e\u2060\u206f\ufe00\ufe0f\ufeff\ufff0\ufff8"
    "\U0001bca0\U0001bca3\U0001d173\U0001d17a\U000e0000\U000e0fff"
)


@pytest.fixture
async def before(servers: Embedded) -> AsyncIterator[str]:
    """A database with the schema of 0.2.0."""
    await administer(servers, "CREATE DATABASE old_topics")
    url = url_of(servers, "old_topics")
    await migrate(url, [each for each in list_migrations() if each.name < "0037"])
    yield url
    await administer(servers, "DROP DATABASE old_topics WITH (FORCE)")


async def opened(url: str) -> Connection:
    conn = await asyncpg.connect(url)
    await prepare_connection(conn)
    return conn


async def old_topic(conn: Connection, name: str, *, state: str = "allowed", alias_of: int | None = None) -> int:
    """A topic with the key that 0.2.0 gave it."""
    added = await conn.fetchval(
        "INSERT INTO topics (key, name, state, alias_of) VALUES (normalize(lower(normalize($1, NFKC)), NFKC), $1, $2, $3) RETURNING id",
        name,
        state,
        alias_of,
    )
    return int(added)


async def old_post(conn: Connection, topic_id: int) -> int:
    """A post with the topic, listed under it, made a minute ago."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    post_id = await make.post(conn, topics=(), at=at)
    await conn.execute("UPDATE post_revisions SET topic_ids = $2 WHERE post_id = $1", post_id, [topic_id])
    await conn.execute("INSERT INTO topic_posts VALUES ($1, $2, $3)", topic_id, at, post_id)
    return post_id


async def upgrade(url: str) -> None:
    known = [each for each in list_migrations() if each.name < "0037" or each.name == MIGRATION]
    assert await migrate(url, known) == [MIGRATION]
    assert await migrate(url, known) == []


async def posts_of(conn: Connection, name: str) -> list[int]:
    ids = await topics.list_ids_under(conn, topic_key(name))
    assert ids, name
    rows = await conn.fetch("SELECT DISTINCT post_id FROM topic_posts WHERE topic_id = ANY ($1::bigint[])", ids)
    return [row["post_id"] for row in rows]


async def test_topics_with_the_same_new_key_become_one(before: str) -> None:
    conn = await opened(before)
    plain = await old_topic(conn, "我❤深圳")
    variants = [await old_topic(conn, f"我❤{hidden}深圳") for hidden in HIDDEN]
    only_hidden = [await old_topic(conn, name) for name in ("ab\u200bc", "a\ufe0fbc")]
    expected = [await old_post(conn, each) for each in [plain, *variants]]
    others = [await old_post(conn, each) for each in only_hidden]
    await upgrade(before)
    assert sorted(await posts_of(conn, "我❤深圳")) == sorted(expected)
    assert sorted(await posts_of(conn, "abc")) == sorted(others)
    assert await conn.fetchval("SELECT count(*) FROM topics WHERE alias_of IS NULL") == 2
    assert await conn.fetchval("SELECT key FROM topics WHERE id = $1", only_hidden[0]) == "abc"
    await conn.close()


async def test_marks_combine_where_an_invisible_character_was_between_them(before: str) -> None:
    conn = await opened(before)
    parted = await old_topic(conn, "cafe\u200b\u0301")
    post_id = await old_post(conn, parted)
    await upgrade(before)
    assert await posts_of(conn, "café") == [post_id]
    await conn.close()


async def test_a_campaign_of_a_merged_topic_takes_the_entries_of_all(before: str) -> None:
    conn = await opened(before)
    plain, variant, alias = (
        await old_topic(conn, "我❤深圳"),
        await old_topic(conn, "我❤\ufe0f深圳"),
        await old_topic(conn, "深圳"),
    )
    await conn.execute("UPDATE topics SET alias_of = $2 WHERE id = $1", alias, variant)
    running = await make.campaign(conn, topic_name="我❤\ufe0f深圳")
    ended = await make.campaign(conn, topic_name="我❤\ufe0f深圳", ends_at=datetime.now(UTC) - timedelta(seconds=5))
    await conn.execute("DELETE FROM topics WHERE key = '读书'")
    written = [await old_post(conn, each) for each in (plain, variant, alias)]
    await upgrade(before)
    rows = await conn.fetch("SELECT post_id FROM entries WHERE campaign_id = $1", running)
    assert {row["post_id"] for row in rows} == set(written)
    assert await conn.fetchval("SELECT bool_and(bears_topic) FROM judged_revisions WHERE campaign_id = $1", running)
    assert await conn.fetchval("SELECT topic_id FROM campaigns WHERE id = $1", running) == plain
    assert await conn.fetchval("SELECT entry_topic_ids FROM campaigns WHERE id = $1", ended) == [variant]
    assert await topics.list_ids_under(conn, topic_key("深圳")) == sorted([plain, variant, alias])
    await conn.close()


async def test_aliases_that_editors_made_stay_without_chains(before: str) -> None:
    conn = await opened(before)
    # An alias in each direction, and one to another topic.
    plain = await old_topic(conn, "甲乙")
    variant = await old_topic(conn, "甲\u200b乙")
    await conn.execute("UPDATE topics SET alias_of = $2 WHERE id = $1", plain, variant)
    target = await old_topic(conn, "丙丁")
    source = await old_topic(conn, "戊己", alias_of=target)
    spelled = await old_topic(conn, "戊\ufe0f己")
    pointing = await old_topic(conn, "庚辛", alias_of=spelled)
    await upgrade(before)
    assert await topics.list_ids_under(conn, topic_key("甲乙")) == sorted([plain, variant])
    assert await topics.list_ids_under(conn, topic_key("戊己")) == sorted([target, source, spelled, pointing])
    chains = "SELECT count(*) FROM topics JOIN topics AS others ON others.id = topics.alias_of WHERE others.alias_of IS NOT NULL"
    assert await conn.fetchval(chains) == 0
    await conn.close()


async def test_topics_without_anything_visible_are_hidden_and_names_are_cleaned(before: str) -> None:
    conn = await opened(before)
    gone = [await old_topic(conn, name) for name in ("\u3164", "\u200d", "\u2800", "\u0301", "..", "\ufe0f")]
    kept = [await old_topic(conn, name) for name in ("深\u202e圳", "❤\ufe0f", "...")]
    await upgrade(before)
    states = await conn.fetch("SELECT state FROM topics WHERE id = ANY ($1::bigint[])", gone)
    assert {row["state"] for row in states} == {"hidden"}
    names = await conn.fetch("SELECT name, state FROM topics WHERE id = ANY ($1::bigint[]) ORDER BY id", kept)
    assert [tuple(row) for row in names] == [("深圳", "allowed"), ("❤\ufe0f", "allowed"), ("...", "allowed")]
    await conn.close()
