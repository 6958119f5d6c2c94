"""SQL about the cases of an erased account: what the machine quoted, and whether something is still to be decided."""

from feed.postgres import Connection


async def empty_evidence(conn: Connection, author_id: int, *, limit: int) -> int:
    """Removes what the machine check quoted from closed cases of the author. Returns how many."""
    tag = await conn.execute(
        """
        UPDATE cases SET machine = jsonb_set(machine, '{labels}', '[]')
        WHERE id IN (
            SELECT id FROM cases
            WHERE author_id = $1 AND state = 'closed' AND jsonb_array_length(machine -> 'labels') > 0
            LIMIT $2
        )
        """,
        author_id,
        limit,
    )
    return int(tag.split()[-1])


async def has_open_cases(conn: Connection, author_id: int) -> bool:
    """Whether something of the author is still to be decided."""
    return bool(
        await conn.fetchval("SELECT EXISTS (SELECT FROM cases WHERE author_id = $1 AND state = 'open')", author_id)
    )


async def list_checked_cases(conn: Connection, author_id: int, *, limit: int) -> list[int]:
    """Some closed cases of the author that a provider was asked about."""
    rows = await conn.fetch(
        """
        SELECT cases.id FROM cases JOIN provider_checks ON provider_checks.case_id = cases.id
        WHERE cases.author_id = $1 AND cases.state = 'closed'
        LIMIT $2
        """,
        author_id,
        limit,
    )
    return [row["id"] for row in rows]
