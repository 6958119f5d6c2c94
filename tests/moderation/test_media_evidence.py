"""Media of posts that nobody may see are kept for staff for a time, and then removed for good."""

from datetime import timedelta

from asyncpg import Pool, Record

from feed.cases.holds import Hold
from feed.moderation.media_evidence import remove_old_media_evidence
from tests.support import make, make_media


async def post_with_photo(pool: "Pool[Record]", *, state: str = "published", holds: int = 0, days: int = 181) -> int:
    """The photo of a post that has been as it is for some days."""
    at = make.now() - timedelta(days=days)
    post_id = await make.post(pool, at=make.now() - timedelta(days=400), state=state)
    media_id = await make_media.medium(pool, await make.account(pool), post_id=post_id)
    await pool.execute("UPDATE posts SET holds = $2 WHERE id = $1", post_id, holds)
    await pool.execute(
        """
        INSERT INTO post_states (post_id, at, state_before, state, holds_before, holds) VALUES ($1, $2, 'published', $3, 0, $4)
        """,
        post_id,
        at,
        state,
        holds,
    )
    return media_id


async def test_what_was_taken_down_or_rejected_is_removed_after_half_a_year_and_nothing_else(
    pool: "Pool[Record]",
) -> None:
    gone = {
        await post_with_photo(pool, state="removed"): "taken_down",
        await post_with_photo(pool, state="rejected"): "taken_down",
        await post_with_photo(pool, holds=Hold.AUTHOR): "taken_down",
        await post_with_photo(pool, holds=Hold.IMAGE | Hold.REPORT): "taken_down",
        await post_with_photo(pool, state="deleted"): "deleted",
    }
    stay = [
        await post_with_photo(pool),
        await post_with_photo(pool, state="pending"),
        await post_with_photo(pool, holds=Hold.REPORT),
        await post_with_photo(pool, holds=Hold.LEAVING),
        await post_with_photo(pool, state="removed", days=179),
        await make_media.medium(pool, await make.account(pool), used_as="avatar"),
    ]
    assert await remove_old_media_evidence(pool, days=180) == len(gone)
    rows = await pool.fetch("SELECT id, removed_for FROM media")
    found = {row["id"]: row["removed_for"] for row in rows}
    assert {each: found[each] for each in gone} == gone
    assert {found[each] for each in stay} == {None}
    assert await remove_old_media_evidence(pool, days=180) == 0


async def test_evidence_of_an_open_dispute_stays(pool: "Pool[Record]") -> None:
    media_id = await post_with_photo(pool, state="removed")
    await pool.execute(
        """
        INSERT INTO cases (kind, stage, stages, post_id, author_id, due_at)
        SELECT 'appeal', 1, 1, id, author_id, now() FROM posts
        """
    )
    assert await remove_old_media_evidence(pool, days=180) == 0
    await pool.execute("UPDATE cases SET state = 'closed', closed_at = now()")
    assert await remove_old_media_evidence(pool, days=180) == 1
    assert await pool.fetchval("SELECT removed_for FROM media WHERE id = $1", media_id) == "taken_down"


async def post_with_revisions(pool: "Pool[Record]", *revisions: tuple[bool, int, str], shown: int) -> int:
    """The photo of a post with these revisions: whether it has the photo, its age in days, and `approved`, `refused` or `waiting`."""
    post_id = await make.post(pool, at=make.now() - timedelta(days=400))
    media_id = await make_media.medium(pool, await make.account(pool), post_id=post_id)
    author_id = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
    await pool.execute("DELETE FROM post_revisions WHERE post_id = $1", post_id)
    for number, (has_photo, days, state) in enumerate(revisions, 1):
        at = make.now() - timedelta(days=days)
        await pool.execute(
            """
            INSERT INTO post_revisions (post_id, revision, text, media_ids, content_sha256, author_id, created_at, approved_at, refused_at)
            VALUES ($1, $2, '', $3, '', $4, $5, $6, $7)
            """,
            post_id,
            number,
            [media_id] if has_photo else [],
            author_id,
            at,
            at if state == "approved" else None,
            at if state == "refused" else None,
        )
    await pool.execute(
        "UPDATE posts SET revision = $2, latest_revision = $3 WHERE id = $1", post_id, shown, len(revisions)
    )
    return media_id


_OLD, _YOUNG = 181, 179


async def test_what_an_edit_has_dropped_is_removed_after_half_a_year_and_nothing_that_is_or_may_be_shown(
    pool: "Pool[Record]",
) -> None:
    first = (True, 300, "approved")
    gone = [
        await post_with_revisions(pool, first, (False, _OLD, "approved"), shown=2),
        # Later edits do not begin its time again.
        await post_with_revisions(pool, first, (False, _OLD, "approved"), (False, 1, "approved"), shown=3),
        await post_with_revisions(pool, first, (False, _OLD, "approved"), (False, 1, "waiting"), shown=2),
        # Only a revision that was refused has it.
        await post_with_revisions(pool, (False, 300, "approved"), (True, _OLD, "refused"), shown=1),
    ]
    stay = [
        await post_with_revisions(pool, first, shown=1),
        await post_with_revisions(pool, first, (False, _YOUNG, "approved"), shown=2),
        # The one without it waits, or was refused.
        await post_with_revisions(pool, first, (False, _OLD, "waiting"), shown=1),
        await post_with_revisions(pool, first, (False, _OLD, "refused"), shown=1),
        # Its author has taken it back, or wants to.
        await post_with_revisions(pool, first, (False, _OLD, "approved"), (True, 1, "approved"), shown=3),
        await post_with_revisions(pool, first, (False, _OLD, "approved"), (True, _OLD, "waiting"), shown=2),
        await post_with_revisions(pool, (False, 300, "approved"), (True, _YOUNG, "refused"), shown=1),
    ]
    assert await remove_old_media_evidence(pool, days=180) == len(gone)
    rows = await pool.fetch("SELECT id, removed_for FROM media")
    found = {row["id"]: row["removed_for"] for row in rows}
    assert [found[each] for each in gone] == ["replaced"] * len(gone)
    assert [found[each] for each in stay] == [None] * len(stay)


async def test_what_an_edit_has_dropped_stays_while_a_report_of_the_post_is_open(pool: "Pool[Record]") -> None:
    await post_with_revisions(pool, (True, 300, "approved"), (False, _OLD, "approved"), shown=2)
    await pool.execute(
        """
        INSERT INTO cases (kind, stage, stages, post_id, author_id, due_at)
        SELECT 'report', 1, 1, id, author_id, now() FROM posts
        """
    )
    assert await remove_old_media_evidence(pool, days=180) == 0
    await pool.execute("UPDATE cases SET state = 'closed', closed_at = now()")
    assert await remove_old_media_evidence(pool, days=180) == 1
