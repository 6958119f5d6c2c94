"""SQL about the reports and appeals of an erased account: that they were made stays, without what was written."""

from feed.postgres import Connection


async def empty_notes(conn: Connection, reporter_id: int, *, limit: int) -> int:
    """Removes the notes of the account's reports. Returns how many."""
    tag = await conn.execute(
        """
        UPDATE reports SET note = NULL
        WHERE id IN (SELECT id FROM reports WHERE reporter_id = $1 AND note IS NOT NULL LIMIT $2)
        """,
        reporter_id,
        limit,
    )
    return int(tag.split()[-1])


async def empty_appeals(conn: Connection, account_id: int, *, limit: int) -> int:
    """Removes the texts of the account's appeals that are decided. Returns how many."""
    tag = await conn.execute(
        """
        UPDATE appeals SET text = ''
        WHERE id IN (SELECT id FROM appeals WHERE account_id = $1 AND state <> 'open' AND text <> '' LIMIT $2)
        """,
        account_id,
        limit,
    )
    return int(tag.split()[-1])


async def remove_evidence(conn: Connection, author_id: int, *, limit: int) -> int:
    """Removes copies of what the account has written from cases that are closed. Returns how many."""
    tag = await conn.execute(
        """
        DELETE FROM report_evidence
        WHERE (case_id, revision) IN (
            SELECT report_evidence.case_id, report_evidence.revision
            FROM report_evidence JOIN cases ON cases.id = report_evidence.case_id
            WHERE report_evidence.author_id = $1 AND cases.state = 'closed'
            LIMIT $2
        )
        """,
        author_id,
        limit,
    )
    return int(tag.split()[-1])


async def has_open_appeals(conn: Connection, account_id: int) -> bool:
    """Whether an appeal of the account waits for its decision."""
    return bool(
        await conn.fetchval("SELECT EXISTS (SELECT FROM appeals WHERE account_id = $1 AND state = 'open')", account_id)
    )
