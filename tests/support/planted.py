"""Planted words: every form in which bytes could hold them, and every place where the bytes of an installation lie."""

import asyncio
import base64
import json
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
from redis.asyncio import Redis

from feed.embedded.binaries import find_binaries


def forms_of(word: str) -> set[bytes]:
    """The word as text, escaped, encoded, and as what a dump makes of a byte string. A number also as the number."""
    plain = word.encode()
    wide = {word.encode("utf-16-le"), word.encode("utf-16-be")}
    escaped = json.dumps(word)[1:-1]
    found = {plain, escaped.encode(), escaped.upper().replace("\\U", "\\u").encode(), word.encode("gb18030"), *wide}
    found |= {text(quote(word)).encode() for text in (str, str.lower)}
    for raw in (plain, *wide):
        found |= {raw.hex().encode(), raw.hex().upper().encode()}
    for raw in (plain, escaped.encode()):
        found |= {alphabet(inner) for inner in _within_base64(raw) for alphabet in (bytes, _for_addresses)}
    if word.isdecimal():
        # Redis keeps digits in small lists as numbers, Postgres a bigint as one.
        found |= {struct.pack("<q", int(word)), struct.pack(">q", int(word))}
    # As a dump shows what is any of these and lies in a byte string.
    return found | {form.hex().encode() for form in found}


def _within_base64(raw: bytes) -> Iterator[bytes]:
    """What stays the same of its base64, whatever stands before and after it."""
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        # The first letters hold bits of what stands before, the last ones of what comes after.
        yield whole[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]


def _for_addresses(text: bytes) -> bytes:
    return text.translate(bytes.maketrans(b"+/", b"-_"))


def found_in(places: Iterable[tuple[str, bytes]], words: Iterable[str]) -> list[tuple[str, str]]:
    """Where which word stands, in any of its forms."""
    forms = {word: forms_of(word) for word in words}
    return [(where, word) for where, held in places for word in forms if any(form in held for form in forms[word])]


async def tables_of(url: str) -> dict[str, bytes]:
    """Every table of every schema as Postgres sends its values: a bytea is its bytes."""
    conn = await asyncpg.connect(url)
    try:
        names = await conn.fetch(
            """
            SELECT nspname, relname
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE relkind IN ('r', 'm') AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
            """
        )
        return {f"{schema}.{name}": await _copied(conn, schema, name) for schema, name in names}
    finally:
        await conn.close()


async def _copied(conn: "asyncpg.Connection[asyncpg.Record]", schema: str, name: str) -> bytes:
    held = bytearray()

    async def take(part: bytes) -> None:
        held.extend(part)

    await conn.copy_from_table(name, schema_name=schema, output=take, format="binary")
    return bytes(held)


async def dumped(url: str) -> bytes:
    """What `pg_dump` writes: the backup that an operator keeps."""
    process = await asyncio.create_subprocess_exec(
        find_binaries().postgres / "pg_dump", "--format=plain", url, stdout=asyncio.subprocess.PIPE
    )
    written, _ = await process.communicate()
    assert process.returncode == 0
    return written


async def saved(redis: Redis) -> bytes:
    """The file that Redis writes, with nothing in it compressed: keys, values, and whatever else it keeps."""
    before = await redis.config_get("rdbcompression")
    await redis.config_set("rdbcompression", "no")
    try:
        await redis.save()
        place = await redis.config_get("dir") | await redis.config_get("dbfilename")
        return await asyncio.to_thread(Path(str(place["dir"]), str(place["dbfilename"])).read_bytes)
    finally:
        await redis.config_set("rdbcompression", str(before["rdbcompression"]))


def files_below(directory: Path, *, but: Path) -> dict[str, bytes]:
    """Every file but one, and the names of all of them."""
    found = [Path(at) / name for at, _, names in os.walk(directory) for name in names]
    held = {str(path): path.read_bytes() for path in found if path != but}
    return held | {f"names of files below {directory}": "\n".join(map(str, found)).encode()}


async def places(database_url: str, redis: Redis, directory: Path) -> list[tuple[str, bytes]]:
    """Every place where bytes are stored: tables, Redis, files."""
    tables = await tables_of(database_url)
    files = files_below(directory, but=directory / "none")
    return [*tables.items(), ("redis", await saved(redis)), *files.items()]
