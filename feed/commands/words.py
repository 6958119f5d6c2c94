"""`feed words`: imports and prints the words of the machine check."""

import argparse
import asyncio
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import msgspec

from feed.api.messages import field_message
from feed.commands.installation import add_data_option, find_settings
from feed.errors import FieldError
from feed.moderation.model import ADVERSE_REASONS
from feed.moderation.words import import_words
from feed.postgres import open_pool, with_retries
from feed.screening import words_store as store
from feed.screening.word_list import ListedLevel
from feed.screening.words_model import ListChange, WordIn
from feed.screening.words_store import WordRow
from feed.settings import Settings
from feed.terminal import print_lines

LEVELS: tuple[ListedLevel, ...] = get_args(ListedLevel)
# The statements of an import of many words.
_STATEMENT_SECONDS = 60.0
_PAGE = 1_000


class UnreadableWords(ValueError):
    """A line of the file is no word; the message says which."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "words",
        help="敏感词库 · the words of the machine check",
        description="Imports and prints the words that the machine check looks for.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    importing = actions.add_parser("import", help="导入词库 · list the words of a file")
    add_data_option(importing)
    importing.add_argument("file", metavar="FILE", help="term,level,label,note per line; - is the standard input")
    importing.add_argument("--level", choices=LEVELS, default="review", help="of words without one (default review)")
    importing.add_argument(
        "--label", choices=ADVERSE_REASONS, default="other", metavar="CODE", help="of words without one (default other)"
    )
    importing.add_argument("--even-if-common", action="store_true", help="also words that many recent texts contain")
    importing.set_defaults(run=run_import)
    listing = actions.add_parser("list", help="导出词库 · print the listed words")
    add_data_option(listing)
    listing.set_defaults(run=run_list)


def run_import(arguments: argparse.Namespace) -> int:
    settings = find_settings(arguments.data)
    try:
        text = sys.stdin.read() if arguments.file == "-" else Path(arguments.file).read_text("utf-8-sig")
        words = read_lines(text, level=arguments.level, label=arguments.label)
    except (OSError, ValueError) as error:
        print_lines(f"文件无法读取 · the file cannot be read: {error}", to=sys.stderr)
        return 1
    change, errors = asyncio.run(_import(settings, words, even_if_common=arguments.even_if_common))
    for each in errors:
        print_lines(describe(words, each), to=sys.stderr)
    print_lines(
        f"版本 version {change.version}: 新增 added {change.added}, 修改 changed {change.changed}, "
        f"未变 unchanged {change.unchanged}, 未收录 not listed {len({each.field for each in errors})}"
    )
    return int(bool(errors))


def run_list(arguments: argparse.Namespace) -> int:
    rows = asyncio.run(_read(find_settings(arguments.data)))
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([row.term, row.level, row.label, row.note] for row in rows)
    print_lines(*written.getvalue().splitlines())
    return 0


def read_lines(text: str, *, level: str, label: str) -> list[WordIn]:
    """The words of a file. Raises UnreadableWords."""
    words: list[WordIn] = []
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        term, its_level, its_label, note, *more = [*cells, "", "", ""] if len(cells) < 4 else cells
        given = {"term": term, "level": its_level or level, "label": its_label or label, "note": note}
        if any(more):
            raise UnreadableWords(f"第 {number} 行 line {number}: term,level,label,note")
        try:
            words.append(msgspec.convert(given, WordIn))
        except msgspec.ValidationError as error:
            raise UnreadableWords(f"第 {number} 行 line {number}: {error}") from None
    return words


def describe(words: Sequence[WordIn], error: FieldError) -> str:
    """The printed line of a word that cannot be listed."""
    place = int(error.field.partition("[")[2].partition("]")[0])
    zh, en = (field_message(error, language, is_named=False) for language in ("zh-CN", "en"))
    return f"{words[place].term}: {zh} · {en}"


async def _import(
    settings: Settings, words: list[WordIn], *, even_if_common: bool
) -> tuple[ListChange, list[FieldError]]:
    pool = await open_pool(
        settings.database_url,
        size=1,
        statement_seconds=_STATEMENT_SECONDS,
        statement_cache=settings.database_statement_cache,
    )
    try:
        return await with_retries(lambda: import_words(pool, words, even_if_common=even_if_common))
    finally:
        await pool.close()


async def _read(settings: Settings) -> list[WordRow]:
    pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
    try:
        rows: list[WordRow] = []
        async with pool.acquire() as conn:
            while page := await store.list_rows(
                conn, part="", levels=LEVELS, after=rows[-1].form if rows else "", limit=_PAGE
            ):
                rows += page
        return rows
    finally:
        await pool.close()
