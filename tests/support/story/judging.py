"""The end of September: voids, the shortlist and the marks of the jury."""

from typing import Any

from tests.support.story.people import (
    AUTHOR,
    CHEAT,
    EDITOR,
    FIFTH,
    FOURTH,
    FOURTH_JUROR,
    JUROR,
    OTHER_EDITOR,
    OTHER_JUROR,
    POPULAR,
    READER,
    REVIEWER,
    THIRD,
    THIRD_JUROR,
)
from tests.support.story.readers import Readers
from tests.support.story.stage import Stage


async def judge(stage: Stage, campaign: str, readers: Readers) -> None:
    """From the end of the campaign to locked marks."""
    await _call_jury(stage, campaign, readers)
    await stage.at("2026-09-19 20:00")
    ban = {"kind": "ban", "reason_code": "spam"}
    author = (await stage.call("get_me", AUTHOR, kept=False))["id"]
    await stage.call("impose_sanction", REVIEWER, ban, kept=False, user_id=author)
    await stage.at("2026-09-21 08:30")
    await stage.call("lift_sanctions", REVIEWER, kept=False, user_id=author)
    await stage.at("2026-09-21 09:00")
    fact = {"user_id": author, "kind": "banned", "reason": "审核误封，已核实并解除。"}
    await stage.call("set_fact_aside", EDITOR, fact, status=202, campaign_id=campaign)
    await stage.call("set_fact_aside", OTHER_EDITOR, fact, status=200, campaign_id=campaign)
    await _clean(stage, campaign, readers)
    await _mark(stage, campaign, readers)


async def _call_jury(stage: Stage, campaign: str, readers: Readers) -> None:
    """Two more jurors: one declines, and one who has marked falls ill."""
    await stage.at("2026-09-18 11:00")
    every = (JUROR, OTHER_JUROR, THIRD_JUROR, FOURTH_JUROR)
    ids = [(await stage.call("get_me", each, kept=False))["id"] for each in every]
    await stage.call("assign_jurors", EDITOR, {"user_ids": ids}, kept=False, campaign_id=campaign)
    await stage.call("decline_seat", FOURTH_JUROR, campaign_id=campaign)
    new = {"scores": {"内容": "90", "文字": "88"}, "note": "朴素动人", "revision": 1}
    await stage.call("mark_entry", THIRD_JUROR, new, campaign_id=campaign, post_id=readers.posts[AUTHOR])
    fewer = {"user_ids": ids[:2], "reason": "方晓晴评委因病退出，由其余两位评委打分。"}
    await stage.call("assign_jurors", EDITOR, fewer, status=202, campaign_id=campaign)
    await stage.call("assign_jurors", OTHER_EDITOR, fewer, kept=False, campaign_id=campaign)
    await stage.call("list_juries", JUROR, limit=2)


async def _clean(stage: Stage, campaign: str, readers: Readers) -> None:
    cheats = readers.posts[CHEAT]
    reader = (await stage.call("get_me", READER, kept=False))["id"]
    void = {
        "post_id": cheats,
        "kinds": ["like", "comment"],
        "reason_code": "bought",
        "note": "点赞集中来自同一批新号。",
    }
    await stage.call("preview_voids", EDITOR, void, campaign_id=campaign)
    voids = await stage.call("add_voids", EDITOR, void, campaign_id=campaign)
    mistaken = {"user_ids": [reader], "kinds": ["like"], "reason_code": "bought", "note": "待核实"}
    added = await stage.call("add_voids", EDITOR, mistaken, kept=False, campaign_id=campaign)
    await stage.call("list_voids", EDITOR, campaign_id=campaign)
    (wrong,) = [each["id"] for each in added["items"] if each["user_id"] == reader]
    await stage.call("withdraw_void", OTHER_EDITOR, campaign_id=campaign, void_id=wrong)
    assert voids["items"]
    entry: dict[str, Any] = {"campaign_id": campaign, "post_id": readers.posts[FOURTH]}
    reason = {"reason_code": "copied", "note": "与一篇旧作相似，待核实。"}
    await stage.call("disqualify_entry", EDITOR, reason, **entry)
    await stage.call("reinstate_entry", EDITOR, {"reason_code": "checked", "note": "经核实为本人原创。"}, **entry)


async def _mark(stage: Stage, campaign: str, readers: Readers) -> None:
    await stage.at("2026-09-21 10:00")
    posts = readers.posts
    await stage.call("fill_shortlist", EDITOR, {"size": 4}, campaign_id=campaign)
    await stage.call("shortlist_entry", EDITOR, campaign_id=campaign, post_id=posts[CHEAT])
    await stage.call("unlist_entry", EDITOR, campaign_id=campaign, post_id=posts[CHEAT])
    for author in (THIRD, FOURTH, FIFTH):
        await stage.call("shortlist_entry", EDITOR, kept=False, campaign_id=campaign, post_id=posts[author])
    marks = {
        readers.best: (95, 97),
        AUTHOR: (92, 91),
        THIRD: (88, 87),
        FOURTH: (85, 83),
        FIFTH: (80, 78),
        POPULAR: (86, 84),
    }
    for author, (one, other) in marks.items():
        for juror, mark in ((JUROR, one), (OTHER_JUROR, other)):
            new = {"scores": {"内容": str(mark), "文字": str(mark - 2)}, "note": "情真意切", "revision": 1}
            if author is readers.best:
                new["revision"] = 2
            await stage.call("mark_entry", juror, new, campaign_id=campaign, post_id=posts[author])
    await stage.call("list_my_marks", JUROR, campaign_id=campaign, limit=2)
    conflict = {"reason": "作者是我的学生，申请回避。"}
    await stage.call("recuse_juror", JUROR, conflict, campaign_id=campaign, post_id=posts[CHEAT])
    bought = {"reason_code": "cheating", "note": "经核实，点赞由第三方有偿提供。"}
    await stage.call("disqualify_entry", EDITOR, bought, kept=False, campaign_id=campaign, post_id=posts[POPULAR])
    await stage.call("list_entries", EDITOR, campaign_id=campaign, sort="score", shortlist=True, limit=6)
    await stage.at("2026-09-22 18:00")
    await stage.call("lock_marks", EDITOR, campaign_id=campaign)
    await stage.call("get_jury", EDITOR, campaign_id=campaign)
    await stage.call("get_numbers", EDITOR, campaign_id=campaign)
