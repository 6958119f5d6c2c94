"""Freezing a sheet: what it contains, what it waits for, and when editors are notified."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from feed.audit import store as audit
from feed.postgres import Pool
from feed.prizes import settlement_store
from feed.prizes.model import SheetRow
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement.actions import freeze_next_campaign
from tests.support import make
from tests.support.make import DAY

MICROSECOND = timedelta(microseconds=1)


class Ended:
    """A campaign that ended four days ago and is due."""

    def __init__(self, pool: Pool, campaign_id: int, ends_at: datetime) -> None:
        self.pool, self.id, self.ends_at = pool, campaign_id, ends_at

    async def entry(self, author_id: int | None = None) -> int:
        return await make.entry(self.pool, self.id, author_id, at=self.ends_at - DAY)

    async def frozen(self) -> dict[int, SheetRow]:
        """Freezes the sheet and returns its rows by post."""
        assert await freeze_next_campaign(self.pool)
        async with self.pool.acquire() as conn:
            settlement = await settlement_store.find_settlement(conn, self.id)
            assert settlement is not None
            return {row.entry_id: row for row in await sheet_store.list_sheet(conn, settlement.id)}

    async def blocked_by(self) -> list[dict[str, Any]]:
        assert not await freeze_next_campaign(self.pool)
        row = await self.pool.fetchrow("SELECT state, blocked_by, frozen_at FROM campaigns WHERE id = $1", self.id)
        assert row is not None
        assert (row["state"], row["frozen_at"]) == ("judging", None)
        found: list[dict[str, Any]] = row["blocked_by"]
        return found


async def ended(pool: Pool, **rules: Any) -> Ended:
    ends_at = make.now() - 4 * DAY
    campaign_id = await make.campaign(pool, starts_at=ends_at - 10 * DAY, ends_at=ends_at, **rules)
    editor = await make.person(pool, role="editor")
    await pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign_id, editor)
    return Ended(pool, campaign_id, ends_at)


async def test_a_sheet_has_the_engagement_at_the_end(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry()
    await make.like(pool, post_id, at=campaign.ends_at - MICROSECOND)
    await make.like(pool, post_id, at=campaign.ends_at)
    await make.comment(pool, post_id, at=campaign.ends_at - MICROSECOND)
    await make.comment(pool, post_id, at=campaign.ends_at)
    taken_back = await make.account(pool)
    await make.past_like(pool, post_id, taken_back, at=campaign.ends_at - DAY, until=campaign.ends_at + DAY)
    row = (await campaign.frozen())[post_id]
    assert (row.likes_counted, row.commenters_counted, row.eligible) == (2, 1, True)


async def test_an_entry_of_the_last_microsecond_counts_and_one_of_the_end_does_not(pool: Pool) -> None:
    campaign = await ended(pool)
    last = await make.post(pool, at=campaign.ends_at - MICROSECOND)
    late = await make.post(pool, at=campaign.ends_at)
    sheet = await campaign.frozen()
    assert last in sheet
    assert late not in sheet


async def test_the_mean_of_the_marks_is_exact(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry()
    for score in ("80", "81", "81"):
        await make.mark(pool, campaign.id, post_id, await make.account(pool), score)
    assert (await campaign.frozen())[post_id].quality == Decimal("80.666667")


@pytest.mark.parametrize("state", ["removed", "rejected"])
async def test_a_post_that_others_cannot_see_cannot_win(pool: Pool, state: str) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry()
    await pool.execute("UPDATE posts SET state = $2 WHERE id = $1", post_id, state)
    assert (await campaign.frozen())[post_id].reason_code == state


async def test_deleting_a_post_before_the_freeze_withdraws_it(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry()
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", post_id)
    assert (await campaign.frozen())[post_id].reason_code == "withdrawn"


async def test_neither_staff_nor_jurors_nor_banned_nor_unverified_authors_can_win(pool: Pool) -> None:
    campaign = await ended(pool)
    editor, juror, banned, unverified = [await make.account(pool) for _ in range(3)] + [
        await make.account(pool, verified=False)
    ]
    await make.staff(pool, editor)
    await make.juror(pool, campaign.id, juror)
    await make.ban(pool, banned)
    expected = {editor: "staff", juror: "juror", banned: "banned", unverified: "not_verified"}
    posts = {await campaign.entry(author): reason for author, reason in expected.items()}
    sheet = await campaign.frozen()
    assert {post_id: sheet[post_id].reason_code for post_id in posts} == posts


async def test_roles_and_bans_are_those_at_the_end(pool: Pool) -> None:
    campaign = await ended(pool)
    hired, freed, punished = [await make.account(pool) for _ in range(3)]
    after = campaign.ends_at + DAY
    await make.staff(pool, hired, since=after)
    await make.ban(pool, freed, since=campaign.ends_at - 5 * DAY, lifted_at=campaign.ends_at - DAY)
    await make.ban(pool, punished, since=after)
    posts = [await campaign.entry(author) for author in (hired, freed, punished)]
    sheet = await campaign.frozen()
    assert all(sheet[post_id].eligible for post_id in posts)


async def test_a_disqualified_entry_cannot_win(pool: Pool) -> None:
    campaign = await ended(pool)
    post_id = await campaign.entry()
    await pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'copied' WHERE post_id = $1", post_id
    )
    assert (await campaign.frozen())[post_id].reason_code == "disqualified"


async def test_a_young_account_or_a_post_without_media_cannot_win_if_the_rules_say_so(pool: Pool) -> None:
    campaign = await ended(pool, eligibility={"min_account_age_days": 7, "require_media": True})
    young = await make.account(pool, created_at=campaign.ends_at - 7 * DAY + MICROSECOND)
    old = await make.account(pool, created_at=campaign.ends_at - 7 * DAY)
    young_post, old_post = await campaign.entry(young), await campaign.entry(old)
    sheet = await campaign.frozen()
    assert (sheet[young_post].reason_code, sheet[old_post].reason_code) == ("too_new", "media_missing")


async def revise(pool: Pool, post_id: int, *, at: datetime, topics: list[int], approved: bool = True) -> None:
    await pool.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at)
        SELECT $1, 2, 'y', $3, '', author_id, $2, CASE WHEN $4 THEN now() END FROM posts WHERE id = $1
        """,
        post_id,
        at,
        topics,
        approved,
    )


async def test_the_judged_revision_is_the_latest_one_made_in_time(pool: Pool) -> None:
    campaign = await ended(pool)
    edited_out, edited_late, edited_in = [await campaign.entry() for _ in range(3)]
    topic = await make.topic(pool)
    await revise(pool, edited_out, at=campaign.ends_at - MICROSECOND, topics=[])
    await revise(pool, edited_late, at=campaign.ends_at, topics=[])
    await revise(pool, edited_in, at=campaign.ends_at - MICROSECOND, topics=[topic])
    sheet = await campaign.frozen()
    assert [(sheet[p].revision, sheet[p].reason_code) for p in (edited_out, edited_late, edited_in)] == [
        (2, "topic_edited_out"),
        (1, None),
        (2, None),
    ]


async def test_a_freeze_waits_for_pending_verdicts_and_marks(pool: Pool) -> None:
    campaign = await ended(pool)
    pending, commented, unmarked, edited = [await campaign.entry() for _ in range(4)]
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", pending)
    comment_id = await make.comment(pool, commented, at=campaign.ends_at - DAY, state="pending")
    await pool.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = $1", unmarked)
    await revise(pool, edited, at=campaign.ends_at - MICROSECOND, topics=[], approved=False)
    waits = await campaign.blocked_by()
    assert {(each["kind"], each["post_id"]) for each in waits} == {
        ("entry_waits", str(pending)),
        ("entry_waits", str(edited)),
        ("mark_missing", str(unmarked)),
        ("comment_waits", str(commented)),
    }
    assert next(each["comment_id"] for each in waits if "comment_id" in each) == str(comment_id)

    await pool.execute("UPDATE posts SET state = 'published' WHERE id = $1", pending)
    await pool.execute("UPDATE comments SET state = 'removed' WHERE id = $1", comment_id)
    await pool.execute("UPDATE post_revisions SET refused_at = now() WHERE post_id = $1 AND revision = 2", edited)
    await make.mark(pool, campaign.id, unmarked, await make.account(pool), "50")
    assert set(await campaign.frozen()) == {pending, commented, unmarked, edited}


async def test_entries_that_cannot_win_and_comments_that_do_not_count_block_nothing(pool: Pool) -> None:
    campaign = await ended(pool)
    editor = await make.person(pool, role="editor")
    by_staff, late_comment, own_comment = await campaign.entry(editor), await campaign.entry(), await campaign.entry()
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", by_staff)
    await make.comment(pool, late_comment, at=campaign.ends_at, state="pending")
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", own_comment)
    await make.comment(pool, own_comment, author, at=campaign.ends_at - DAY, state="pending")
    assert (await campaign.frozen())[by_staff].reason_code == "staff"


async def test_missing_marks_do_not_block_if_quality_does_not_count(pool: Pool) -> None:
    campaign = await ended(pool, weights={"quality": "0", "likes": "0.6", "comments": "0.4"})
    post_id = await campaign.entry()
    await pool.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = $1", post_id)
    assert post_id in await campaign.frozen()


async def test_the_editor_is_notified_once_that_the_settlement_waits(pool: Pool) -> None:
    campaign = await ended(pool)
    editor = await pool.fetchval("SELECT created_by FROM campaigns WHERE id = $1", campaign.id)
    for _ in range(2):
        await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", await campaign.entry())
        await campaign.blocked_by()
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE account_id = $1", editor) == 1


async def test_every_responsible_editor_is_notified_once_of_each_kind_of_block(pool: Pool) -> None:
    campaign = await ended(pool)
    acted, stranger = [await make.person(pool, role="editor") for _ in range(2)]
    gone = await make.person(pool, role="editor")
    async with pool.acquire() as conn:
        for each in (acted, gone):
            await audit.add(conn, each, "void", "campaign", campaign.id)
    await pool.execute("UPDATE staff_rights SET revoked_at = now() WHERE account_id = $1", gone)
    entry = await campaign.entry()
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", entry)
    await campaign.blocked_by()
    await campaign.blocked_by()
    other = await campaign.entry()
    await pool.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = $1", other)
    await campaign.blocked_by()
    notifications = await pool.fetch("SELECT account_id, once_key FROM inbox ORDER BY id")
    assert [each["once_key"].split(":")[-1] for each in notifications if each["account_id"] == acted] == [
        "entry_waits",
        "mark_missing",
    ]
    assert not {stranger, gone} & {each["account_id"] for each in notifications}


async def test_without_a_responsible_editor_all_editors_are_notified(pool: Pool) -> None:
    campaign = await ended(pool)
    await pool.execute("UPDATE staff_rights SET revoked_at = now()")
    editors = {await make.person(pool, role=role) for role in ("editor", "admin")}
    reviewer = await make.person(pool, role="reviewer")
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", await campaign.entry())
    await campaign.blocked_by()
    notified = {row["account_id"] for row in await pool.fetch("SELECT account_id FROM inbox")}
    assert editors <= notified
    assert reviewer not in notified


async def test_nothing_is_frozen_before_its_time(pool: Pool) -> None:
    campaign = await ended(pool)
    await campaign.entry()
    await pool.execute("UPDATE campaigns SET settle_at = now() + interval '1 minute' WHERE id = $1", campaign.id)
    assert not await freeze_next_campaign(pool)


async def test_a_blocked_campaign_does_not_block_another(pool: Pool) -> None:
    waiting = await ended(pool)
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", await waiting.entry())
    ready = await ended(pool, topic_name="电影")
    assert await ready.frozen() == {}
    assert not await freeze_next_campaign(pool)


async def test_only_the_transaction_of_a_settlement_has_longer_timeouts(pool: Pool) -> None:
    async with pool.acquire() as conn:
        before = await conn.fetchval(_LIMITS)
        async with conn.transaction():
            await sheet_store.raise_transaction_limits(conn)
            within = await conn.fetchval(_LIMITS)
        assert await conn.fetchval(_LIMITS) == before
    assert within["work_mem"] == "64MB"
    assert {name: value for name, value in within.items() if name != "work_mem"} == {
        name: "5min" if name != "statement_timeout" else value for name, value in before.items() if name != "work_mem"
    }


_LIMITS = """
    SELECT jsonb_object_agg(name, current_setting(name)) FROM pg_settings
    WHERE name IN ('work_mem', 'transaction_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout')
"""


async def test_a_write_that_began_before_the_end_is_waited_for_without_any_timeout(pool: Pool, database: str) -> None:
    # So that the test need not wait ten seconds.
    await pool.execute(
        "ALTER TABLE campaigns DROP CONSTRAINT campaigns_published_is_whole, DROP CONSTRAINT campaigns_frozen_after_end"
    )
    post_id = await make.post(pool)
    writer = await asyncpg.connect(database)
    writing = writer.transaction()
    await writing.start()
    await writer.execute("INSERT INTO likes (post_id, account_id) VALUES ($1, 1)", post_id)
    ends_at = await pool.fetchval("SELECT clock_timestamp()")
    await make.campaign(pool, starts_at=ends_at - 10 * DAY, ends_at=ends_at, settle_at=ends_at + MICROSECOND)
    assert not await freeze_next_campaign(pool)
    await writing.commit()
    assert await freeze_next_campaign(pool)
    await writer.close()
