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
