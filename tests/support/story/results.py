"""September 24 to 28: the result, its announcement and the objections to it."""

from typing import Any

from feed.prizes.announcement.announce import finish_next_objections
from tests.support.story.people import AUTHOR, EDITOR, FIFTH, FOURTH, OTHER_EDITOR, READER, THIRD, THIRD_EDITOR
from tests.support.story.readers import Readers
from tests.support.story.stage import Stage


async def decide(stage: Stage, campaign: str, readers: Readers) -> None:
    """From the settlement to a result that is final."""
    of: dict[str, Any] = {"campaign_id": campaign}
    await stage.at("2026-09-24 09:00")
    await stage.call("settle_campaign", EDITOR, kept=False, **of)
    await stage.call("undo_settlement", OTHER_EDITOR, {"reason": "复核评委打分后重新评定。"}, status=200, **of)
    await stage.call("settle_campaign", EDITOR, {"reason": "已复核，按原打分评定。"}, **of)
    await stage.call("get_sheet", EDITOR, **of)
    await stage.call("get_sheet", EDITOR, headers=lambda _: {"accept": "text/csv"}, **of)
    await stage.call("get_fairness", EDITOR, **of)
    await stage.call("get_decision", EDITOR, **of)
    await stage.at("2026-09-24 10:00")
    # The hook to the app works, so notifications are pushed from now on.
    await stage.pool.execute("UPDATE push_hook SET served_at = now()")
    reason = {"reason": "误封已核实，名单无误。"}
    await stage.call("announce_winners", EDITOR, reason, status=202, **of)
    await stage.call("announce_winners", OTHER_EDITOR, reason, status=200, **of)
    await _object(stage, campaign, readers)
    await stage.at("2026-09-28 00:10")
    assert await finish_next_objections(stage.pool)
    await stage.call("list_winners", READER, **of)
    await stage.call("get_result", READER, **of)
    await stage.call("get_proof", READER, post_id=readers.posts[readers.best], **of)


async def _object(stage: Stage, campaign: str, readers: Readers) -> None:
    of: dict[str, Any] = {"campaign_id": campaign}
    await stage.at("2026-09-25 09:00")
    text = {"text": "第三名的内容我在别处见过，请核实是否原创。", "kind": "winner", "post_id": readers.posts[THIRD]}
    await stage.call("object_to_result", FOURTH, text, **of)
    for author in (AUTHOR, FIFTH):
        counts = {"text": "我的点赞数和页面上看到的不一样。", "kind": "counts"}
        await stage.call("object_to_result", author, counts, kept=False, **of)
    listed = (await stage.call("list_objections", THIRD_EDITOR, kept=False, state="open"))["items"]
    await stage.call("list_objections", THIRD_EDITOR, state="open", campaign_id=of["campaign_id"], limit=2)
    first = next(each for each in listed if each["kind"] == "winner")
    upheld = {"reason": "异议成立：内容非原创，由候补递补。"}
    await stage.call("replace_winner", EDITOR, upheld, status=202, rank="3", **of)
    answer = {"text": "经核实，该内容与一篇已刊发的文章高度相似，异议成立。", "remedy": "replace", "rank": 3}
    await stage.call("answer_objection", THIRD_EDITOR, answer, objection_id=first["id"])
    newest = max(int(each["id"]) for each in listed if each["kind"] == "counts")
    all_of_them = {
        "kind": "counts",
        "through_id": str(newest),
        "text": "页面显示的是全部点赞；按规则，同一个人只计一次，本人的点赞不计。",
    }
    await stage.call("answer_objections", THIRD_EDITOR, all_of_them, **of)
    await stage.call("replace_winner", OTHER_EDITOR, upheld, status=200, rank="3", **of)
    await stage.call("list_inbox", readers.best, kind="prize", limit=2)
    newest_notice = (await stage.call("list_inbox", readers.best, kept=False, limit=1))["items"][0]["id"]
    await stage.call("read_inbox", readers.best, {"until_id": newest_notice})
