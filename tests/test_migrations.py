"""Migrations: in order, once, safe to run concurrently; rejected when history was changed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from feed.campaigns.rules.draft import read_rules
from feed.embedded.installation import Embedded
from feed.migrations import Migration, MigrationError, find_missing, list_migrations, migrate, split
from tests.conftest import administer, url_of

ONE = Migration("0001_one", "CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);")
TWO = Migration("0002_two", "-- no-transaction\nCREATE INDEX CONCURRENTLY one_id ON one (id);\n-- the end;\n")


@pytest.fixture
async def empty(servers: Embedded) -> AsyncIterator[str]:
    await administer(servers, "CREATE DATABASE empty")
    yield url_of(servers, "empty")
    await administer(servers, "DROP DATABASE empty WITH (FORCE)")


async def tables(url: str) -> set[str]:
    conn = await asyncpg.connect(url)
    try:
        rows = await conn.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        return {row["relname"] for row in rows}
    finally:
        await conn.close()


async def test_what_is_missing_is_applied_in_order_and_once(empty: str) -> None:
    assert await migrate(empty, [ONE]) == ["0001_one"]
    assert await migrate(empty, [ONE, TWO]) == ["0002_two"]
    assert await migrate(empty, [ONE, TWO]) == []
    assert {"one", "one_id"} <= await tables(empty)


async def test_three_at_once_apply_each_migration_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate(empty, [ONE, TWO]) for _ in range(3)))
    assert sorted(applied) == [[], [], ["0001_one", "0002_two"]]


async def test_the_real_schema_stands_on_an_empty_database(empty: str) -> None:
    applied = await migrate(empty)
    assert applied == [migration.name for migration in list_migrations()]


async def test_drafts_with_extreme_decimals_can_be_read_after_the_upgrade(empty: str) -> None:
    await migrate(empty, [each for each in list_migrations() if each.name < "0038"])
    conn = await asyncpg.connect(empty)
    draft = {
        "title": '"value_cny": "0E-9"',
        "notes": '{"weight": "-0"}',
        "prizes": [
            {"name": "a", "kind": "goods", "value_cny": value}
            for value in (
                "0E-9999999999999",
                "-0",
                "0E+7",
                "0.00",
                "59.90",
                "100",
                "1E+2",
                "0." + "5" + "0" * 5000,
                None,
            )
        ],
        "weights": {"quality": "0.5" + "0" * 900, "likes": "0.50", "comments": "-0E-99999"},
        "criteria": [{"name": "b", "weight": "1." + "0" * 300}, {"name": "c", "weight": "1.0000E-7"}],
        "caps": {"likes": 100, "comments": 10},
    }
    try:
        await conn.execute("INSERT INTO accounts (iss, sub, name) VALUES ('app', '1', '1')")
        await conn.execute(
            "INSERT INTO campaigns (draft, created_by) SELECT $1::text::jsonb, id FROM accounts", json.dumps(draft)
        )
        await migrate(empty)
        upgraded = json.loads(await conn.fetchval("SELECT draft::text FROM campaigns"))
    finally:
        await conn.close()
    assert [prize["value_cny"] for prize in upgraded["prizes"]] == [
        "0",
        "0",
        "0",
        "0",
        "59.9",
        "100",
        "1E+2",
        "0.5",
        None,
    ]
    assert upgraded["weights"] == {"quality": "0.5", "likes": "0.5", "comments": "0"}
    assert [each["weight"] for each in upgraded["criteria"]] == ["1", "1E-7"]
    assert {name: upgraded[name] for name in ("title", "notes", "caps")} == {
        name: draft[name] for name in ("title", "notes", "caps")
    }
    rules, _ = read_rules(upgraded, publishing=False)
    assert rules.prizes[0].value_cny == 0


async def test_an_upgrade_collects_the_statistics_of_persons(empty: str) -> None:
    # Without them the planner takes a person for one of 200, and each ban of a large installation reads all likes.
    await migrate(empty, [each for each in list_migrations() if each.name < "0030"])
    conn = await asyncpg.connect(empty)
    try:
        await conn.execute(
            "INSERT INTO accounts (iss, sub, name) SELECT 'app', number, number FROM generate_series(1, 1000) AS number"
        )
        await migrate(empty)
        distinct = await conn.fetchval("SELECT n_distinct FROM pg_stats WHERE tablename = 'accounts_of_person'")
    finally:
        await conn.close()
    assert distinct == -1  # Each account is a person.


async def test_an_upgrade_cleans_names_and_takes_invisible_comments_out(empty: str) -> None:
    await migrate(empty, [each for each in list_migrations() if each.name < "0037"])
    conn = await asyncpg.connect(empty)
    names = [
        "\u202e明小\n已中奖",
        "\u3164",
        "\u200b \u2800",
        "小\u2066明\x85红",
        "𠮷野\u200d家",
        "Zoë 👨‍👩‍👧‍👦",
        "\u0301",
        "\u2028甲\t乙",
    ]
    try:
        accounts = [
            await conn.fetchval("INSERT INTO accounts (iss, sub, name) VALUES ('app', $1, $1) RETURNING id", name)
            for name in names
        ]
        author, reader = accounts[0], accounts[5]
        post_id = await conn.fetchval(
            "INSERT INTO posts (author_id, state, published_at, location) VALUES ($1, 'published', now(), $2) RETURNING id",
            author,
            '{"lat": 22.5, "name": "深圳\\n湾\u202e"}',
        )
        await conn.execute(
            "INSERT INTO post_stats (post_id, comment_count, own_comment_count) VALUES ($1, 5, 1)", post_id
        )
        add = """
            INSERT INTO comments (post_id, author_id, text, state, root_id, reply_to_id, reply_count)
            VALUES ($1, $2, $3, 'published', $4, $4, $5)
            RETURNING id
        """
        roots = [
            await conn.fetchval(add, post_id, reader, text, None, count) for text, count in (("好", 1), ("\u200b", 2))
        ]
        for root, who, text in ((roots[0], author, "\u3164\n"), (roots[1], reader, "\u2800"), (roots[1], reader, "。")):
            await conn.execute(add, post_id, who, text, root, 0)
        await conn.execute(
            """
            INSERT INTO inbox (account_id, kind, title, body, once_key, subject)
            VALUES ($1, 'like', $2, $2, 'a', $3), ($1, 'comment', $2, $4, 'b', $5), ($1, 'system', '好\\n', '好', 'c', '{}')
            """,
            author,
            "\u202e明\n小赞了你的动态",
            '{"names": ["\u202e明\\n小", "n\\\\n"], "count": 2}',
            "一\n二",
            '{"name": "\u202e明\\n小"}',
        )
        await migrate(empty)
        shown = [await conn.fetchval("SELECT name FROM accounts WHERE id = $1", account) for account in accounts]
        location = await conn.fetchval("SELECT location FROM posts")
        [stats] = await conn.fetch("SELECT comment_count, own_comment_count, version FROM post_stats")
        comments = await conn.fetch("SELECT state, reply_count FROM comments ORDER BY id")
        changes = await conn.fetch("SELECT post_id, version FROM changes")
        inbox = [tuple(row) for row in await conn.fetch("SELECT title, body, subject FROM inbox ORDER BY once_key")]
    finally:
        await conn.close()
    assert shown == ["明小 已中奖", "读者", "读者", "小明 红", "𠮷野\u200d家", "Zoë 👨‍👩‍👧‍👦", "读者", "甲 乙"]
    assert location == '{"lat": 22.5, "name": "深圳 湾"}'
    assert tuple(stats) == (2, 0, 2)
    assert [tuple(row) for row in comments] == [
        ("published", 0), ("removed", 1), ("removed", 0), ("removed", 0), ("published", 0),
    ]  # fmt: skip
    assert [tuple(row) for row in changes] == [(post_id, 2)]
    assert inbox == [
        ("明 小赞了你的动态", "明 小赞了你的动态", '{"count": 2, "names": ["明 小", "n\\\\n"]}'),
        ("明 小赞了你的动态", "一\n二", '{"name": "明 小"}'),
        ("好\\n", "好", "{}"),
    ]


async def test_a_failing_file_leaves_nothing_and_names_its_line(empty: str) -> None:
    broken = Migration("0001_broken", "CREATE TABLE half (id int);\n\nSELECT nothing_there;")
    with pytest.raises(MigrationError, match=r"0001_broken, line 3: .*nothing_there"):
        await migrate(empty, [broken])
    assert "half" not in await tables(empty)
    assert await migrate(empty, [ONE]) == ["0001_one"]


async def test_a_failing_statement_outside_of_a_transaction_is_said_to_leave_traces(empty: str) -> None:
    broken = Migration("0001_broken", "-- no-transaction\nCREATE TABLE half (id int);\nSELECT nothing_there;")
    with pytest.raises(MigrationError, match="stay applied"):
        await migrate(empty, [broken])


def test_a_changed_file_is_refused() -> None:
    with pytest.raises(MigrationError, match="0001_one was changed after it was applied"):
        find_missing([ONE], {"0001_one": "another hash"})


def test_a_late_number_is_refused() -> None:
    with pytest.raises(MigrationError, match="0001_one comes before 0002_two"):
        find_missing([ONE, TWO], {"0002_two": TWO.sha256})


def test_a_database_of_a_later_version_is_refused() -> None:
    with pytest.raises(MigrationError, match="newer than this program: it has 0003_three"):
        find_missing([ONE], {"0001_one": ONE.sha256, "0003_three": "x"})


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    for name in ("0001_a.sql", "0001_b.sql"):
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="same number"):
        list_migrations(tmp_path)


def test_a_file_with_another_kind_of_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1-first.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="NNNN_"):
        list_migrations(tmp_path)


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'; SELECT 'it''s;'", ["SELECT ';'", "SELECT 'it''s;'"]),
        (r"SELECT E'a\';b'; SELECT 2", [r"SELECT E'a\';b'", "SELECT 2"]),
        ('SELECT 1 AS "a;""b"; SELECT 2', ['SELECT 1 AS "a;""b"', "SELECT 2"]),
        ("SELECT $$a;b$$; SELECT $x$;$$;$x$", ["SELECT $$a;b$$", "SELECT $x$;$$;$x$"]),
        ("-- a; b\nSELECT 1; /* ; */\n-- end", ["-- a; b\nSELECT 1"]),
        (";;  ;", []),
    ],
)
def test_a_file_is_split_where_statements_end(sql: str, statements: list[str]) -> None:
    assert list(split(sql)) == statements
