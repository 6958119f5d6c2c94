"""Changes of places after a result: each is a signed amendment, chained to the previous one, and can be verified."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from feed.accounts.model import AccountId
from feed.keys.signatures import PublicKey
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.model import WinnerNotVisible
from feed.prizes.result.verify import Verification, verify_result
from feed.prizes.settlement.actions import settle_campaign
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from tests.support import make, phases
from tests.support.mutations import changed_values
from tests.support.results import get_result


async def _published(pool: Pool, campaign_id: int) -> dict[str, Any]:
    async with pool.acquire() as conn:
        document: dict[str, Any] = msgspec.json.decode(await get_result(conn, campaign_id))
    return document


def _verify(document: dict[str, Any], keys: Keys | None) -> Verification:
    return verify_result(msgspec.json.encode(document), None if keys is None else keys.public_keys().keys)


async def _amended(pool: Pool, keys: Keys) -> tuple[phases.Played, dict[str, Any]]:
    """A campaign with two amendments: the first winner lapsed, with a banned first reserve; the second erased, without a reserve left."""
    campaign = await phases.announced(pool, keys, entries=16, reserve_count=2)
    first, second = await phases.winners_of(pool, campaign.id)
    await make.ban(pool, await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[2]))
    await pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", first["id"])
    assert await lapse_next_claim(pool, keys)
    await pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", second["account_id"])
    assert await forfeit_next_prize(pool, keys)
    return campaign, await _published(pool, campaign.id)


async def test_each_change_of_a_place_is_signed_and_chained(pool: Pool, keys: Keys) -> None:
    campaign, document = await _amended(pool, keys)
    posts = [str(each) for each in campaign.posts]
    one, two = document["amendments"]
    assert (one["number"], one["place"], one["reason"]) == (1, 1, "not_claimed")
    assert [one["leaves"]["post_id"], one["enters"]["post_id"]] == [posts[0], posts[3]]
    assert [(each["post_id"], each["reason"]) for each in one["passed_over"]] == [(posts[2], "not_eligible")]
    assert (two["number"], two["place"], two["reason"], two["enters"]) == (2, 2, "erased", None)

    finding = _verify(document, keys)

    assert finding.problems == []
    assert finding.signed == "authentic"
    assert finding.holders == [posts[3], None]
    # Only holders of prizes are named, and the result itself is unchanged.
    assert list(document["people"]) == [one["enters"]["person"]]
    result = await phases.result_of(pool, campaign.id)
    assert result is not None
    signed_part = {name: value for name, value in document.items() if name not in ("amendments", "people")}
    assert signed_part == msgspec.json.decode(result)


async def test_a_sheet_frozen_by_an_earlier_version_keeps_its_format_and_that_of_its_amendments(
    pool: Pool, keys: Keys
) -> None:
    campaign = await phases.frozen(pool, entries=6, reserve_count=2)
    await pool.execute("UPDATE settlements SET format = 1")
    await settle_campaign(pool, keys, campaign.id, by=None)
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    await pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE place = 1")
    assert await lapse_next_claim(pool, keys)

    document = await _published(pool, campaign.id)

    assert (document["format"], document["amendments"][0]["format"]) == ("feed-result-1", "feed-amendment-1")
    assert not {"tree", "voids"} & document.keys()
    assert _verify(document, keys).is_valid
    assert _verify(document, keys).holders[0] == document["reserves"][0]["post_id"]


async def _other_account(pool: Pool, post_id: int) -> AccountId:
    """Another account of the same phone as the post's author."""
    person = await pool.fetchval(
        "SELECT person FROM accounts JOIN posts ON posts.author_id = accounts.id WHERE posts.id = $1", post_id
    )
    other = await make.account(pool)
    await pool.execute("UPDATE accounts SET person = $2 WHERE id = $1", other, person)
    return other


async def test_a_reserve_whose_other_account_is_banned_is_passed_over(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys, entries=6, reserve_count=2)
    await make.ban(pool, await _other_account(pool, campaign.posts[2]))
    await pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE place = 1")
    assert await lapse_next_claim(pool, keys)
    (amendment,) = (await _published(pool, campaign.id))["amendments"]
    assert [each["post_id"] for each in amendment["passed_over"]] == [str(campaign.posts[2])]
    assert amendment["enters"]["post_id"] == str(campaign.posts[3])


async def test_a_winner_whose_other_account_is_banned_is_not_announced(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    other = await _other_account(pool, campaign.posts[0])
    await make.ban(pool, other)
    await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    second = await make.person(pool, role="editor")
    with pytest.raises(WinnerNotVisible):
        await announce_winners(pool, keys, campaign.id, by=second)
    await pool.execute("UPDATE sanctions SET lifted_at = clock_timestamp() WHERE account_id = $1", other)
    assert await announce_winners(pool, keys, campaign.id, by=second) == "announced"


async def test_no_changed_value_of_a_result_or_its_amendments_verifies(pool: Pool, keys: Keys) -> None:
    _, document = await _amended(pool, keys)
    people = document.pop("people")
    assert _verify(document | {"people": people}, keys).is_valid
    changed = list(changed_values(document))
    assert len(changed) >= 200
    assert sum("amendments" in path for path, _ in changed) >= 40
    assert [path for path, other in changed if _verify(other, keys).is_valid] == []


async def test_amendments_out_of_order_left_out_or_of_another_result_do_not_verify(pool: Pool, keys: Keys) -> None:
    _, document = await _amended(pool, keys)
    _, foreign = await _amended(pool, keys)
    one, two = document["amendments"]
    for amendments in ([two, one], [two], [one, one, two], [one, two, two], foreign["amendments"]):
        assert not _verify(document | {"amendments": amendments}, keys).is_valid
        # The chain shows it without a key, too.
        assert not _verify(document | {"amendments": amendments}, None).is_consistent
    # A missing last amendment cannot be detected, and the output says so.
    assert _verify(document | {"amendments": [one]}, keys).is_valid


async def test_without_a_key_it_is_verified_that_the_next_reserve_takes_a_place(pool: Pool, keys: Keys) -> None:
    _, document = await _amended(pool, keys)
    reserve = {name: document["reserves"][0][name] for name in ("rank", "post_id", "person", "score")}
    wrong = {
        "amendment_leaves": {"place": 2},
        "amendment_enters": {"enters": None},
        "amendment_passed_over": {"passed_over": [{**document["amendments"][0]["passed_over"][0], "post_id": "1"}]},
        "amendment_time": {"made_at": "2020-01-01T00:00:00.000000Z"},
        "amendment_chain": {"previous_sha256": "0" * 64},
    }
    for code, change in wrong.items():
        changed = document | {"amendments": [document["amendments"][0] | change]}
        assert [problem.code for problem in _verify(changed, None).problems] == [code]
    taken = document["amendments"][0] | {"passed_over": [], "enters": reserve}
    # Only the signature proves that a reserve had to be passed over.
    assert _verify(document | {"amendments": [taken]}, None).is_consistent
    assert not _verify(document | {"amendments": [taken]}, keys).is_valid


async def test_a_document_dated_after_the_end_of_its_key_does_not_verify(pool: Pool, keys: Keys) -> None:
    _, document = await _amended(pool, keys)
    (key,) = keys.public_keys().keys
    made_at = await pool.fetchval("SELECT max(made_at) FROM amendments")
    frozen_at = await pool.fetchval("SELECT frozen_at FROM settlements")
    later = [made_at + timedelta(seconds=1), made_at, frozen_at]
    for until, is_valid in zip(later, (True, False, False), strict=True):
        ended: PublicKey = msgspec.structs.replace(key, valid_until=until)
        assert verify_result(msgspec.json.encode(document), [ended]).is_valid is is_valid
    ended = msgspec.structs.replace(key, valid_until=frozen_at)
    assert verify_result(msgspec.json.encode(document), [ended]).signed == "key_over"


@pytest.mark.parametrize("unclaimed", ["next_reserve", "void"])
async def test_by_the_rules_an_unclaimed_place_is_filled_or_stays_empty(pool: Pool, keys: Keys, unclaimed: str) -> None:
    campaign = await phases.announced(pool, keys, unclaimed=unclaimed)
    first, _ = await phases.winners_of(pool, campaign.id)
    await pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", first["id"])
    assert await lapse_next_claim(pool, keys)
    document = await _published(pool, campaign.id)
    filled = None if unclaimed == "void" else str(campaign.posts[2])
    finding = _verify(document, keys)
    assert finding.problems == []
    assert finding.holders == [filled, str(campaign.posts[1])]


async def test_an_amendment_before_the_announcement_is_removed_with_its_settlement(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", campaign.posts[0])
    assert await forfeit_next_prize(pool, keys)
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 1
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE kind = 'prize'") == 0
    await undo_settlement(pool, campaign.id, by=await make.person(pool, role="editor"), reason="复核")
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 0
    await settle_campaign(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    document = await _published(pool, campaign.id)
    assert document["amendments"] == []
    assert "withdrawn" not in document
    assert _verify(document, keys).holders == [str(each) for each in campaign.posts[1:3]]


async def test_a_withdrawal_between_settlement_and_announcement_is_amended_when_announcing(
    pool: Pool, keys: Keys
) -> None:
    campaign = await phases.settled(pool, keys)
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", campaign.posts[1])
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    document = await _published(pool, campaign.id)
    assert [each["reason"] for each in document["amendments"]] == ["post_deleted"]
    assert _verify(document, keys).holders == [str(campaign.posts[0]), str(campaign.posts[2])]


async def test_a_rotated_key_signs_the_amendments_of_an_older_result(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    keys.rotate_signing_key(make.now())
    first, _ = await phases.winners_of(pool, campaign.id)
    await pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", first["id"])
    assert await lapse_next_claim(pool, keys)
    document = await _published(pool, campaign.id)
    assert document["signature"]["key_id"] != document["amendments"][0]["signature"]["key_id"]
    assert _verify(document, keys).is_valid
    only_old = keys.public_keys().keys[1:]
    assert not verify_result(msgspec.json.encode(document), only_old).is_valid
