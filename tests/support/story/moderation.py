"""September: reviewers look at what was posted."""

from feed.audit.sealing import seal_audit
from tests.support.story.people import ADMIN, EDITOR, READER, REVIEWER, SPAMMER
from tests.support.story.readers import Readers
from tests.support.story.stage import Stage


async def review(stage: Stage, readers: Readers) -> None:
    """Cases, verdicts and sanctions."""
    await stage.at("2026-09-07 14:00")
    spam_id = readers.posts[SPAMMER]
    reported = {"target": {"kind": "post", "id": spam_id}, "reason_code": "spam", "note": "有偿代写，还留了联系方式。"}
    await stage.call("report_target", READER, reported)
    await stage.call("list_cases", REVIEWER, example="reports", kind="report", limit=1)
    await stage.call("list_reasons", REVIEWER)
    words = [
        {"term": "代开发票", "level": "block", "label": "fraud", "note": "多个账号反复发布"},
        {"term": "刷赞", "level": "review", "label": "cheating"},
        {"term": "刷赞举报", "level": "allow"},
    ]
    await stage.call("put_words", EDITOR, {"words": words})
    await stage.call("list_words", REVIEWER, q="刷赞", level="review", limit=20)
    await stage.call("check_text", REVIEWER, {"text": "代刷赞，一百个十元，加微信领取。"})
    await stage.call("remove_word", EDITOR, term="刷赞举报")
    leased = (await stage.call("lease_cases", REVIEWER, {"count": 2, "kind": "post"}))["items"]
    first, second = leased[:2]
    await stage.call("list_leased_cases", REVIEWER)
    await stage.call("extend_case", REVIEWER, case_id=first["id"])
    await stage.call("release_case", REVIEWER, case_id=second["id"])
    verdict = {"verdict": "approve", "version": first["version"]}
    await stage.call("judge_case", REVIEWER, verdict, case_id=first["id"])
    found = (await stage.call("list_cases", REVIEWER, kept=False, kind="post", limit=50))["items"]
    spam = next(case for case in found if case["subject"]["post_id"] == readers.posts[SPAMMER])
    author, link = (
        spam["subject"]["author"]["id"],
        (await stage.call("get_post", kept=False, post_id=spam["subject"]["id"]))["share_url"],
    )
    await stage.call("list_cases", REVIEWER, subject_id=spam["subject"]["id"], author_id=author, link=link)
    seen = {"cases": [{"id": spam["id"], "version": spam["version"]}], "verdict": "remove", "reason_code": "spam"}
    batch = await stage.call("judge_cases", REVIEWER, seen)
    assert [each["outcome"] for each in batch["items"]] == ["done"]
    await stage.call("undo_verdicts", REVIEWER, batch_id=batch["batch_id"])
    again = next(
        case
        for case in (await stage.call("list_cases", REVIEWER, kept=False, kind="post", limit=50))["items"]
        if case["id"] == spam["id"]
    )
    seen = seen | {"cases": [{"id": spam["id"], "version": again["version"]}]}
    await stage.call("judge_cases", REVIEWER, seen)
    await stage.call("list_reports", READER, limit=2)
    await stage.call("label_ai", REVIEWER, post_id=spam["subject"]["post_id"])
    await stage.call("unlabel_ai", REVIEWER, post_id=spam["subject"]["post_id"])
    spammer = (await stage.call("get_me", SPAMMER, kept=False))["id"]
    sanction = {"kind": "mute", "reason_code": "spam", "until": "2026-09-14T16:00:00Z"}
    await stage.call("impose_sanction", REVIEWER, sanction, user_id=spammer)
    await stage.at("2026-09-07 15:10")
    why = "这些书我都读过，只是帮同学整理笔记，没有收钱。请再看一遍。"
    await stage.call("appeal_decision", SPAMMER, {"target": {"kind": "post", "id": spam_id}, "text": why})
    await stage.call("list_decisions", SPAMMER, limit=2)
    (appealed,) = (await stage.call("list_cases", ADMIN, example="appeals", kind="appeal", limit=1))["items"]
    verdict = {"verdict": "dismiss", "version": appealed["version"], "reason_code": "spam"}
    await stage.call("judge_case", ADMIN, verdict, kept=False, case_id=appealed["id"])
    await stage.call("list_appeals", SPAMMER, limit=2)
    await stage.call("list_my_posts", SPAMMER, state="removed", limit=2)
    await stage.call("lift_sanctions", REVIEWER, user_id=spammer, kind="mute")
    await stage.call("get_history", REVIEWER, case_id=first["id"])
    await stage.call("get_case", REVIEWER, case_id=first["id"])
    await stage.call("get_queue", REVIEWER)
    await stage.call("get_queue_subjects", REVIEWER)
    await stage.call("get_waiting_times", REVIEWER, hours=24)
    await stage.call("search_users", REVIEWER, q=SPAMMER.name[:2], limit=2)
    await stage.call("get_user_record", REVIEWER, user_id=spammer)
    await stage.call("list_sanctions", REVIEWER, state="ended", kind="mute", limit=2)
    await seal_audit(stage.pool, stage.keys)
    await stage.call("get_audit_checkpoint")
    await stage.call("list_audit", ADMIN, subject=f"account:{spammer}", limit=2)
    actor = (await stage.call("get_me", REVIEWER, kept=False))["id"]
    lifted = {"actor": actor, "action": "sanction.lift", "limit": 2}
    await stage.call("list_audit", ADMIN, headers=lambda _: {"Accept": "text/csv"}, **lifted)
    await stage.call("explain_visibility", REVIEWER, post_id=spam["subject"]["id"], at="2026-09-07T06:30:00Z")
    by_link = {"link": f"看看这条 {link}", "reason_code": "fraud"}
    await stage.call("take_down", REVIEWER, by_link)
    await stage.call("list_takedowns", REVIEWER, state="in_force", limit=2)
    await stage.call(
        "lift_takedown", REVIEWER, {"target": {"kind": "post", "id": spam["subject"]["id"]}, "reason_code": "mistaken"}
    )
    # What the machine check sends to review waits, and its author sees for what.
    offer = {"text": "低价转让演出票，加微信 shudan2026 详谈。"}
    waiting = (await stage.call("publish_post", SPAMMER, offer, kept=False))["id"]
    await stage.call("get_post", SPAMMER, example="in review", post_id=waiting)
    said = (await stage.call("add_comment", SPAMMER, offer, example="in review", post_id=readers.posts[readers.best]))[
        "id"
    ]
    for kind, id_ in (("post", waiting), ("comment", said)):
        found = await stage.call("list_cases", REVIEWER, kept=False, kind=kind, subject_id=id_)
        case = found["items"][0]
        seen = {"verdict": "reject", "reason_code": "spam", "version": case["version"]}
        await stage.call("judge_case", REVIEWER, seen, kept=False, case_id=case["id"])
    market = {"text": "周末书市在市民中心，上午九点开是。"}
    market_id = (await stage.call("publish_post", SPAMMER, market, kept=False))["id"]
    found = await stage.call("list_cases", REVIEWER, example="of one post", kind="post", subject_id=market_id)
    case = found["items"][0]
    mended = {"text": "周末书市在市民中心，上午九点开始。", "version": case["version"]}
    await stage.call("revise_case", REVIEWER, mended, case_id=case["id"])
    await stage.call("list_revisions", SPAMMER, post_id=market_id)
    reviewer = (await stage.call("get_me", REVIEWER, kept=False))["id"]
    since = {"since": "2026-09-07T00:00:00+08:00", "reason_code": "careless"}
    await stage.call("requeue_approvals", ADMIN, since, user_id=reviewer)
