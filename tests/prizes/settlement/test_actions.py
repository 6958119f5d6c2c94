"""Settlements from the frozen sheet to the claimed prize, and their result documents."""

import asyncio
from contextlib import suppress

import msgspec
import pytest

from feed.accounts.model import SecondPersonRequired
from feed.commands.verify import finding_lines
from feed.commands.verify_lines import printed
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.claims.access import grant_access
from feed.prizes.claims.actions import claim_prize, reveal_claim
from feed.prizes.model import AlreadySettled, ClaimClosed, Forced, NotOverYet, NotYourPrize, SettlementBlocked, WinnerId
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.screens.prizes.settlement import get_decision
from tests.support import make, phases
from tests.support.mutations import changed_values
from tests.support.phases import FORM


async def _result(pool: Pool, campaign_id: int) -> bytes:
    found = await phases.result_of(pool, campaign_id)
    assert found is not None
    return found


async def test_concurrent_workers_leave_one_result(pool: Pool, keys: Keys) -> None:
    campaign_id, posts = await phases.frozen(pool)
    settled = await asyncio.gather(*(settle_next_campaign(pool, keys) for _ in range(4)))
    assert sum(settled) == 1
    result = msgspec.json.decode(await _result(pool, campaign_id))
    assert [int(winner["post_id"]) for winner in result["winners"]] == posts[:2]
    assert [int(reserve["post_id"]) for reserve in result["reserves"]] == posts[2:3]
    assert await pool.fetchval("SELECT count(*) FROM winners WHERE campaign_id = $1", campaign_id) == 2


async def test_a_settlement_that_is_repeated_gives_the_same_bytes(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await phases.frozen(pool)
    assert await settle_next_campaign(pool, keys)
    first = await _result(pool, campaign_id)
    await phases.rewind(pool, campaign_id)
    assert await settle_next_campaign(pool, keys)
    assert await _result(pool, campaign_id) == first


async def test_a_result_verifies_and_no_changed_value_does(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await phases.frozen(pool, entries=24)
    assert await settle_next_campaign(pool, keys)
    text = await _result(pool, campaign_id)
    public = keys.public_keys().keys
    assert verify_result(text, public).is_valid
    assert verify_result(text, public).signed == "authentic"
    assert verify_result(text, None).signed == "not_checked"
    changed = list(changed_values(msgspec.json.decode(text)))
    assert len(changed) >= 200
    for _, document in changed:
        assert not verify_result(msgspec.json.encode(document), public).is_valid


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"a":1,"a":1}', b'{"a":1.5}', b"\xff", b"[" * 100_000, b"{}"])
def test_an_invalid_document_is_reported_as_unreadable(text: bytes) -> None:
    (problem,) = verify_result(text, None).problems
    assert problem.code == "unreadable"


async def test_announcing_takes_two_people_and_notifies_each_winner_once(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await phases.frozen(pool)
    await settle_next_campaign(pool, keys)
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    assert await announce_winners(pool, keys, campaign_id, by=first) == "recorded"
    with pytest.raises(SecondPersonRequired):
        await announce_winners(pool, keys, campaign_id, by=first)
    assert await announce_winners(pool, keys, campaign_id, by=second) == "announced"
    notified = await pool.fetchval(
        "SELECT count(*) FROM winners JOIN inbox USING (account_id) WHERE campaign_id = $1 AND inbox.kind = 'prize'",
        campaign_id,
    )
    assert notified == 2


async def test_a_settlement_is_undone_with_a_reason_and_repeated(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await phases.frozen(pool)
    await settle_next_campaign(pool, keys)
    editor = await make.person(pool, role="editor")
    with pytest.raises(Invalid):
        await undo_settlement(pool, campaign_id, by=editor, reason=" ")
    await undo_settlement(pool, campaign_id, by=editor, reason="复核")
    assert not await freeze_next_campaign(pool)
    await settle_campaign(pool, keys, campaign_id, by=editor)
    with pytest.raises(AlreadySettled):
        await settle_campaign(pool, keys, campaign_id, by=editor)


async def test_an_editor_may_settle_early_from_ten_seconds_after_the_end(pool: Pool, keys: Keys) -> None:
    campaign_id, posts = await phases.due(pool)
    editor = await make.person(pool, role="editor")
    for ended, settled in (("5 seconds", False), ("11 seconds", True)):
        await pool.execute(
            """
            UPDATE campaigns SET ends_at = clock_timestamp() - $2::text::interval, settle_at = clock_timestamp() + interval '3 days'
            WHERE id = $1
            """,
            campaign_id,
            ended,
        )
        # The worker does not freeze it before the time of settlement.
        assert not await freeze_next_campaign(pool)
        if settled:
            await settle_campaign(pool, keys, campaign_id, by=editor)
        else:
            with pytest.raises(NotOverYet):
                await settle_campaign(pool, keys, campaign_id, by=editor, reason="提前")
    result = msgspec.json.decode(await _result(pool, campaign_id))
    assert [int(winner["post_id"]) for winner in result["winners"]] == posts[:2]
    # The result says that it was early.
    (early,) = result["forced"]["overrides"]
    assert (result["forced"]["reason"], early["kind"]) == (None, "before_settle_at")
    assert verify_result(await _result(pool, campaign_id), keys.public_keys().keys).is_valid


async def test_a_forced_settlement_lists_what_it_skipped_and_counts_missing_marks_as_zero(
    pool: Pool, keys: Keys
) -> None:
    campaign_id, (waiting, unmarked, marked, other) = await phases.due(pool)
    editor, juror = await make.person(pool, role="editor"), await make.account(pool)
    await make.juror(pool, campaign_id, juror)
    await make.mark(pool, campaign_id, marked, juror, "90")
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", waiting)
    await pool.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = ANY ($1)", [unmarked, marked])
    assert not await freeze_next_campaign(pool)
    with pytest.raises(SettlementBlocked):
        await settle_campaign(pool, keys, campaign_id, by=editor)
    blocks = await pool.fetchval("SELECT blocked_by FROM campaigns WHERE id = $1", campaign_id)
    assert {(block["kind"], int(block["post_id"])) for block in blocks} == {
        ("entry_waits", waiting),
        ("mark_missing", unmarked),
    }
    await settle_campaign(pool, keys, campaign_id, by=editor, reason="评委缺席")
    result = msgspec.json.decode(await _result(pool, campaign_id))
    assert result["skipped"] == [{"post_id": str(waiting), "reason": "awaiting_review"}]
    assert {int(row["post_id"]): row["quality"] for row in result["sheet"]} == {
        marked: "90.000000",
        unmarked: "0.000000",
        other: "0.000000",
    }
    assert [int(winner["post_id"]) for winner in result["winners"]] == [marked, unmarked]
    row = await pool.fetchrow("SELECT state, settle_reason, blocked_by FROM campaigns WHERE id = $1", campaign_id)
    assert row is not None
    assert tuple(row) == ("decided", "评委缺席", [])
    # Everything that was overridden is in the signed result with the reason, in the output of verify, and in the audit log.
    missing = next(block for block in blocks if block["kind"] == "mark_missing")
    assert (missing["marks"], missing["needed"]) == (0, 1)
    assert result["forced"] == {"reason": "评委缺席", "overrides": blocks}
    finding = verify_result(await _result(pool, campaign_id), keys.public_keys().keys)
    assert finding.is_valid
    output = "\n".join(printed(finding_lines(finding), "both"))
    assert "评委缺席" in output
    assert f"作品打分不足：marks=0 needed=1 post_id={unmarked}" in output
    assert f"an entry lacks marks: marks=0 needed=1 post_id={unmarked}" in output
    audited = await pool.fetch(
        "SELECT action, detail FROM audit WHERE subject_kind = 'campaign' AND subject_id = $1 ORDER BY id", campaign_id
    )
    assert {row["action"]: row["detail"].get("forced") for row in audited} == {
        "freeze": result["forced"],
        "settle": result["forced"],
    }
    async with pool.acquire() as conn:
        assert (await get_decision(conn, campaign_id)).forced == Forced("评委缺席", blocks)


async def test_a_reason_that_overrides_nothing_is_not_in_the_result(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await phases.due(pool)
    editor = await make.person(pool, role="editor")
    await settle_campaign(pool, keys, campaign_id, by=editor, reason="例行")
    assert "forced" not in msgspec.json.decode(await _result(pool, campaign_id))


async def test_verdicts_after_an_undone_settlement_count_in_the_next_one(pool: Pool, keys: Keys) -> None:
    campaign_id, (best, second, third, _) = await phases.settled(pool, keys)
    editor = await make.person(pool, role="editor")
    first_result = await _result(pool, campaign_id)
    await undo_settlement(pool, campaign_id, by=editor, reason="刷票")
    await make.void(pool, campaign_id, post_id=best)
    await settle_campaign(pool, keys, campaign_id, by=editor)
    result = msgspec.json.decode(await _result(pool, campaign_id))
    assert [int(winner["post_id"]) for winner in result["winners"]] == [second, third]
    # The undone settlement keeps its result and has no winners.
    assert await pool.fetchval("SELECT result FROM settlements WHERE undone_at IS NOT NULL") == first_result
    assert await pool.fetchval("SELECT count(*) FROM winners WHERE campaign_id = $1", campaign_id) == 2


async def test_a_claim_is_encrypted_and_made_by_the_winner_only(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await phases.announced(pool, keys)
    best, other = await phases.winners_of(pool, campaign_id)
    with pytest.raises(NotYourPrize):
        await claim_prize(pool, keys, other["account_id"], WinnerId(best["id"]), FORM)
    await claim_prize(pool, keys, best["account_id"], WinnerId(best["id"]), FORM)
    sealed = await pool.fetchval("SELECT sealed FROM claims WHERE winner_id = $1", best["id"])
    assert "红荔路".encode() not in sealed
    editor = await make.person(pool, role="editor")
    for bad in ("", " ", "\x00", "长" * 501):
        with pytest.raises(Invalid):
            await reveal_claim(pool, keys, campaign_id, WinnerId(best["id"]), by=editor, reason=bad)
    await grant_access(pool, campaign_id, editor, by=await make.person(pool, role="admin"), days=1, reason="寄送")
    shown = await reveal_claim(pool, keys, campaign_id, WinnerId(best["id"]), by=editor, reason="寄送")
    assert shown["address"] == FORM.address


async def test_an_unclaimed_prize_lapses_to_the_next_reserve(pool: Pool, keys: Keys) -> None:
    campaign_id, posts = await phases.announced(pool, keys)
    best, _ = await phases.winners_of(pool, campaign_id)
    assert not await lapse_next_claim(pool, keys)
    await pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", best["id"])
    with pytest.raises(ClaimClosed):
        await claim_prize(pool, keys, best["account_id"], WinnerId(best["id"]), FORM)
    assert await lapse_next_claim(pool, keys)
    place = await pool.fetchrow(
        "SELECT post_id, notified_at FROM winners WHERE campaign_id = $1 AND place = 1 AND state = 'notified'",
        campaign_id,
    )
    assert place is not None
    assert place["post_id"] == posts[2]
    assert place["notified_at"] is not None


async def test_a_deleted_winning_post_forfeits(pool: Pool, keys: Keys) -> None:
    campaign_id, posts = await phases.announced(pool, keys)
    best, _ = await phases.winners_of(pool, campaign_id)
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", best["post_id"])
    assert await forfeit_next_prize(pool, keys)
    states = await pool.fetch(
        "SELECT post_id, state FROM winners WHERE campaign_id = $1 AND place = 1 ORDER BY id", campaign_id
    )
    assert [tuple(row) for row in states] == [(posts[0], "forfeited"), (posts[2], "notified")]


async def test_a_campaign_that_cannot_be_settled_does_not_block_others(pool: Pool, keys: Keys) -> None:
    broken, sound = await phases.frozen(pool), await phases.frozen(pool)
    await pool.execute("UPDATE campaign_rules SET rules = '{}' WHERE campaign_id = $1", broken.id)
    for _ in range(60):
        with suppress(msgspec.ValidationError, KeyError):
            await settle_next_campaign(pool, keys)
    assert await phases.result_of(pool, sound.id) is not None
    assert await phases.result_of(pool, broken.id) is None
