"""The role that the application connects as, which can append to the audit log and not change it."""

from urllib.parse import unquote, urlsplit

import asyncpg

from feed.migrations import MigrationError
from feed.postgres import Connection


async def prepare_role(owner_url: str, application_url: str, *, embedded: bool) -> None:
    """Gives the role of `application_url` its rights in the schema as it is, and creates it if it is missing.

    `embedded`: the password is set in any case, because this installation has made it. Raises MigrationError if the role is missing
    and the owner may not create roles.
    """
    parts = urlsplit(application_url)
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    conn = await asyncpg.connect(owner_url, server_settings={"application_name": "feed migrate", "lock_timeout": "10s"})
    try:
        async with conn.transaction():
            if embedded or not await _exists(conn, name):
                await _create(conn, name, password)
            await conn.execute("SELECT allow_application($1)", name)
    finally:
        await conn.close()


async def list_changeable(conn: Connection) -> list[str]:
    """The tables of the audit log that the role of this connection could change: none, if it is the application's role."""
    rows = await conn.fetch("SELECT name FROM changeable_audit ORDER BY name")
    return [row["name"] for row in rows]


async def _exists(conn: Connection, name: str) -> bool:
    found: bool = await conn.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name)
    return found


async def _create(conn: Connection, name: str, password: str) -> None:
    try:
        await conn.execute("SELECT create_application_role($1, $2)", name, password)
    except asyncpg.InsufficientPrivilegeError:
        raise MigrationError(
            f"数据库中没有 FEED_DATABASE_URL 所用的角色 {name}，FEED_DATABASE_OWNER_URL 也无权创建角色。请由管理员执行：\n"
            f"The role {name} of FEED_DATABASE_URL is missing, and FEED_DATABASE_OWNER_URL may not create roles. An administrator runs:\n"
            f"CREATE ROLE {name} LOGIN NOINHERIT PASSWORD '…'"
        ) from None
