"""`feed words`: a file of words becomes one version, without the words that cannot be listed."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from asyncpg import Record

from feed.commands import words as command
from feed.commands.words import UnreadableWords, read_lines
from feed.screening.forms import form_of
from feed.settings import Settings


@pytest.fixture
def run(settings: Settings, pool: "asyncpg.Pool[Record]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(command, "find_settings", lambda data: settings)

    async def imported(text: str, **options: Any) -> int:
        path = tmp_path / "words.csv"
        path.write_text(text, "utf-8-sig")
        given = {
            "data": None,
            "file": str(path),
            "level": "review",
            "label": "other",
            "even_if_common": False,
        } | options
        return await asyncio.to_thread(command.run_import, argparse.Namespace(**given))

    return imported


async def test_a_file_of_thirty_thousand_words_is_one_version(run: Any, pool: "asyncpg.Pool[Record]") -> None:
    signs = [sign for sign in map(chr, range(0x7800, 0x7C00)) if form_of(sign) == sign][:175]
    terms = [one + other for one in signs for other in signs][:30_000]
    assert await run("\n".join(terms)) == 0
    assert await pool.fetchval("SELECT count(*) FROM screening_words") == 30_000
    assert await pool.fetchval("SELECT max(version) FROM screening_lists") == 1
    assert await run("\n".join(terms[:500])) == 0
    assert await pool.fetchval("SELECT max(version) FROM screening_lists") == 1


async def test_words_that_cannot_be_listed_are_named_and_the_others_are_listed(
    run: Any, pool: "asyncpg.Pool[Record]", capsys: pytest.CaptureFixture[str]
) -> None:
    text = "# 词库\n赌博,block,illegal,反复出现\n的\n\n+1\n公园\n刷赞,,cheating\n赌 博\n"
    assert await run(text) == 1
    printed = capsys.readouterr()
    assert [line.partition(":")[0] for line in printed.err.splitlines()] == ["的", "+1", "赌 博", "公园"]
    assert "新增 added 2" in printed.out
    rows = await pool.fetch("SELECT term, level, label, note FROM screening_words ORDER BY term")
    assert [tuple(row) for row in rows] == [
        ("刷赞", "review", "cheating", ""),
        ("赌博", "block", "illegal", "反复出现"),
    ]


async def test_the_printed_list_can_be_imported_again(
    run: Any, pool: "asyncpg.Pool[Record]", capsys: pytest.CaptureFixture[str]
) -> None:
    await run('赌博,block,illegal,"一个, 逗号"\n黄片糖,allow\n')
    capsys.readouterr()
    await asyncio.to_thread(command.run_list, argparse.Namespace(data=None))
    assert await run(capsys.readouterr().out) == 0
    assert await pool.fetchval("SELECT max(version) FROM screening_lists") == 1


@pytest.mark.parametrize("text", ["赌博,stop", "赌博,block,nothing", "赌博,block,illegal,x,y", "长" * 1000])
def test_a_line_that_is_no_word_is_named(text: str) -> None:
    with pytest.raises(UnreadableWords, match="第 2 行"):
        read_lines(f"枪支\n{text}", level="review", label="other")
