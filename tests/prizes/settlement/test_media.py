"""Entries with photos and videos: what a settlement waits for, what it leaves out, and what meets rules that require media."""

from datetime import datetime
from typing import Any, Literal

import pytest

from feed.campaigns.entries import shortlist_store
from feed.postgres import Pool
from feed.prizes import settlement_store
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement.actions import freeze_next_campaign
from tests.support import make
from tests.support.make import DAY, HOUR
from tests.support.make_media import medium

REQUIRED = {"eligibility": {"min_account_age_days": 0, "require_media": True}}


class Ended:
    """A campaign that ended four days ago and is due, whose entries were sent in its last hour."""

    def __init__(self, pool: Pool, campaign_id: int, ends_at: datetime) -> None:
        self.pool, self.id, self.ends_at = pool, campaign_id, ends_at

    async def entry(self, *states: str) -> int:
        """An entry whose only revision has media in these states."""
        post_id = await make.entry(self.pool, self.id, at=self.ends_at - HOUR)
        await self.attach(post_id, *states)
        return post_id

    async def attach(self, post_id: int, *states: str) -> None:
        author = await self.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
        for state in states:
            await medium(self.pool, author, state=state, post_id=post_id)

    async def revise(
        self, post_id: int, *states: str, at: datetime, verdict: Literal["approved", "waits"] = "approved"
    ) -> None:
        """A second revision with other media, shown instead of the first."""
        await self.pool.execute(
            """
            INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at)
            SELECT post_id, 2, 'y', topic_ids, '', author_id, $2, CASE WHEN $3 = 'approved' THEN now() END
            FROM post_revisions WHERE post_id = $1
            """,
            post_id,
            at,
            verdict,
        )
        await self.pool.execute(
            "UPDATE posts SET revision = 2, latest_revision = 2, holds = holds & ~32 WHERE id = $1", post_id
        )
        await self.attach(post_id, *states)

    async def become(self, post_id: int, state: str) -> None:
        """What is processed becomes ready or fails."""
        await self.pool.execute(
            """
            UPDATE media
            SET state = $2, ready_at = CASE WHEN $2 = 'ready' THEN now() END, width = 8, height = 6, renditions = '[{}]',
                error_code = CASE WHEN $2 = 'failed' THEN 'corrupt' END
            WHERE post_id = $1 AND state = 'processing'
            """,
            post_id,
            state,
        )
        if state == "ready":
            await self.pool.execute("UPDATE posts SET holds = holds & ~32 WHERE id = $1", post_id)

    async def blocks(self) -> set[tuple[str, int]]:
        assert not await freeze_next_campaign(self.pool)
        found = await self.pool.fetchval("SELECT blocked_by FROM campaigns WHERE id = $1", self.id)
        return {(each["kind"], int(each["post_id"])) for each in found}

    async def outcome(self) -> dict[int, str | None]:
        """Freezes, and returns by post why it cannot win: the reason of its row, or why it was left out, in brackets."""
        assert await freeze_next_campaign(self.pool)
        async with self.pool.acquire() as conn:
            settlement = await settlement_store.find_settlement(conn, self.id)
            assert settlement is not None
            rows = await sheet_store.list_sheet(conn, settlement.id)
        skipped = {int(each["post_id"]): f"({each['reason']})" for each in settlement.skipped}
        return {row.entry_id: row.reason_code for row in rows} | skipped

    async def competing(self, *post_ids: int) -> set[int]:
        async with self.pool.acquire() as conn:
            statuses = await shortlist_store.list_statuses(conn, self.id, post_ids)
        return {status.post_id for status in statuses if status.competes}


async def ended(pool: Pool, **rules: Any) -> Ended:
    ends_at = make.now() - 4 * DAY
    campaign_id = await make.campaign(pool, starts_at=ends_at - 10 * DAY, ends_at=ends_at, **rules)
    editor = await make.person(pool, role="editor")
    await pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign_id, editor)
    return Ended(pool, campaign_id, ends_at)


@pytest.mark.parametrize("method", ["ranked", "draw"])
async def test_a_freeze_waits_for_media_that_were_sent_in_time(pool: Pool, method: str) -> None:
    campaign = await ended(pool, method=method)
    photo, text = await campaign.entry("ready", "processing"), await campaign.entry()
    assert await campaign.blocks() == {("media_processing", photo)}
    await campaign.become(photo, "ready")
    assert await campaign.outcome() == {photo: None, text: None}


@pytest.mark.parametrize("method", ["ranked", "draw"])
async def test_a_freeze_does_not_wait_for_failed_media_and_leaves_the_entry_out(pool: Pool, method: str) -> None:
    campaign = await ended(pool, method=method, **REQUIRED)
    lost, kept = await campaign.entry("failed", "ready"), await campaign.entry("ready")
    assert await campaign.competing(lost, kept) == {kept}
    assert await campaign.outcome() == {lost: "(media_failed)", kept: None}


async def test_an_entry_waits_for_what_is_processed_even_if_another_of_its_media_has_failed(pool: Pool) -> None:
    """Its author may still replace the failed one before the end of the processing; the verdict is made once."""
    campaign = await ended(pool)
    post_id = await campaign.entry("failed", "processing")
    assert await campaign.blocks() == {("media_processing", post_id)}
    await campaign.become(post_id, "ready")
    await pool.execute("UPDATE posts SET holds = 32 WHERE id = $1", post_id)
    assert await campaign.outcome() == {post_id: "(media_failed)"}


async def test_media_that_nobody_will_process_are_failed_ones(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry("processing")
    await pool.execute("UPDATE media SET removed_at = now(), removed_for = 'taken_down' WHERE post_id = $1", post_id)
    assert await campaign.outcome() == {post_id: "(media_failed)"}


async def test_a_post_whose_media_are_all_ready_is_waited_for_until_it_is_shown(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry("ready")
    await pool.execute("UPDATE posts SET holds = 32 WHERE id = $1", post_id)
    assert await campaign.blocks() == {("media_processing", post_id)}


async def test_a_failed_photo_that_is_replaced_before_the_end_is_no_fault(pool: Pool) -> None:
    campaign = await ended(pool, **REQUIRED)
    in_time, late, removed = [await campaign.entry("failed") for _ in range(3)]
    await campaign.revise(in_time, "ready", at=campaign.ends_at - HOUR / 2)
    await campaign.revise(late, "ready", at=campaign.ends_at)
    await campaign.revise(removed, at=campaign.ends_at - HOUR / 2)
    assert await campaign.competing(in_time, late, removed) == {in_time}
    assert await campaign.outcome() == {in_time: None, late: "(media_failed)", removed: "media_missing"}


async def test_a_replacement_that_waits_for_review_is_waited_for(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry("failed")
    await campaign.revise(post_id, "ready", at=campaign.ends_at - HOUR / 2, verdict="waits")
    await pool.execute("UPDATE posts SET revision = 1, holds = 32 WHERE id = $1", post_id)
    assert await campaign.blocks() == {("entry_waits", post_id)}
    await pool.execute("UPDATE post_revisions SET approved_at = now() WHERE post_id = $1", post_id)
    await pool.execute("UPDATE posts SET revision = 2, holds = 0 WHERE id = $1", post_id)
    assert await campaign.outcome() == {post_id: None}


async def test_nobody_reviews_a_post_in_vain_before_the_settlement(pool: Pool) -> None:
    """A post that waits for review too, and whose media have failed, stays invisible whatever the verdict is."""
    campaign = await ended(pool)
    post_id = await campaign.entry("failed")
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", post_id)
    await pool.execute("UPDATE post_revisions SET approved_at = NULL WHERE post_id = $1", post_id)
    assert await campaign.outcome() == {post_id: "(media_failed)"}


async def test_a_later_edit_that_hides_the_post_counts_for_it(pool: Pool) -> None:
    """What nobody can see does not win, although the judged revision is whole."""
    campaign = await ended(pool)
    post_id = await campaign.entry("ready")
    await campaign.revise(post_id, "processing", at=campaign.ends_at + HOUR)
    assert await campaign.blocks() == {("media_processing", post_id)}
    await campaign.become(post_id, "failed")
    assert await campaign.outcome() == {post_id: "(media_failed)"}


async def test_media_of_entries_that_cannot_win_hold_up_nothing(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry("processing")
    await pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'copied' WHERE post_id = $1", post_id
    )
    assert await campaign.outcome() == {post_id: "disqualified"}


async def test_media_that_no_judged_revision_has_hold_up_nothing(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry("processing")
    await campaign.revise(post_id, "ready", at=campaign.ends_at - HOUR / 2)
    assert await campaign.outcome() == {post_id: None}


async def test_required_media_are_missing_from_a_text_and_from_nothing_else(pool: Pool) -> None:
    campaign = await ended(pool, **REQUIRED)
    text, photo = await campaign.entry(), await campaign.entry("ready")
    video = await campaign.entry()
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", video)
    await medium(pool, author, kind="video", post_id=video)
    assert await campaign.competing(text, photo, video) == {photo, video}
    assert await campaign.outcome() == {text: "media_missing", photo: None, video: None}
