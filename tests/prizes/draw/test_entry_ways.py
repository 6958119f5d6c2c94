"""Draws that are entered by a comment under the announcement or by liking it, from the end to the place that is lost."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from feed.campaigns.model import time_text
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.result.document import with_attachments
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize
from tests.prizes import result as result_tests
from tests.support import make, phases
from tests.support.entry_draws import WAYS, announce, decide, decided, due, holders
from tests.support.javascript import run_javascript
from tests.support.make import DAY, HOUR
from tests.support.mutations import changed_values


@pytest.mark.parametrize("entry_by", WAYS)
async def test_a_result_is_verified_and_names_comments_or_persons(pool: Pool, keys: Keys, entry_by: str) -> None:
    draw = await decided(pool, keys, entry_by)
    result = await phases.result_of(pool, draw.id)
    assert result is not None
    finding = verify_result(result, keys.public_keys().keys)
    assert finding.is_valid, finding.problems
    assert finding.outcome is not None
    outcome = finding.outcome
    assert (outcome.counts.entries, outcome.counts.ranked, len(outcome.winners), len(outcome.reserves)) == (5, 5, 2, 2)
    member = "comment_id" if entry_by == "comment" else None
    for line in (*outcome.sheet, *outcome.winners, *outcome.reserves):
        named = {name for name in ("post_id", "comment_id") if isinstance(getattr(line, name), str)}
        assert named == ({member} if member else set())
    if entry_by == "like":
        # When an account has liked is published nowhere: all have entered at the opening.
        assert {row.entered_at for row in outcome.sheet} == {time_text(draw.ends_at - DAY)}
    assert set(await holders(pool, draw.id)) <= set(draw.people)


@pytest.mark.parametrize("entry_by", WAYS)
async def test_two_settlements_have_the_same_bytes(pool: Pool, keys: Keys, entry_by: str) -> None:
    draw = await decided(pool, keys, entry_by)
    first = await phases.result_of(pool, draw.id)
    await phases.rewind(pool, draw.id)
    await pool.execute("DELETE FROM result_rows")
    await pool.execute("DELETE FROM result_hashes")
    await pool.execute("DELETE FROM result_heads")
    assert await settle_next_campaign(pool, keys)
    assert await phases.result_of(pool, draw.id) == first


async def test_an_unlike_after_the_end_changes_nothing(pool: Pool, keys: Keys) -> None:
    draw = await due(pool, keys, "like")
    await pool.execute("DELETE FROM likes WHERE post_id = $1 AND account_id = $2", draw.post_id, draw.people[0])
    await make.past_like(pool, draw.post_id, draw.people[0], at=draw.ends_at - HOUR, until=draw.ends_at)
    assert await freeze_next_campaign(pool)
    assert await pool.fetchval("SELECT count(*) FROM sheet_rows WHERE eligible") == 5


@pytest.mark.parametrize(
    ("state", "reason"),
    [("deleted", "comment_deleted"), ("removed", "comment_removed"), ("rejected", "comment_removed")],
)
async def test_a_winning_comment_that_goes_ends_the_place(pool: Pool, keys: Keys, state: str, reason: str) -> None:
    draw = await decided(pool, keys, "comment")
    await announce(pool, keys, draw.id)
    first, second = await holders(pool, draw.id)
    assert not await forfeit_next_prize(pool, keys)
    await pool.execute(
        "UPDATE comments SET state = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN now() END WHERE author_id = $1",
        first,
        state,
    )
    assert await forfeit_next_prize(pool, keys)
    assert not await forfeit_next_prize(pool, keys)
    third = await pool.fetchval("SELECT account_id FROM reserves WHERE position = 1")
    assert await holders(pool, draw.id) == [third, second]
    assert await pool.fetchval("SELECT state_reason FROM winners WHERE account_id = $1", first) == reason
    result = await phases.result_of(pool, draw.id)
    assert result is not None
    amendments = [row["document"] for row in await pool.fetch("SELECT document FROM amendments ORDER BY number")]
    finding = verify_result(with_attachments(result, amendments, {}), keys.public_keys().keys)
    assert finding.is_valid, finding.problems


async def test_a_removed_announcement_ends_no_place(pool: Pool, keys: Keys) -> None:
    draw = await decided(pool, keys, "like")
    await announce(pool, keys, draw.id)
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", draw.post_id)
    assert not await forfeit_next_prize(pool, keys)
    await pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", (await holders(pool, draw.id))[0])
    assert await forfeit_next_prize(pool, keys)


@pytest.mark.parametrize("entry_by", WAYS)
async def test_a_hidden_announcement_blocks_until_an_editor_settles(pool: Pool, keys: Keys, entry_by: str) -> None:
    draw = await due(pool, keys, entry_by)
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", draw.post_id)
    assert not await freeze_next_campaign(pool)
    blocks = await pool.fetchval("SELECT blocked_by FROM campaigns WHERE id = $1", draw.id)
    assert blocks == [{"kind": "announcement_hidden", "post_id": str(draw.post_id)}]
    await settle_campaign(pool, keys, draw.id, by=await make.person(pool, role="editor"), reason="误删")
    assert await pool.fetchval("SELECT count(*) FROM sheet_rows WHERE eligible") == 5


async def test_a_comment_that_waits_blocks_only_its_own_ticket(pool: Pool, keys: Keys) -> None:
    draw = await due(pool, keys, "comment")
    again = await make.comment(pool, draw.post_id, draw.people[0], at=draw.ends_at - 2 * HOUR, state="pending")
    assert await freeze_next_campaign(pool)
    assert await pool.fetchval("SELECT count(*) FROM sheet_rows WHERE comment_id = $1", again) == 0


async def test_a_forced_settlement_skips_a_comment_that_waits(pool: Pool, keys: Keys) -> None:
    draw = await due(pool, keys, "comment")
    newcomer = await make.account(pool)
    waiting = await make.comment(pool, draw.post_id, newcomer, at=draw.ends_at - HOUR, state="pending")
    assert not await freeze_next_campaign(pool)
    await settle_campaign(pool, keys, draw.id, by=await make.person(pool, role="editor"), reason="审核积压")
    skipped = await pool.fetchval("SELECT skipped FROM settlements WHERE campaign_id = $1", draw.id)
    assert skipped == [{"comment_id": str(waiting), "reason": "awaiting_review"}]
    await decide(pool, keys)
    result = await phases.result_of(pool, draw.id)
    assert result is not None
    assert verify_result(result, keys.public_keys().keys).is_valid


@pytest.mark.parametrize("moved", [-1, 0])
async def test_the_end_is_exact_to_a_microsecond(pool: Pool, keys: Keys, moved: int) -> None:
    draw = await due(pool, keys, "like", people=1)
    at = draw.ends_at + timedelta(microseconds=moved)
    late, former = [await make.account(pool, created_at=draw.ends_at - 90 * HOUR) for _ in range(2)]
    await make.like(pool, draw.post_id, late, at=at)
    await make.past_like(pool, draw.post_id, former, at=draw.ends_at - HOUR, until=at)
    assert await freeze_next_campaign(pool)
    entered = {row["account_id"] for row in await pool.fetch("SELECT account_id FROM sheet_rows")}
    # A like before the end counts; so does one that is taken back at the end.
    assert entered == {draw.people[0], late if moved < 0 else former}


@pytest.mark.parametrize("entry_by", WAYS)
async def test_the_implementation_in_javascript_agrees(pool: Pool, keys: Keys, tmp_path: Path, entry_by: str) -> None:
    draw = await decided(pool, keys, entry_by)
    result = await phases.result_of(pool, draw.id)
    assert result is not None
    document = with_attachments(result, [], {}).decode()
    other = document.replace('"rank":2', '"rank":3', 1)
    file = tmp_path / "documents.json"
    public = msgspec.json.encode(keys.public_keys()).decode()
    file.write_text(json.dumps([{"text": text, "keys": public} for text in (document, other)]))
    right, wrong = run_javascript(Path(result_tests.__file__).parent / "verify_many.mjs", file)
    assert right["problems"] == []
    assert wrong["problems"]


@pytest.mark.parametrize("entry_by", WAYS)
async def test_no_changed_value_of_such_a_result_verifies(pool: Pool, keys: Keys, entry_by: str) -> None:
    result = await phases.result_of(pool, (await decided(pool, keys, entry_by)).id)
    assert result is not None
    public = keys.public_keys().keys
    changed = list(changed_values(json.loads(result)))
    assert len(changed) >= 90
    accepted = [path for path, other in changed if verify_result(json.dumps(other).encode(), public).is_valid]
    assert accepted == []
