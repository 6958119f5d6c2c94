"""The cases of a post's or comment's older revisions when another revision becomes the shown one."""

from feed.cases.model import Case
from feed.postgres import Connection


async def close_older(conn: Connection, case: Case) -> None:
    """Closes the open cases of revisions before the one of this case, which others see now: no verdict on them is possible any more."""
    await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = clock_timestamp(), version = version + 1, leased_by = NULL, leased_until = NULL
        WHERE state = 'open' AND kind = $1 AND post_id = $2 AND comment_id IS NOT DISTINCT FROM $3::bigint
            AND coalesce(revision, 1) < $4
        """,
        "post" if case.comment_id is None else "comment",
        case.post_id,
        case.comment_id,
        case.revision,
    )


async def reopen_unjudged(conn: Connection, case: Case, revision: int) -> None:
    """Queues the case of a revision that others see again, unless a verdict on it is in force."""
    await conn.execute(
        """
        UPDATE cases
        SET state = 'open', closed_at = NULL, version = version + 1
        WHERE state = 'closed' AND kind = $1 AND post_id = $2 AND comment_id IS NOT DISTINCT FROM $3::bigint
            AND coalesce(revision, 1) = $4
            AND NOT EXISTS (SELECT FROM verdicts WHERE verdicts.case_id = cases.id AND verdicts.undone_at IS NULL)
        """,
        "post" if case.comment_id is None else "comment",
        case.post_id,
        case.comment_id,
        revision,
    )
