"""Correction of a public number that both editors entered wrongly."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from feed.accounts.model import AccountId, SecondPersonRequired
from feed.commands.verify import finding_lines
from feed.commands.verify_lines import printed
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.draw.actions import enter_number, give_up_next_beacon
from feed.prizes.draw.correction_actions import correct_number
from feed.prizes.draw.model import BeaconMismatch, NoNumberToCorrect, ThirdPersonRequired
from feed.prizes.objections.actions import answer_objection, object_to_result
from feed.prizes.result.verify import Verification, verify_result
from feed.prizes.settlement.actions import settle_campaign, settle_next_campaign
from tests.support import make, phases

ISSUE = "2026137"
WRONG, RIGHT = "03 07 12 18 25 33 90", "03 07 12 18 25 33 09"


class WrongDraw:
    """A draw by a wrong number, the two editors who entered it, and two who did not."""

    def __init__(self, pool: Pool, keys: Keys, campaign: phases.Played, editors: list[AccountId], at: datetime) -> None:
        self.pool, self.keys, self.campaign, self.at = pool, keys, campaign, at
        self.one, self.other, self.third, self.fourth = editors

    async def undo(self) -> None:
        await undo_settlement(self.pool, self.campaign.id, by=self.one, reason="录错了")

    async def correct(self, by: AccountId, **other: Any) -> str:
        number: dict[str, Any] = {"round_": ISSUE, "value": RIGHT, "appeared_at": self.at, "reason_code": "misread"}
        return await correct_number(self.pool, self.campaign.id, by=by, reason="末尾两位录反", **number | other)

    async def settle(self) -> dict[str, Any]:
        await settle_campaign(self.pool, self.keys, self.campaign.id, by=self.one)
        return (await self.read())[0]

    async def read(self) -> tuple[dict[str, Any], Verification]:
        text = await phases.result_of(self.pool, self.campaign.id)
        assert text is not None
        finding = verify_result(text, self.keys.public_keys().keys)
        assert finding.is_valid, finding.problems
        return msgspec.json.decode(text), finding


@pytest.fixture
async def draw(pool: Pool, keys: Keys) -> WrongDraw:
    campaign = await phases.listed(pool, keys, ago=timedelta(minutes=10), entries=8)
    editors = [await make.person(pool, role="editor") for _ in range(4)]
    at = make.now() - timedelta(minutes=5)
    for editor in editors[:2]:
        await enter_number(pool, campaign.id, by=editor, round_=ISSUE, value=WRONG, appeared_at=at)
    assert await settle_next_campaign(pool, keys)
    return WrongDraw(pool, keys, campaign, editors, at)


def _order(result: dict[str, Any]) -> list[str]:
    ranked = {row["rank"]: row["person"] for row in result["sheet"] if row["rank"] is not None}
    return [ranked[rank] for rank in sorted(ranked)]


async def test_lots_are_drawn_by_the_corrected_number_and_the_result_names_both(draw: WrongDraw) -> None:
    before, _ = await draw.read()
    assert "corrected" not in before["draw"]
    await draw.undo()
    assert await draw.correct(draw.one) == "recorded"
    assert await draw.correct(draw.third) == "accepted"
    assert await draw.correct(draw.third) == "accepted"
    after = await draw.settle()
    assert (after["draw"]["beacon"]["value"], after["draw"]["beacon"]["round"]) == (RIGHT, ISSUE)
    (wrong,) = after["draw"]["corrected"]
    assert (wrong["round"], wrong["value"], wrong["reason"]) == (ISSUE, WRONG, "misread")
    assert wrong["entered_by"] == before["draw"]["beacon"]["entered_by"]
    assert len(set(wrong["entered_by"]) & set(after["draw"]["beacon"]["entered_by"])) == 1
    assert after["draw"]["list_sha256"] == before["draw"]["list_sha256"]
    assert after["draw"]["seed"] != before["draw"]["seed"]
    assert sorted(_order(after)) == sorted(_order(before))
    assert _order(after) != _order(before)
    output = "\n".join(printed(finding_lines((await draw.read())[1]), "both"))
    assert f"原录入第 {ISSUE} 期 {WRONG}（录入有误）" in output
    assert f"it was {WRONG} of issue {ISSUE} (it was misread)" in output
    audited = await draw.pool.fetch("SELECT action FROM audit WHERE action LIKE '%correct%' ORDER BY id")
    assert [row["action"] for row in audited] == ["enter_correction", "enter_correction", "correct_number"]


async def test_a_disqualification_does_not_change_a_corrected_order_otherwise(draw: WrongDraw) -> None:
    await draw.undo()
    await draw.correct(draw.third)
    await draw.correct(draw.fourth)
    first = await draw.settle()
    await draw.undo()
    await draw.pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'spam' WHERE post_id = $1",
        draw.campaign.posts[4],
    )
    again = await draw.settle()
    (gone,) = again["draw"]["removed"]
    assert _order(again) == [each for each in _order(first) if each != gone]
    assert again["draw"]["corrected"] == first["draw"]["corrected"]


async def test_a_number_is_corrected_after_an_upheld_objection_too(draw: WrongDraw) -> None:
    pool, campaign = draw.pool, draw.campaign
    for editor in (draw.one, draw.other):
        await announce_winners(pool, draw.keys, campaign.id, by=editor)
    with pytest.raises(NoNumberToCorrect):
        await draw.correct(draw.third)
    objector = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[3])
    objection = await object_to_result(pool, campaign.id, by=objector, text="开奖号码与公告不符")
    await answer_objection(pool, objection, by=draw.third, text="属实", remedy="settle_again")
    await undo_settlement(pool, campaign.id, by=draw.fourth, reason="号码录错")
    await draw.correct(draw.third)
    await draw.correct(draw.fourth)
    after = await draw.settle()
    assert len(after["withdrawn"]) == 1
    assert [each["value"] for each in after["draw"]["corrected"]] == [WRONG]


async def test_a_correction_takes_two_people_one_of_whom_did_not_enter_the_wrong_number(draw: WrongDraw) -> None:
    await draw.undo()
    twin = await make.person(draw.pool, role="editor")
    await draw.pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2", draw.one, twin
    )
    assert await draw.correct(draw.one) == "recorded"
    for same in (draw.one, AccountId(twin)):
        with pytest.raises(SecondPersonRequired):
            await draw.correct(same)
    for mistaken in (draw.other, draw.one):
        with pytest.raises(ThirdPersonRequired):
            await draw.correct(mistaken)
    with pytest.raises(BeaconMismatch) as raised:
        await draw.correct(draw.third, value="1", reason_code="wrong_issue")
    assert [each.field for each in raised.value.errors] == ["value", "reason_code"]
    assert await draw.pool.fetchval("SELECT count(*) FROM corrected_numbers") == 0
    assert await draw.correct(draw.third) == "accepted"


async def test_a_wrong_correction_is_corrected_again(draw: WrongDraw) -> None:
    await draw.undo()
    await draw.correct(draw.one, value="1 2 3")
    await draw.correct(draw.third, value="1 2 3")
    await draw.settle()
    await draw.undo()
    # The two who entered the last wrong number cannot decide by themselves; those of earlier ones do not matter.
    await draw.correct(draw.one)
    with pytest.raises(ThirdPersonRequired):
        await draw.correct(draw.third)
    assert await draw.correct(draw.fourth) == "accepted"
    after = await draw.settle()
    assert [each["value"] for each in after["draw"]["corrected"]] == [WRONG, "1 2 3"]
    assert after["draw"]["beacon"]["value"] == RIGHT


async def test_only_the_public_number_of_an_undone_draw_is_corrected(pool: Pool, keys: Keys, draw: WrongDraw) -> None:
    for editor in (draw.one, draw.third):
        with pytest.raises(NoNumberToCorrect):
            await draw.correct(editor)
    own = await phases.listed(pool, keys, beacon_order=[])
    assert await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)
    await undo_settlement(pool, own.id, by=draw.one, reason="复核")
    ranked = await phases.settled(pool, keys)
    await undo_settlement(pool, ranked.id, by=draw.one, reason="复核")
    for campaign in (own, ranked):
        with pytest.raises(NoNumberToCorrect):
            await WrongDraw(pool, keys, campaign, [draw.one] * 4, draw.at).correct(draw.third)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"value": WRONG}, "value", "unchanged"),
        ({"value": "三"}, "value", "invalid_value"),
        ({"round_": ""}, "round", "invalid_value"),
        ({"appeared_at": datetime(2026, 9, 20)}, "appeared_at", "no_time_zone"),
    ],
)
async def test_an_invalid_correction_names_its_field(
    draw: WrongDraw, change: dict[str, Any], field: str, code: str
) -> None:
    await draw.undo()
    with pytest.raises(Invalid) as raised:
        await draw.correct(draw.third, **change)
    assert [(error.field, error.code) for error in raised.value.errors] == [(field, code)]


async def test_the_time_of_a_corrected_number_is_in_the_window_of_its_source(draw: WrongDraw) -> None:
    await draw.undo()
    published_at = make.now() - timedelta(hours=97)
    await draw.pool.execute("UPDATE draws SET list_published_at = $1", published_at)
    for at, code in (
        (published_at + timedelta(seconds=59), "too_early"),
        (published_at + timedelta(hours=96), "too_late"),
        (make.now() + timedelta(minutes=1), "in_the_future"),
    ):
        with pytest.raises(Invalid) as raised:
            await draw.correct(draw.third, appeared_at=at)
        assert [error.code for error in raised.value.errors] == [code]
    assert await draw.correct(draw.third, appeared_at=published_at + timedelta(seconds=60)) == "recorded"


async def test_no_changed_correction_in_a_result_verifies(draw: WrongDraw) -> None:
    await draw.undo()
    await draw.correct(draw.one)
    await draw.correct(draw.third)
    after = await draw.settle()
    (wrong,) = after["draw"]["corrected"]
    right = after["draw"]["beacon"]
    changes: list[Any] = [
        [],
        [wrong, wrong],
        [wrong | {"entered_by": right["entered_by"]}],
        [wrong | {"entered_by": wrong["entered_by"][:1]}],
        [wrong | {"entered_by": ["x", "y"]}],
        [wrong | {"value": right["value"]}],
        [wrong | {"value": "03  07"}],
        [wrong | {"appeared_at": after["draw"]["list_published_at"]}],
        [wrong | {"corrected_at": after["draw"]["list_published_at"]}],
        [wrong | {"corrected_at": "soon"}],
        [wrong | {"reason": "other"}],
    ]
    for change in changes:
        changed = after | {"draw": after["draw"] | {"corrected": change}}
        assert not verify_result(msgspec.json.encode(changed, order="sorted"), None).is_consistent, change
