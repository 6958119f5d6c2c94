"""SQL about the verdicts on an erased account: that they were given stays, without what quotes the content."""

from feed.postgres import Connection


async def empty_verdicts(conn: Connection, author_id: int, *, limit: int) -> int:
    """Removes notes and the hashes of content and author from verdicts of closed cases of the author. Returns how many."""
    tag = await conn.execute(
        """
        UPDATE verdicts SET note = NULL, content_sha256 = NULL, author_person = NULL
        WHERE id IN (
            SELECT verdicts.id
            FROM cases JOIN verdicts ON verdicts.case_id = cases.id
            WHERE cases.author_id = $1 AND cases.state = 'closed'
              AND num_nonnulls(verdicts.note, verdicts.content_sha256, verdicts.author_person) > 0
            LIMIT $2
        )
        """,
        author_id,
        limit,
    )
    return int(tag.split()[-1])
