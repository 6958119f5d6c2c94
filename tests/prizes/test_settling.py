"""From the frozen sheet to the claimed prize, and the document that proves it."""

import asyncio
import copy
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feed.campaigns.model import rules_sha256
from feed.errors import Invalid
from feed.keys import Keys, open_keys
from feed.postgres import Pool
from feed.prizes.announcing import announce_winners
from feed.prizes.claim import ClaimForm
from feed.prizes.claiming import claim_prize, forfeit_next_prize, lapse_next_claim, reveal_claim
from feed.prizes.model import AlreadySettled, ClaimClosed, NotYourPrize, SecondPersonRequired, WinnerId
from feed.prizes.settling import freeze_next_campaign, settle_campaign, settle_next_campaign, undo_settlement
from feed.prizes.verify import verify_result
from tests import make
from tests.make import DAY

PRIZE = {"name": "深圳盒子", "kind": "goods", "per_winner": 1, "value_cny": "99"}
FORM = ClaimForm(recipient_name="吴秀兰", phone="13800100100", address="深圳市福田区红荔路2001号", privacy_version="1")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return open_keys(tmp_path / "keys", create=True)


async def _frozen(pool: Pool, *, entries: int = 4) -> tuple[int, list[int]]:
    """A frozen campaign of two winners and one reserve, and its posts from the most liked one down."""
    ends_at = make.now() - 4 * DAY
    rules: dict[str, Any] = {"winner_count": 2, "reserve_count": 1, "prizes": [PRIZE], "claim_days": 7}
    campaign_id = await make.campaign(pool, starts_at=ends_at - 10 * DAY, ends_at=ends_at, **rules)
    await pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign_id, await make.person(pool))
    document = await pool.fetchval("SELECT rules FROM campaign_rules WHERE campaign_id = $1", campaign_id)
    await pool.execute(
        "UPDATE campaign_rules SET rules_sha256 = $2 WHERE campaign_id = $1", campaign_id, rules_sha256(document)
    )
    posts = [await make.entry(pool, campaign_id, at=ends_at - DAY) for _ in range(entries)]
    for likes, post_id in enumerate(reversed(posts)):
        for _ in range(likes):
            await make.like(pool, post_id, at=ends_at - DAY)
    assert await freeze_next_campaign(pool)
    return campaign_id, posts


async def _result(pool: Pool, campaign_id: int) -> bytes:
    found: bytes = await pool.fetchval(
        "SELECT result FROM settlements WHERE campaign_id = $1 AND undone_at IS NULL", campaign_id
    )
    return found


async def _announced(pool: Pool, keys: Keys) -> tuple[int, list[int], list[Any]]:
    campaign_id, posts = await _frozen(pool)
    assert await settle_next_campaign(pool, keys)
    for _ in range(2):
        await announce_winners(pool, keys, campaign_id, by=await make.person(pool, role="editor"))
    rows = await pool.fetch(
        "SELECT id, account_id, post_id FROM winners WHERE campaign_id = $1 ORDER BY place", campaign_id
    )
    return campaign_id, posts, rows


async def test_two_workers_settle_at_once_and_one_result_stands(pool: Pool, keys: Keys) -> None:
    campaign_id, posts = await _frozen(pool)
    settled = await asyncio.gather(*(settle_next_campaign(pool, keys) for _ in range(4)))
    assert sum(settled) == 1
    result = msgspec.json.decode(await _result(pool, campaign_id))
    assert [int(winner["post_id"]) for winner in result["winners"]] == posts[:2]
    assert [int(reserve["post_id"]) for reserve in result["reserves"]] == posts[2:3]
    assert await pool.fetchval("SELECT count(*) FROM winners WHERE campaign_id = $1", campaign_id) == 2


async def test_a_settlement_that_is_repeated_gives_the_same_bytes(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await _frozen(pool)
    assert await settle_next_campaign(pool, keys)
    first = await _result(pool, campaign_id)
    # As a crash before the commit leaves it.
    await pool.execute("DELETE FROM winners WHERE campaign_id = $1", campaign_id)
    await pool.execute("DELETE FROM reserves")
    await pool.execute("UPDATE settlements SET result = NULL, result_sha256 = NULL, settled_at = NULL")
    await pool.execute("UPDATE campaigns SET state = 'judging' WHERE id = $1", campaign_id)
    assert await settle_next_campaign(pool, keys)
    assert hashlib.sha256(await _result(pool, campaign_id)).digest() == hashlib.sha256(first).digest()


async def test_a_result_verifies_and_no_changed_value_does(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await _frozen(pool, entries=24)
    assert await settle_next_campaign(pool, keys)
    text = await _result(pool, campaign_id)
    public = keys.public_keys().keys
    assert verify_result(text, public).holds
    assert verify_result(text, public).signed == "authentic"
    assert verify_result(text, None).signed == "not_checked"
    changed = list(_mutations(msgspec.json.decode(text)))
    assert len(changed) >= 200
    for document in changed:
        assert not verify_result(msgspec.json.encode(document), public).holds


def _mutations(document: Any) -> Any:
    for path, value in list(_leaves(document, ())):
        other = copy.deepcopy(document)
        inner = other
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value + 1 if type(value) is int else "x" if value is None else f"{value}1"
        yield other


def _leaves(value: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, (*path, step))
    else:
        yield path, value


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"a":1,"a":1}', b'{"a":1.5}', b"\xff", b"[" * 100_000, b"{}"])
def test_what_is_no_result_is_refused_with_a_word(text: bytes) -> None:
    (problem,) = verify_result(text, None).problems
    assert problem.code == "unreadable"


async def test_announcing_takes_two_and_tells_each_winner_once(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await _frozen(pool)
    await settle_next_campaign(pool, keys)
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    assert await announce_winners(pool, keys, campaign_id, by=first) == "recorded"
    with pytest.raises(SecondPersonRequired):
        await announce_winners(pool, keys, campaign_id, by=first)
    assert await announce_winners(pool, keys, campaign_id, by=second) == "announced"
    told = await pool.fetchval(
        "SELECT count(*) FROM winners JOIN inbox USING (account_id) WHERE campaign_id = $1 AND inbox.kind = 'prize'",
        campaign_id,
    )
    assert told == 2


async def test_a_settlement_is_undone_with_a_reason_and_made_again(pool: Pool, keys: Keys) -> None:
    campaign_id, _ = await _frozen(pool)
    await settle_next_campaign(pool, keys)
    editor = await make.person(pool, role="editor")
    with pytest.raises(Invalid):
        await undo_settlement(pool, campaign_id, by=editor, reason=" ")
    await undo_settlement(pool, campaign_id, by=editor, reason="复核")
    assert not await freeze_next_campaign(pool)
    await settle_campaign(pool, keys, campaign_id, by=editor)
    with pytest.raises(AlreadySettled):
        await settle_campaign(pool, keys, campaign_id, by=editor)


async def test_a_claim_is_sealed_and_only_the_winners(pool: Pool, keys: Keys) -> None:
    campaign_id, _, (best, other) = await _announced(pool, keys)
    with pytest.raises(NotYourPrize):
        await claim_prize(pool, keys, other["account_id"], WinnerId(best["id"]), FORM)
    await claim_prize(pool, keys, best["account_id"], WinnerId(best["id"]), FORM)
    sealed = await pool.fetchval("SELECT sealed FROM claims WHERE winner_id = $1", best["id"])
    assert "红荔路".encode() not in sealed
    editor = await make.person(pool, role="editor")
    for bad in ("", " ", "\x00", "长" * 501):
        with pytest.raises(Invalid):
            await reveal_claim(pool, keys, campaign_id, WinnerId(best["id"]), by=editor, reason=bad)
    shown = await reveal_claim(pool, keys, campaign_id, WinnerId(best["id"]), by=editor, reason="寄送")
    assert shown.address == FORM.address


async def test_an_unclaimed_prize_lapses_to_the_next_in_line(pool: Pool, keys: Keys) -> None:
    campaign_id, posts, (best, _) = await _announced(pool, keys)
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
    campaign_id, posts, (best, _) = await _announced(pool, keys)
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", best["post_id"])
    assert await forfeit_next_prize(pool, keys)
    states = await pool.fetch(
        "SELECT post_id, state FROM winners WHERE campaign_id = $1 AND place = 1 ORDER BY id", campaign_id
    )
    assert [tuple(row) for row in states] == [(posts[0], "forfeited"), (posts[2], "notified")]
