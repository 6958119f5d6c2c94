"""What notifications say, as their readers would read them."""

from feed.postgres import Connection, Pool
from feed.screens.notices.template import Words
from feed.screens.people.inbox import read_texts


async def said(pool: Pool, key: str = "%", *, to: int | None = None, language: str = "zh-CN") -> list[Words]:
    """Title and body of the notifications whose key is like that, those of all readers or of one, the oldest first."""
    async with pool.acquire() as conn:
        return await said_in(conn, key, to=to, language=language)


async def said_in(conn: Connection, key: str = "%", *, to: int | None = None, language: str = "zh-CN") -> list[Words]:
    """The same with a connection."""
    rows = await conn.fetch(
        """
        SELECT id, account_id, kind, title, body, subject, template, params
        FROM inbox WHERE once_key LIKE $1 AND ($2::bigint IS NULL OR account_id = $2) ORDER BY id
        """,
        key,
        to,
    )
    texts = await read_texts(conn, rows, language)
    return [Words(texts[row["id"]].title, texts[row["id"]].body) for row in rows]
