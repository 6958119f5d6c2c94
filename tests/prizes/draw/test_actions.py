"""A draw from the frozen list to the result: by a public number, by drand, by our own value; and its verification."""

import asyncio
import copy
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from feed.accounts.model import AccountId, SecondPersonRequired
from feed.campaigns import draw_commitment
from feed.campaigns.model import parse_time
from feed.commands.verify import finding_lines
from feed.commands.verify_lines import printed
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.draw.actions import (
    enter_number,
    give_up_next_beacon,
    list_drand_rounds,
    publish_next_list,
    record_drand_value,
)
from feed.prizes.draw.model import AwaitingBeacon, BeaconMismatch, NoNumberWanted
from feed.prizes.result.verify import Verification, verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_campaign, settle_next_campaign
from feed.sms.file_provider import FileProvider
from feed.worker.drand_client import DrandClient, fetch_drand_values
from feed.worker.schedule import SCHEDULE
from feed.worker.state import WorkerState
from tests.support import make, phases
from tests.support.drand_relay import TEST_CHAIN, Relay, relaying, signature_of
from tests.support.javascript import in_javascript
from tests.support.statements import count_statements, record_statements
from tests.support.waiting import becomes
from tests.support.worker import running

DRAW_SCHEDULE = tuple(
    entry
    for entry in SCHEDULE
    if entry.name
    in (
        "freeze_next_campaign",
        "publish_next_list",
        "fetch_drand_values",
        "give_up_next_beacon",
        "settle_next_campaign",
    )
)
ROUND, VALUE = "2026137", "03 07 12 18 25 33 09"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with relaying() as opened:
        yield opened


@pytest.fixture
async def worker_state(pool: Pool, redis: Redis, keys: Keys, relay: Relay, tmp_path: Path) -> Any:
    client = DrandClient(relay.url, TEST_CHAIN)
    yield WorkerState(pool, redis, keys, FileProvider(tmp_path / "outbox.jsonl"), None, None, client)
    await client.close()


async def _result(pool: Pool, campaign_id: int) -> bytes:
    found = await phases.result_of(pool, campaign_id)
    assert found is not None
    return found


def _verified(text: bytes, keys: Keys) -> Verification:
    return verify_result(text, keys.public_keys().keys, (TEST_CHAIN,))


async def _enter(pool: Pool, campaign_id: int, by: AccountId, **other: Any) -> str:
    number: dict[str, Any] = {
        "round_": ROUND,
        "value": VALUE,
        "appeared_at": make.now() - timedelta(seconds=30),
    } | other
    return await enter_number(pool, campaign_id, by=by, **number)


async def _drawn_by_two(pool: Pool, keys: Keys, **more: Any) -> phases.Played:
    campaign = await phases.listed(pool, keys, **more)
    at = make.now() - timedelta(seconds=30)
    for outcome in ("recorded", "accepted"):
        editor = await make.person(pool, role="editor")
        assert await _enter(pool, campaign.id, editor, appeared_at=at) == outcome
    assert await settle_next_campaign(pool, keys)
    return campaign


async def _drawn_by_drand(worker_state: WorkerState, keys: Keys, **more: Any) -> phases.Played:
    campaign = await phases.listed(worker_state.pool, keys, beacon_order=["drand"], **more)
    await fetch_drand_values(worker_state.pool, worker_state.drand)
    assert await settle_next_campaign(worker_state.pool, keys)
    return campaign


async def test_two_editors_enter_the_number_and_the_lots_are_drawn(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    campaign = await _drawn_by_two(pool, keys)
    text = await _result(pool, campaign.id)
    assert _verified(text, keys).is_valid
    result = msgspec.json.decode(text)
    section = result["draw"]
    assert section["beacon"]["source"] == "public_number"
    assert (section["beacon"]["name"], section["beacon"]["round"], section["beacon"]["value"]) == (
        phases.NUMBER_NAME,
        ROUND,
        VALUE,
    )
    assert len(set(section["beacon"]["entered_by"])) == 2
    assert section["publicly_verifiable"] is True
    # Six posts of five persons: five tickets, and the two posts of one person share a rank.
    assert section["tickets"] == 5
    assert sorted({row["rank"] for row in result["sheet"]}) == [1, 2, 3, 4, 5]
    assert len(result["sheet"]) == 6
    assert not any({"score", "quality", "marks"} & row.keys() for row in [*result["sheet"], *result["winners"]])
    assert len({winner["person"] for winner in result["winners"] + result["reserves"]}) == 3
    assert not {int(winner["post_id"]) for winner in result["winners"] + result["reserves"]} & {campaign.posts[1]}
    winners = await phases.winners_of(pool, campaign.id)
    assert [str(row["post_id"]) for row in winners] == [winner["post_id"] for winner in result["winners"]]
    path = tmp_path / "result.json"
    path.write_bytes(text)
    other = in_javascript(path)
    assert other["winners"] == [winner["person"] for winner in result["winners"]]
    assert other["reserves"] == [reserve["person"] for reserve in result["reserves"]]
    assert (other["seed"], other["list_sha256"]) == (section["seed"], section["list_sha256"])


async def test_nothing_is_drawn_without_a_value(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys)
    assert not await settle_next_campaign(pool, keys)
    assert not await give_up_next_beacon(pool)
    editor = await make.person(pool, role="editor")
    for reason in ("", "急"):
        with pytest.raises(AwaitingBeacon):
            await settle_campaign(pool, keys, campaign.id, by=editor, reason=reason)
    row = await pool.fetchrow("SELECT state, blocked_by FROM campaigns WHERE id = $1", campaign.id)
    assert row is not None
    assert (row["state"], row["blocked_by"]) == ("judging", [{"kind": "awaiting_beacon"}])
    notified = await pool.fetchval("SELECT count(*) FROM inbox WHERE once_key LIKE 'number_wanted:%'")
    assert notified == 1
    assert await phases.result_of(pool, campaign.id) is None


async def test_an_editor_who_settles_a_draw_freezes_it(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due_draw(pool, keys)
    editor = await make.person(pool, role="editor")
    await settle_campaign(pool, keys, campaign.id, by=editor)
    with pytest.raises(AwaitingBeacon):
        await settle_campaign(pool, keys, campaign.id, by=editor)
    assert not await freeze_next_campaign(pool)
    assert await publish_next_list(pool)
    assert not await publish_next_list(pool)


async def test_a_number_does_not_decide_until_two_people_agree(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys, ago=timedelta(minutes=10))
    one, other, third = [await make.person(pool, role="editor") for _ in range(3)]
    twin = await make.person(pool, role="editor")
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", one, twin
    )
    at = make.now() - timedelta(minutes=5)
    assert await _enter(pool, campaign.id, one, appeared_at=at) == "recorded"
    for same in (one, twin):
        with pytest.raises(SecondPersonRequired):
            await _enter(pool, campaign.id, same, appeared_at=at)
    last: dict[str, Any] = {"appeared_at": at + timedelta(seconds=60)}
    for wrong, named in (
        ({"value": "03 07"}, ["value"]),
        ({"round_": "2026138", "value": "1"}, ["round", "value"]),
        (last, ["appeared_at"]),
    ):
        with pytest.raises(BeaconMismatch) as raised:
            await _enter(pool, campaign.id, other, **{"appeared_at": at} | wrong)
        assert [(each.field, each.code, each.params) for each in raised.value.errors] == [
            (name, "differs", {}) for name in named
        ]
    assert not await settle_next_campaign(pool, keys)
    # The third editor agrees with the last entry of the second one, not with that of the first.
    assert await _enter(pool, campaign.id, third, value=" 03，07,12 18、25 33+09", **last) == "accepted"
    assert await _enter(pool, campaign.id, third, **last) == "accepted"
    for late in (one, await make.person(pool, role="editor")):
        with pytest.raises(NoNumberWanted):
            await _enter(pool, campaign.id, late, appeared_at=at)
    entered = await pool.fetchval("SELECT entered_by FROM draws")
    assert entered == [other, third]
    actions = await pool.fetch("SELECT action, actor_id FROM audit WHERE action IN ('enter_number', 'keep_beacon')")
    assert [row["action"] for row in actions].count("keep_beacon") == 1
    assert {row["actor_id"] for row in actions} == {one, other, third, twin}


async def test_times_within_a_minute_are_no_mismatch(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys)
    one, other = [await make.person(pool, role="editor") for _ in range(2)]
    at = make.now() - timedelta(seconds=40)
    later = at + timedelta(seconds=0.4)
    assert await _enter(pool, campaign.id, one, appeared_at=later) == "recorded"
    assert await _enter(pool, campaign.id, other, appeared_at=at) == "accepted"
    # A retry of either editor gets the same response.
    for editor, entered_at in ((one, later), (other, at)):
        assert await _enter(pool, campaign.id, editor, appeared_at=entered_at) == "accepted"
    assert await pool.fetchval("SELECT appeared_at FROM draws") == later
    assert await settle_next_campaign(pool, keys)
    assert _verified(await _result(pool, campaign.id), keys).is_valid


async def test_settlement_and_draw_are_read_once_in_a_transaction(pool: Pool, keys: Keys) -> None:
    def reads(recorded: list[str]) -> list[int]:
        """How often the settlement and the draw were read."""
        return [
            sum(each in query for query in recorded) for each in ("AS has_result", "FROM draws WHERE settlement_id")
        ]

    campaign = await phases.listed(pool, keys)
    at = make.now() - timedelta(seconds=30)
    for expected in ("recorded", "accepted"):
        editor = await make.person(pool, role="editor")
        async with record_statements(pool) as recorded:
            assert await _enter(pool, campaign.id, editor, appeared_at=at) == expected
            await count_statements(recorded)
        assert reads(recorded) == [1, 1]
    async with record_statements(pool) as recorded:
        assert await settle_next_campaign(pool, keys)
        await count_statements(recorded)
    # The second statement reads the public numbers of the draw.
    assert reads(recorded) == [1, 2]
    late = await phases.listed(pool, keys, beacon_order=[])
    async with record_statements(pool) as recorded:
        assert await give_up_next_beacon(pool)
        await count_statements(recorded)
    assert reads(recorded) == [1, 1]
    async with record_statements(pool) as recorded:
        await settle_campaign(pool, keys, late.id, by=await make.person(pool, role="editor"))
        await count_statements(recorded)
    assert reads(recorded) == [1, 2]


async def test_an_editor_may_change_an_entry_that_has_not_decided(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys)
    one, other = [await make.person(pool, role="editor") for _ in range(2)]
    at = make.now() - timedelta(seconds=40)
    assert await _enter(pool, campaign.id, one, value="1", appeared_at=at) == "recorded"
    with pytest.raises(BeaconMismatch):
        await _enter(pool, campaign.id, other, appeared_at=at)
    assert await _enter(pool, campaign.id, one, appeared_at=at) == "accepted"


@pytest.mark.parametrize(
    ("field", "given", "code"),
    [
        ("round", {"round_": "第一期"}, "invalid_value"),
        ("value", {"value": "三"}, "invalid_value"),
        ("value", {"value": ""}, "invalid_value"),
        ("appeared_at", {"appeared_at": datetime(2026, 9, 20)}, "no_time_zone"),
    ],
)
async def test_an_invalid_number_names_its_field(
    pool: Pool, keys: Keys, field: str, given: dict[str, Any], code: str
) -> None:
    campaign = await phases.listed(pool, keys)
    with pytest.raises(Invalid) as raised:
        await _enter(pool, campaign.id, await make.person(pool, role="editor"), **given)
    assert [(error.field, error.code) for error in raised.value.errors] == [(field, code)]


async def test_a_number_appears_after_the_list_and_not_in_the_future(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys)
    editor = await make.person(pool, role="editor")
    published_at = await pool.fetchval("SELECT list_published_at FROM draws")
    for at, code in (
        (published_at + timedelta(seconds=59.999), "too_early"),
        (make.now() + timedelta(minutes=1), "in_the_future"),
    ):
        with pytest.raises(Invalid) as raised:
            await _enter(pool, campaign.id, editor, appeared_at=at)
        assert [error.code for error in raised.value.errors] == [code]
    assert await _enter(pool, campaign.id, editor, appeared_at=published_at + timedelta(seconds=60)) == "recorded"


async def test_a_number_is_accepted_only_while_it_is_waited_for(pool: Pool, keys: Keys) -> None:
    editor = await make.person(pool, role="editor")
    ranked = await phases.frozen(pool, keys)
    drand = await phases.listed(pool, keys, beacon_order=["drand", "public_number"])
    late = await phases.listed(pool, keys, ago=timedelta(hours=97), beacon_order=["public_number"])
    unfrozen = await phases.due_draw(pool, keys)
    for campaign in (ranked, unfrozen, drand, late):
        with pytest.raises(NoNumberWanted):
            await _enter(pool, campaign.id, editor)


async def test_drand_decides_by_a_signed_round(worker_state: WorkerState, pool: Pool, keys: Keys, relay: Relay) -> None:
    campaign = await _drawn_by_drand(worker_state, keys)
    text = await _result(pool, campaign.id)
    assert _verified(text, keys).is_valid
    # A verifier that knows only another chain reports it.
    assert [problem.code for problem in verify_result(text, None).problems] == ["draw_chain"]
    beacon = msgspec.json.decode(text)["draw"]["beacon"]
    (round_,) = relay.requested
    assert beacon["round"] == str(round_)
    assert bytes.fromhex(beacon["signature"]) == signature_of(round_)
    wanted = await pool.fetchval("SELECT list_published_at FROM draws") + timedelta(seconds=60)
    assert timedelta() <= parse_time(beacon["appeared_at"]) - wanted < TEST_CHAIN.period


@pytest.mark.parametrize(
    "fault",
    [
        "wrong signature",
        "another round's signature",
        "another round",
        "not found",
        "failing",
        "elsewhere",
        "no json",
        "no hex",
        "endless",
        "silent",
    ],
)
async def test_a_value_that_the_chain_has_not_signed_is_not_recorded(
    worker_state: WorkerState, pool: Pool, keys: Keys, relay: Relay, fault: str
) -> None:
    campaign = await phases.listed(pool, keys, beacon_order=["drand"])
    relay.fault = fault
    await fetch_drand_values(worker_state.pool, worker_state.drand)
    assert not await settle_next_campaign(pool, keys)
    relay.fault = ""
    await fetch_drand_values(worker_state.pool, worker_state.drand)
    assert await settle_next_campaign(pool, keys)
    assert _verified(await _result(pool, campaign.id), keys).is_valid


async def test_a_round_is_not_requested_before_it_appears(
    worker_state: WorkerState, pool: Pool, keys: Keys, relay: Relay
) -> None:
    campaign = await phases.listed(pool, keys, ago=timedelta(seconds=30), beacon_order=["drand"])
    await fetch_drand_values(worker_state.pool, worker_state.drand)
    assert relay.requested == []
    await phases.age_list(pool, campaign.id, timedelta(minutes=2))
    ((_, round_),) = await list_drand_rounds(pool, TEST_CHAIN)
    # A valid signature of another round.
    assert not await record_drand_value(pool, TEST_CHAIN, campaign.id, round_ + 1, signature_of(round_ + 1))
    assert await record_drand_value(pool, TEST_CHAIN, campaign.id, round_, signature_of(round_))
    assert not await record_drand_value(pool, TEST_CHAIN, campaign.id, round_, signature_of(round_))


async def test_without_a_number_in_time_a_round_of_drand_after_that_time_decides(
    worker_state: WorkerState, pool: Pool, keys: Keys, relay: Relay
) -> None:
    campaign = await phases.listed(pool, keys, ago=timedelta(hours=1, minutes=2), beacon_wait_hours=1)
    await fetch_drand_values(worker_state.pool, worker_state.drand)
    assert await settle_next_campaign(pool, keys)
    text = await _result(pool, campaign.id)
    assert _verified(text, keys).is_valid
    appeared_at = parse_time(msgspec.json.decode(text)["draw"]["beacon"]["appeared_at"])
    assert appeared_at >= await pool.fetchval("SELECT list_published_at FROM draws") + timedelta(hours=1, seconds=60)


@pytest.mark.parametrize(
    ("order", "ago"),
    [([], timedelta()), (["public_number", "drand"], timedelta(hours=2)), (["drand"], timedelta(hours=1))],
)
async def test_without_any_beacon_the_result_says_that_it_is_not_publicly_verifiable(
    pool: Pool, keys: Keys, order: list[str], ago: timedelta
) -> None:
    campaign = await phases.listed(pool, keys, ago=ago, beacon_order=order, beacon_wait_hours=1)
    assert await give_up_next_beacon(pool)
    assert not await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)
    text = await _result(pool, campaign.id)
    finding = _verified(text, keys)
    assert finding.is_valid
    section = msgspec.json.decode(text)["draw"]
    assert section["publicly_verifiable"] is False
    assert section["beacon"]["source"] == "own"
    assert re.fullmatch("[0-9a-f]{64}", section["beacon"]["value"])
    assert any("不可公开验证" in line for line in printed(finding_lines(finding), "both"))


@pytest.mark.parametrize("by", ["two editors", "drand", "own"])
async def test_no_changed_value_of_a_draw_verifies(worker_state: WorkerState, pool: Pool, keys: Keys, by: str) -> None:
    if by == "two editors":
        campaign = await _drawn_by_two(pool, keys)
    elif by == "drand":
        campaign = await _drawn_by_drand(worker_state, keys)
    else:
        campaign = await phases.listed(pool, keys, beacon_order=[])
        assert await give_up_next_beacon(pool)
        assert await settle_next_campaign(pool, keys)
    text = await _result(pool, campaign.id)
    document = msgspec.json.decode(text)
    changed = list(_changes(document))
    assert len(changed) >= 100
    silent = set()
    for path, other in changed:
        encoded = msgspec.json.encode(other)
        assert not _verified(encoded, keys).is_valid, path
        if verify_result(encoded, None, (TEST_CHAIN,)).is_consistent:
            silent.add(".".join(map(str, path)))
    # Values that no hash and no rule determines are protected by the signature alone.
    free = {
        "campaign.rules_version",
        "frozen_at",
        "signature.key_id",
        "signature.value",
        "draw.beacon.entered_by.0",
        "draw.beacon.entered_by.1",
    }
    free |= {"draw.beacon.appeared_at"} if by == "two editors" else set()
    assert {path for path in silent if not path.startswith("sheet.")} <= free | {"draw.list_published_at"}
    assert {path.rsplit(".", 1)[1] for path in silent if path.startswith("sheet.")} <= {"entered_at", "post_id"}


def _changes(document: Any) -> Any:
    for path, value in list(_leaves(document, ())):
        for new in _other(value):
            other = copy.deepcopy(document)
            inner = other
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = new
            yield path, other


def _other(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif value is None:
        yield "x"
    else:
        yield f"{value}1"
        digits = re.search("[0-9]", value)
        if digits is not None:
            at = digits.start()
            yield value[:at] + str((int(value[at]) + 1) % 10) + value[at + 1 :]


def _leaves(value: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, (*path, step))
    else:
        yield path, value


async def test_fewer_tickets_than_places_leave_places_empty(pool: Pool, keys: Keys) -> None:
    campaign = await _drawn_by_two(pool, keys, entries=3, winner_count=5, reserve_count=5)
    result = msgspec.json.decode(await _result(pool, campaign.id))
    assert (len(result["winners"]), result["reserves"]) == (2, [])


async def test_a_draw_without_entries_has_an_empty_result(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys, beacon_order=[])
    await pool.execute("DELETE FROM sheet_rows")
    await pool.execute("DELETE FROM draws")
    await pool.execute("DELETE FROM settlements")
    await pool.execute("DELETE FROM entries")
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now()")
    await pool.execute("UPDATE campaigns SET state = 'scheduled', frozen_at = NULL WHERE id = $1", campaign.id)
    assert await freeze_next_campaign(pool)
    assert await publish_next_list(pool)
    assert await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)
    text = await _result(pool, campaign.id)
    assert _verified(text, keys).is_valid
    assert msgspec.json.decode(text)["winners"] == []


async def test_a_person_who_may_not_win_has_no_ticket(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due_draw(pool, keys, entries=8)
    authors = [await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post) for post in campaign.posts]
    await make.staff(pool, authors[2], since=make.now() - 20 * make.DAY)
    await make.juror(pool, campaign.id, authors[3])
    await make.ban(pool, authors[4])
    await pool.execute("UPDATE accounts SET person = NULL, phone_verified_at = NULL WHERE id = $1", authors[5])
    await pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'spam' WHERE post_id = $1", campaign.posts[6]
    )
    await freeze_next_campaign(pool)
    rows = await pool.fetch("SELECT post_id, reason_code FROM sheet_rows WHERE NOT eligible ORDER BY post_id")
    assert {row["reason_code"] for row in rows} == {"staff", "juror", "banned", "not_verified", "disqualified"}
    # One for the person with two posts, one for the author of the last post.
    assert await pool.fetchval("SELECT ticket_count FROM draws") == 2


async def test_neither_a_missing_mark_nor_a_pending_comment_blocks_a_draw(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due_draw(pool, keys)
    await pool.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = $1", campaign.posts[0])
    await make.comment(pool, campaign.posts[0], at=make.now() - 6 * make.DAY, state="pending")
    assert await freeze_next_campaign(pool)


async def test_a_repeated_settlement_of_the_same_list_draws_the_same(pool: Pool, keys: Keys) -> None:
    campaign = await _drawn_by_two(pool, keys)
    before = msgspec.json.decode(await _result(pool, campaign.id))
    editor = await make.person(pool, role="editor")
    await undo_settlement(pool, campaign.id, by=editor, reason="复核")
    await settle_campaign(pool, keys, campaign.id, by=editor)
    after = msgspec.json.decode(await _result(pool, campaign.id))
    for name in ("draw", "winners", "reserves", "sheet"):
        assert after[name] == before[name]


async def _settle_again(pool: Pool, keys: Keys, campaign: phases.Played, *, out: Sequence[int]) -> dict[str, Any]:
    """The result after an editor has undone the settlement, disqualified exactly these entries, and settled again."""
    editor = await make.person(pool, role="editor")
    await undo_settlement(pool, campaign.id, by=editor, reason="复核")
    await pool.execute(
        """
        UPDATE entries
        SET disqualified_at = CASE WHEN post_id = ANY ($2::bigint[]) THEN now() END,
            disqualified_reason = CASE WHEN post_id = ANY ($2::bigint[]) THEN 'spam' END
        WHERE campaign_id = $1
        """,
        campaign.id,
        list(out),
    )
    await settle_campaign(pool, keys, campaign.id, by=editor)
    text = await _result(pool, campaign.id)
    finding = _verified(text, keys)
    assert finding.is_valid, finding.problems
    result: dict[str, Any] = msgspec.json.decode(text)
    return result


def _order(result: dict[str, Any]) -> list[str]:
    ranked = {row["rank"]: row["person"] for row in result["sheet"] if row["rank"] is not None}
    return [ranked[rank] for rank in sorted(ranked)]


@pytest.mark.parametrize("sources", [["public_number"], []])
async def test_a_disqualification_does_not_change_the_order_of_the_others(
    pool: Pool, keys: Keys, sources: list[str]
) -> None:
    if sources:
        campaign = await _drawn_by_two(pool, keys, entries=7)
    else:
        campaign = await phases.listed(pool, keys, entries=7, beacon_order=[])
        assert await give_up_next_beacon(pool)
        assert await settle_next_campaign(pool, keys)
    first = msgspec.json.decode(await _result(pool, campaign.id))
    drawn = _order(first)
    person_of = {int(row["post_id"]): row["person"] for row in first["sheet"]}
    for post_id in campaign.posts[2:]:
        again = await _settle_again(pool, keys, campaign, out=[post_id])
        assert _order(again) == [each for each in drawn if each != person_of[post_id]]
        assert again["draw"].pop("removed") == [person_of[post_id]]
        assert again["draw"] == first["draw"]
    assert await _settle_again(pool, keys, campaign, out=[]) | {"frozen_at": "", "signature": ""} == first | {
        "frozen_at": "",
        "signature": "",
    }


async def test_a_ticket_added_after_the_draw_comes_after_all_others(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    campaign = await phases.due_draw(pool, keys, entries=9, beacon_order=[])
    late = campaign.posts[3:8]
    await pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'spam' WHERE post_id = ANY ($1::bigint[])",
        late,
    )
    assert await freeze_next_campaign(pool)
    assert await publish_next_list(pool)
    assert await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)
    drawn = _order(msgspec.json.decode(await _result(pool, campaign.id)))
    again = await _settle_again(pool, keys, campaign, out=late[:1])
    assert _order(again)[: len(drawn)] == drawn
    assert sorted(_order(again)[len(drawn) :]) == again["draw"]["added"]
    assert len(again["draw"]["added"]) == len(late) - 1
    path = tmp_path / "result.json"
    path.write_bytes(await _result(pool, campaign.id))
    other = in_javascript(path)
    assert other["order"] == _order(again)
    assert (other["seed"], other["list_sha256"]) == (again["draw"]["seed"], again["draw"]["list_sha256"])


async def test_no_changed_list_of_removed_or_added_tickets_verifies(pool: Pool, keys: Keys) -> None:
    campaign = await _drawn_by_two(pool, keys, entries=7)
    result = await _settle_again(pool, keys, campaign, out=campaign.posts[4:5])
    ranked = sorted(_order(result))
    removed = result["draw"]["removed"]
    changes: list[dict[str, list[str]]] = [
        {"removed": []},
        {"removed": [ranked[0]]},
        {"removed": removed * 2},
        {"removed": ["0" * 32]},
        {"removed": ["x"]},
        {"added": []},
        {"added": [ranked[0]]},
        {"added": removed},
    ]
    for change in changes:
        changed = result | {"draw": result["draw"] | change}
        assert not _verified(msgspec.json.encode(changed, order="sorted"), keys).is_valid, change
    without = result | {"draw": {name: value for name, value in result["draw"].items() if name != "removed"}}
    assert not _verified(msgspec.json.encode(without, order="sorted"), keys).is_valid


async def test_the_nonce_is_written_once_and_encrypted(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due_draw(pool, keys)
    async with pool.acquire() as conn:
        first = await draw_commitment.get_nonce(conn, campaign.id)
        for _ in range(2):
            assert (
                await draw_commitment.commit_nonce(conn, campaign.id, draw_commitment.make_nonce(keys, campaign.id))
                == first.sha256
            )
        assert await draw_commitment.get_nonce(conn, campaign.id) == first
    assert draw_commitment.reveal_nonce(keys, campaign.id, first) not in first.sealed
    with pytest.raises(Exception, match=r"^$"):  # InvalidTag, which has no message.
        draw_commitment.reveal_nonce(keys, campaign.id + 1, first)
    with pytest.raises(ValueError):
        draw_commitment.reveal_nonce(keys, campaign.id, msgspec.structs.replace(first, sha256=bytes(32)))


async def test_several_concurrent_workers_record_one_value_and_draw_once(
    worker_state: WorkerState, pool: Pool, keys: Keys, database: str, relay: Relay
) -> None:
    campaign = await phases.listed(pool, keys, beacon_order=["drand"])
    async with (
        running(worker_state, database, DRAW_SCHEDULE),
        running(worker_state, database, DRAW_SCHEDULE),
        running(worker_state, database, DRAW_SCHEDULE),
    ):

        async def is_settled() -> bool:
            return await phases.result_of(pool, campaign.id) is not None

        await becomes(is_settled)
    assert _verified(await _result(pool, campaign.id), keys).is_valid
    assert await pool.fetchval("SELECT count(*) FROM winners") == 2
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'keep_beacon'") == 1


async def test_the_worker_gives_a_draw_our_own_value_after_all_windows(
    worker_state: WorkerState, pool: Pool, keys: Keys, database: str, relay: Relay
) -> None:
    sources = {"beacon_order": ["public_number", "drand"], "beacon_wait_hours": 1}
    waiting = await phases.listed(pool, keys, ago=timedelta(minutes=30), **sources)
    over = await phases.listed(pool, keys, ago=timedelta(hours=2), **sources)
    relay.fault = "failing"
    for_drand = await phases.listed(pool, keys, ago=timedelta(hours=1, minutes=30), **sources)
    async with running(worker_state, database, DRAW_SCHEDULE):

        async def is_settled() -> bool:
            return await phases.result_of(pool, over.id) is not None and bool(relay.requested)

        await becomes(is_settled)
    section = msgspec.json.decode(await _result(pool, over.id))["draw"]
    assert (section["beacon"]["source"], section["publicly_verifiable"]) == ("own", False)
    for campaign in (waiting, for_drand):
        assert await phases.result_of(pool, campaign.id) is None
    assert await pool.fetchval("SELECT count(*) FROM draws WHERE source IS NOT NULL") == 1


async def test_concurrent_editors_leave_one_value(pool: Pool, keys: Keys) -> None:
    campaign = await phases.listed(pool, keys, beacon_order=["public_number"])
    editors = [await make.person(pool, role="editor") for _ in range(6)]
    at = make.now() - timedelta(seconds=30)
    outcomes = await asyncio.gather(
        *(_enter(pool, campaign.id, editor, appeared_at=at) for editor in editors), return_exceptions=True
    )
    assert sorted(str(each) for each in outcomes if isinstance(each, str)) == ["accepted", "recorded"]
    assert all(isinstance(each, str | NoNumberWanted) for each in outcomes)
    assert await pool.fetchval("SELECT count(*) FROM draws WHERE source IS NOT NULL") == 1
