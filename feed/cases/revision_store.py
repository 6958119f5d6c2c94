"""The cases of a post's or comment's older revisions when another revision becomes the shown one."""

from feed.cases.model import STAGE_LAST, Case, CaseId, Subject
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


async def close_superseded(conn: Connection, subject: Subject, *, kept: int) -> None:
    """Closes the open cases of texts that are older than the subject's revision, but for the one that others see (`kept`)."""
    await conn.execute(
        """
        UPDATE cases
        SET state = 'closed', closed_at = clock_timestamp(), version = version + 1,
            leased_by = NULL, leased_until = NULL
        WHERE state = 'open' AND kind = CASE WHEN $2::bigint IS NULL THEN 'post' ELSE 'comment' END
            AND post_id = $1 AND comment_id IS NOT DISTINCT FROM $2
            AND coalesce(revision, 1) < $3 AND coalesce(revision, 1) <> $4
        """,
        subject.post_id,
        subject.comment_id,
        subject.revision,
        kept,
    )


async def advance_revision(conn: Connection, case: Case, revision: int) -> CaseId:
    """Puts the open case of a new revision behind the stage of the case in which it was written, which counts for it; returns that of the
    revision.

    It asks for the approvals that are left, at least one.
    """
    return CaseId(
        await conn.fetchval(
            """
            UPDATE cases SET stage = least($3 + 1, $4), stages = greatest(stages - $3, 1)
            WHERE kind = $5 AND state = 'open' AND post_id = $1 AND comment_id IS NOT DISTINCT FROM $6::bigint AND revision = $2
            RETURNING id
            """,
            case.post_id,
            revision,
            case.stage,
            STAGE_LAST,
            case.kind,
            case.comment_id,
        )
    )
