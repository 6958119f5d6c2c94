"""September: tickets for a concert are drawn by lot; the public number is misread, and corrected after an objection."""

from typing import Any

from feed.prizes.announcement.announce import finish_next_objections
from feed.prizes.draw.actions import publish_next_list
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.support.story.people import ADMIN, AUTHOR, DRAW, EDITOR, FIFTH, FOURTH, OTHER_EDITOR, THIRD, THIRD_EDITOR
from tests.support.story.prizes import CLAIM
from tests.support.story.stage import Stage

_ENTRANTS = (AUTHOR, THIRD, FOURTH, FIFTH)
_NUMBER = {"round": "2026106", "value": "03 07 12 19 24 31 09", "appeared_at": "2026-09-13T13:15:00Z"}


async def open_draw(stage: Stage) -> str:
    """Publishes the draw. Returns its id."""
    await stage.at("2026-08-26 10:00")
    made: str = (await stage.call("create_campaign", EDITOR, DRAW, example="draw by post"))["id"]
    await stage.call("publish_campaign", OTHER_EDITOR, kept=False, campaign_id=made)
    return made


async def enter_draw(stage: Stage) -> None:
    """Four people post with the topic of the draw."""
    await stage.at("2026-09-08 12:00")
    for author in _ENTRANTS:
        text = f"《一生有你》是我们宿舍的毕业歌，二十年后想和老同学再听一次。#{DRAW['topic']}#"
        await stage.call("publish_post", author, {"text": text}, kept=False)
    await stage.call("change_topic", EDITOR, {"state": "hidden"}, name="代写读书笔记")
    await stage.call("list_changed_topics", EDITOR, limit=1)
    await stage.call("get_topic_for_editors", EDITOR, name="代写读书笔记")


async def draw_lots(stage: Stage, draw: str) -> None:
    """From the list to a result that is announced again."""
    of: dict[str, Any] = {"campaign_id": draw}
    await stage.at("2026-09-13 09:00")
    assert await freeze_next_campaign(stage.pool)
    assert await publish_next_list(stage.pool)
    await stage.at("2026-09-13 21:30")
    wrong = _NUMBER | {"value": "03 07 12 19 24 31 06"}
    await stage.call("enter_draw_number", EDITOR, wrong, status=202, **of)
    await stage.call("get_draw_number", OTHER_EDITOR, **of)
    await stage.call("enter_draw_number", OTHER_EDITOR, wrong, status=200, **of)
    assert await settle_next_campaign(stage.pool, stage.keys)
    await _announce(stage, draw)
    await stage.at("2026-09-14 09:00")
    text = {"text": "第2026106期蓝球是09，公布的开奖号码写成了06。", "kind": "other"}
    made = await stage.call("object_to_result", FIFTH, text, kept=False, **of)
    answer = {"text": "经核对为录入错误，将按正确号码重新开奖。", "remedy": "settle_again"}
    await stage.call("answer_objection", THIRD_EDITOR, answer, kept=False, objection_id=made["id"])
    third = (await stage.call("get_me", THIRD_EDITOR, kept=False))["id"]
    await stage.call("remove_roles", ADMIN, kept=False, user_id=third)
    await stage.at("2026-09-14 10:00")
    undo = {"reason": "公布的开奖号码录入有误，异议成立。"}
    await stage.call("undo_settlement", EDITOR, undo, status=202, **of)
    await stage.call("undo_settlement", OTHER_EDITOR, undo, kept=False, **of)
    correction = _NUMBER | {"reason_code": "misread", "reason": "末位蓝球09误录为06。"}
    await stage.call("correct_draw_number", EDITOR, correction, status=202, **of)
    await stage.call("correct_draw_number", ADMIN, correction, status=200, **of)
    await stage.call("settle_campaign", EDITOR, kept=False, **of)
    await _announce(stage, draw)
    await stage.call("get_draw", FIFTH, **of)
    await stage.call("get_result", FIFTH, example="draw", **of)


async def hand_over_tickets(stage: Stage, draw: str) -> None:
    """The winner gives the details in time, and collects the tickets when the result is final."""
    await stage.at("2026-09-14 20:00")
    prizes: list[tuple[Any, str]] = []
    for entrant in _ENTRANTS:
        found = (await stage.call("list_prizes", entrant, kept=False, limit=1))["items"]
        prizes += [(entrant, each["id"]) for each in found if each["state"] == "notified"]
    ((winner, prize),) = prizes
    form = {key: value for key, value in CLAIM.items() if key != "address"} | {"recipient_name": winner.name}
    await stage.call("claim_prize", winner, form, kept=False, prize_id=prize)
    await stage.at("2026-09-18 09:30")
    assert await finish_next_objections(stage.pool)
    one: dict[str, Any] = {"campaign_id": draw, "prize_id": prize}
    await stage.call("verify_claim", EDITOR, kept=False, **one)
    await stage.call("hand_over_prize", EDITOR, {"reason": "本人持身份证到售票处领取。"}, **one)


async def _announce(stage: Stage, draw: str) -> None:
    for editor in (EDITOR, OTHER_EDITOR):
        await stage.call("announce_winners", editor, kept=False, campaign_id=draw)
