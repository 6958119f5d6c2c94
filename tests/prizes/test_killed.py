"""SIGKILL around every commit from the freeze to the claim: each step is done completely or not at all, and once."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from feed.accounts.model import SecondPersonRequired
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.claims.actions import claim_prize
from feed.prizes.model import AlreadyAnnounced, AlreadySettled, WinnerId
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.sms.file_provider import FileProvider, read_outbox
from feed.worker.sms import send_message
from feed.worker.state import WorkerState
from tests.prizes.conftest import Kill
from tests.support import make, phases
from tests.support.phases import FORM

WHEN = pytest.mark.parametrize("when", ["before", "after"])


async def _finish(pool: Pool, keys: Keys) -> None:
    """Runs the jobs of a worker until they find nothing more."""
    while await freeze_next_campaign(pool):
        pass
    while await settle_next_campaign(pool, keys):
        pass


async def _counts(pool: Pool) -> tuple[int, int, int]:
    row = await pool.fetchrow(
        """
        SELECT (SELECT count(*) FROM settlements), (SELECT count(*) FROM settlements WHERE result IS NOT NULL),
            (SELECT count(*) FROM winners)
        """
    )
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize(
    ("when", "nth", "left"),
    [("before", 1, (0, 0, 0)), ("after", 1, (1, 0, 0)), ("before", 2, (1, 0, 0)), ("after", 2, (1, 1, 2))],
)
async def test_a_worker_killed_while_it_settles_leaves_one_result(
    pool: Pool, keys: Keys, kill: Kill, when: str, nth: int, left: tuple[int, int, int]
) -> None:
    campaign = await phases.due(pool)
    await kill(when, nth, "work")
    assert await _counts(pool) == left
    before = await phases.result_of(pool, campaign.id)

    await _finish(pool, keys)

    assert await _counts(pool) == (1, 1, 2)
    result = await phases.result_of(pool, campaign.id)
    assert result is not None
    assert before in (None, result)
    assert verify_result(result, keys.public_keys().keys).is_valid
    assert [row["post_id"] for row in await phases.winners_of(pool, campaign.id)] == campaign.posts[:2]
    await phases.rewind(pool, campaign.id)
    await _finish(pool, keys)
    assert await phases.result_of(pool, campaign.id) == result


@WHEN
async def test_killed_while_an_editor_settles_the_campaign_is_settled_once(
    pool: Pool, keys: Keys, kill: Kill, when: str
) -> None:
    campaign = await phases.due(pool)
    editor = await make.person(pool, role="editor")
    await kill(when, 1, "settle", campaign.id, editor)
    # An editor's settlement freezes the sheet and computes the winners in one commit.
    assert await _counts(pool) == ((0, 0, 0) if when == "before" else (1, 1, 2))

    if when == "before":
        await settle_campaign(pool, keys, campaign.id, by=editor)
    else:
        with pytest.raises(AlreadySettled):
            await settle_campaign(pool, keys, campaign.id, by=editor)
    await _finish(pool, keys)

    assert await _counts(pool) == (1, 1, 2)


@WHEN
async def test_killed_at_the_first_confirmation_a_second_person_is_still_required(
    pool: Pool, keys: Keys, kill: Kill, when: str
) -> None:
    campaign = await phases.settled(pool, keys)
    first = await make.person(pool, role="editor")
    await kill(when, 1, "announce", campaign.id, first)

    if when == "before":
        assert await announce_winners(pool, keys, campaign.id, by=first) == "recorded"
    with pytest.raises(SecondPersonRequired):
        await announce_winners(pool, keys, campaign.id, by=first)
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE kind = 'prize'") == 0


@WHEN
async def test_killed_while_announcing_each_winner_is_notified_once(
    pool: Pool, redis: Redis, keys: Keys, kill: Kill, tmp_path: Path, when: str
) -> None:
    campaign = await phases.settled(pool, keys)
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    await announce_winners(pool, keys, campaign.id, by=first)
    await kill(when, 1, "announce", campaign.id, second)
    notified = await pool.fetchval("SELECT count(*) FROM inbox WHERE kind = 'prize'")
    enqueued = await pool.fetchval("SELECT count(*) FROM messages")
    assert (notified, enqueued) == ((0, 0) if when == "before" else (2, 2))

    if when == "before":
        assert await announce_winners(pool, keys, campaign.id, by=second) == "announced"
    else:
        with pytest.raises(AlreadyAnnounced):
            await announce_winners(pool, keys, campaign.id, by=second)

    worker_state = WorkerState(pool, redis, keys, FileProvider(tmp_path / "outbox.jsonl"), None)
    for _ in range(2):
        for row in await pool.fetch("SELECT id FROM messages"):
            await send_message(worker_state, row["id"])
    winners = await phases.winners_of(pool, campaign.id)
    assert {row["state"] for row in winners} == {"notified"}
    inbox = await pool.fetch("SELECT account_id FROM inbox WHERE kind = 'prize' ORDER BY account_id")
    assert [row["account_id"] for row in inbox] == sorted(row["account_id"] for row in winners)
    phones = [line.phone for line in read_outbox(tmp_path / "outbox.jsonl")]
    assert len(phones) == len(set(phones)) == 2


@WHEN
async def test_killed_while_claiming_the_winner_claims_again(pool: Pool, keys: Keys, kill: Kill, when: str) -> None:
    campaign = await phases.announced(pool, keys)
    best, _ = await phases.winners_of(pool, campaign.id)
    await kill(when, 1, "claim", best["account_id"], best["id"])
    state = await pool.fetchval("SELECT state FROM winners WHERE id = $1", best["id"])
    claims = await pool.fetchval("SELECT count(*) FROM claims")
    assert (state, claims) == (("notified", 0) if when == "before" else ("claimed", 1))

    await claim_prize(pool, keys, best["account_id"], WinnerId(best["id"]), FORM)

    assert await pool.fetchval("SELECT count(*) FROM claims") == 1
    assert await pool.fetchval("SELECT state FROM winners WHERE id = $1", best["id"]) == "claimed"


@WHEN
@pytest.mark.parametrize("ends", ["lapse", "forfeit"])
async def test_killed_while_a_place_changes_its_holder_it_has_one_winner(
    pool: Pool, keys: Keys, kill: Kill, when: str, ends: str
) -> None:
    campaign = await phases.announced(pool, keys)
    best, _ = await phases.winners_of(pool, campaign.id)
    if ends == "lapse":
        await pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", best["id"])
    else:
        await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", best["post_id"])
    await kill(when, 1, ends)
    before = [(row["post_id"], row["state"]) for row in await phases.winners_of(pool, campaign.id) if row["place"] == 1]

    repeat = lapse_next_claim if ends == "lapse" else forfeit_next_prize
    assert await repeat(pool, keys) is (when == "before")

    gone = "lapsed" if ends == "lapse" else "forfeited"
    place = [(row["post_id"], row["state"]) for row in await phases.winners_of(pool, campaign.id) if row["place"] == 1]
    assert place == [(campaign.posts[0], gone), (campaign.posts[2], "notified")]
    assert before == (place if when == "after" else [(campaign.posts[0], "notified")])
    notified = await pool.fetchval(
        "SELECT count(*) FROM inbox JOIN winners USING (account_id) WHERE winners.post_id = $1 AND inbox.kind = 'prize'",
        campaign.posts[2],
    )
    assert notified == 1
