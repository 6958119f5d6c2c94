"""The SQL of listed words. Rows are never removed: a version can be read again."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.postgres import Connection, columns, many
from feed.screening.word_list import ListedLevel, Word
from feed.screening.words_model import NewWord


class WordRow(msgspec.Struct, frozen=True):
    """A word in force with the version that listed it."""

    form: str
    term: str
    level: ListedLevel
    label: str
    note: str
    since: int
    changed_by: int | None
    changed_at: datetime


async def lock_list(conn: Connection) -> int:
    """Serializes changes of the list until the transaction ends. Returns the version in force; 0 before the first."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.screening_words', 0))")
    return await get_version(conn)


async def get_version(conn: Connection) -> int:
    """The version in force; 0 before the first."""
    version: int = await conn.fetchval("SELECT coalesce(max(version), 0) FROM screening_lists")
    return version


async def list_words(conn: Connection, version: int) -> list[Word]:
    """The words of a version."""
    rows = await conn.fetch(
        """
        SELECT term, form, level, label FROM screening_words
        WHERE since <= $1 AND (until IS NULL OR until > $1)
        ORDER BY form
        """,
        version,
    )
    return many(rows, Word)


async def list_in_force(conn: Connection, forms: Sequence[str]) -> dict[str, NewWord]:
    """The words in force among these forms, by form."""
    rows = await conn.fetch(
        """
        SELECT form, term, level, label, note FROM screening_words
        WHERE until IS NULL AND form = ANY ($1::text[])
        """,
        list(forms),
    )
    return {word.form: word for word in many(rows, NewWord)}


async def add_version(
    conn: Connection, version: int, *, by: int | None, added: int, changed: int, removed: int
) -> None:
    """Adds the version that a change makes."""
    await conn.execute(
        "INSERT INTO screening_lists (version, changed_by, added, changed, removed) VALUES ($1, $2, $3, $4, $5)",
        version,
        by,
        added,
        changed,
        removed,
    )


async def end_words(conn: Connection, version: int, forms: Sequence[str]) -> int:
    """Takes the words out of force with this version. Returns their number."""
    tag = await conn.execute(
        "UPDATE screening_words SET until = $1 WHERE until IS NULL AND form = ANY ($2::text[])", version, list(forms)
    )
    return int(tag.split()[-1])


async def add_words(conn: Connection, version: int, words: Sequence[NewWord]) -> None:
    """Puts the words in force from this version on; none of their forms may be."""
    await conn.execute(
        """
        INSERT INTO screening_words (form, since, term, level, label, note)
        SELECT form, $1, term, level, label, note
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS given (form, term, level, label, note)
        """,
        version,
        *columns([(word.form, word.term, word.level, word.label, word.note) for word in words], 5),
    )


async def list_rows(conn: Connection, *, part: str, levels: Sequence[str], after: str, limit: int) -> list[WordRow]:
    """The words in force whose form contains `part`, of these levels, in the order of their forms after `after`."""
    rows = await conn.fetch(
        """
        SELECT words.form, words.term, words.level, words.label, words.note, words.since, lists.changed_by, lists.changed_at
        FROM screening_words AS words
        JOIN screening_lists AS lists ON lists.version = words.since
        WHERE words.until IS NULL AND words.form > $1 AND words.level = ANY ($2::text[])
          AND strpos(words.form, $3) > 0
        ORDER BY words.form
        LIMIT $4
        """,
        after,
        list(levels),
        part,
        limit,
    )
    return many(rows, WordRow)


async def count_words(conn: Connection) -> int:
    """The number of words in force."""
    count: int = await conn.fetchval("SELECT count(*) FROM screening_words WHERE until IS NULL")
    return count
