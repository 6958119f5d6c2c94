"""Every notification that the code writes has its template, with all parameters, and its words are in the catalogue only."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
import pytest

import feed
from feed.accounts.model import AccountId
from feed.accounts.sanctions import Sanction
from feed.campaigns import cancellation_notices
from feed.campaigns.cancellation_store import Cancellation
from feed.campaigns.entries import notices as entries
from feed.campaigns.entries.store import Entry
from feed.campaigns.inputs import Disqualifying
from feed.campaigns.jury import notices as jury
from feed.campaigns.jury.store import JurorReminder
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.store import Campaign
from feed.cases.holds import State
from feed.cases.model import Case, Subject
from feed.editorial import notices as editorial
from feed.editorial.store import NewsroomText
from feed.exports import notices as export_notices
from feed.exports.model import Export
from feed.inbox.model import NewNotification, stored_params
from feed.moderation import notices as moderation
from feed.moderation.model import JudgedSubject, VerdictId, VerdictKind
from feed.moderation.takedowns import notices as takedowns
from feed.moderation.takedowns.model import Takedown
from feed.notifications import model as notifications
from feed.posts import notices as posts
from feed.posts.media_store import FailedMedium
from feed.prizes import notices as prizes
from feed.prizes.model import (
    Objection,
    ObjectionId,
    ObjectionKind,
    Remedy,
    Settlement,
    UnclaimedPrize,
    Winner,
    WinnerId,
)
from feed.reasons import DisqualificationReason, ReplacementReason
from feed.reports import notices as report_notices
from feed.reports.appeal_model import Appeal
from feed.reports.model import DecidedReport
from feed.screens.notices.render import TEMPLATES, render

ROOT = Path(feed.__file__).parent
NOON = datetime(2026, 9, 20, 4, tzinfo=UTC)
LATER = datetime(2026, 9, 23, 4, tzinfo=UTC)
Made = TypeVar("Made", bound=msgspec.Struct)
METHODS = ("ranked", "draw")
ENDS = (
    "not_claimed",
    "replaced",
    "objection_upheld",
    "settlement_undone",
    "post_removed",
    "post_deleted",
    "comment_removed",
    "comment_deleted",
    "erased",
    # Of a later version, or one that SQL alone knows.
    "of_tomorrow",
)
# The notification of a shipment is changed to this one when its campaign is shredded.
REPLACED_BY = {prizes.SHIPMENT_REMOVED}


def convert(struct: type[Made], /, **fields: Any) -> Made:
    """A struct with these fields; the others have plain values of their types."""
    plain = {"int": 1, "str": "一", "bool": False, "datetime": NOON, "list": [], "dict": {}, "bytes": b""}
    given = {}
    for field in msgspec.structs.fields(struct):
        if field.required:
            name = getattr(field.type, "__name__", str(field.type))
            given[field.name] = plain.get(name.partition("[")[0])
    return struct(**(given | fields))


def published(method: str) -> PublishedCampaign:
    return convert(
        PublishedCampaign, title="读书月", method=method, contact="电话", created_by=1, objections_end_at=LATER
    )


def of_campaigns(method: str) -> Iterator[NewNotification]:
    draft = {"title": "读书月", "method": method, "organiser": "城报"}
    campaign = convert(Campaign, id=1, draft=draft, now=NOON)
    entry = convert(Entry, campaign_id=1, post_id=2, author_id=3)
    yield cancellation_notices.cancellation_notice(
        convert(Cancellation, title="读书月", method=method, reason="场地停用。", contact=""), 1
    )
    for code in get_args(DisqualificationReason):
        yield entries.of_disqualification(campaign, entry, Disqualifying(code))
    yield entries.of_reinstatement(campaign, entry)
    for added in (True, False):
        yield jury.of_membership(campaign, 3, added=added)
    yield jury.of_declined_seat(campaign, 3)


def of_prizes(method: str) -> Iterator[NewNotification]:
    campaign = published(method)
    winner = convert(
        Winner,
        id=WinnerId(1),
        prizes=[{"name": "书", "per_winner": 1, "kind": "goods"}],
        claim_ends_at=LATER,
        state="selected",
    )
    yield prizes.of_prize(winner, campaign)
    for reason in ENDS:
        state = "lapsed" if reason == "not_claimed" else "forfeited"
        lost = msgspec.structs.replace(winner, state=state, state_reason=reason)
        for now in (NOON, LATER):
            yield prizes.of_lost_prize(lost, campaign, now=now)
        if reason in ENDS[4:]:
            yield prizes.of_ended_place(lost, 1, campaign)
    reasons = [prizes.replaced_because(kind) for kind in (*get_args(ObjectionKind), None)]
    for why in (*reasons, *get_args(ReplacementReason)):
        lost = msgspec.structs.replace(winner, state="forfeited", state_reason="replaced")
        yield prizes.of_lost_prize(lost, campaign, now=NOON, why=why)
    yield prizes.of_codes(winner, "读书月")
    yield prizes.of_shipment(winner, carrier="顺丰", tracking_no="SF1", stored_at=NOON)
    yield prizes.of_deadline(convert(UnclaimedPrize, title="读书月", claim_ends_at=LATER))
    kinds = ["entry_waits", "comment_waits", "of_tomorrow"] + ["mark_missing"] * (method == "ranked")
    yield from prizes.of_blocks(campaign, [{"kind": kind} for kind in kinds], [1])
    yield prizes.of_decision(convert(Settlement), campaign)
    yield prizes.of_objection(ObjectionId(1), campaign)
    for upheld in (True, False):
        yield prizes.of_answer(convert(Objection), "读书月", "经核查无误", upheld=upheld)
    for remedy in get_args(Remedy):
        yield prizes.of_upheld(ObjectionId(1), campaign, remedy, 2 if remedy == "replace" else None)


def others() -> Iterator[NewNotification]:
    for event in ("marking_began", "marking_ends"):
        yield jury.of_marking_reminder(convert(JurorReminder, title="读书月", event=event, settle_at=LATER))
    yield prizes.of_number_wanted(1, published("draw"), 1, "福利彩票", not_before=NOON, until=LATER)
    case = convert(Case, id=1, post_id=2, comment_id=None, author_id=3, stage=1)
    names = convert(Case, id=1, kind="name", post_id=None, comment_id=None, account_id=3, author_id=3, stage=1)
    decided = JudgedSubject(
        "published", "published", b"", approved=True, stages=0, approvers=frozenset(), elsewhere=frozenset()
    )
    waiting = msgspec.structs.replace(decided, state="pending", judged="pending", approved=False, stages=1)
    edited = msgspec.structs.replace(waiting, state="published")
    verdicts: list[tuple[Case, VerdictKind, JudgedSubject]] = [
        *((each, verdict, decided) for each in (case, names) for verdict in ("remove", "reject", "restore")),
        (case, "approve", waiting),
        (case, "approve", edited),
        (case, "reject", edited),
    ]
    yield moderation.revised_notice(case, 2)
    yield moderation.revised_notice(msgspec.structs.replace(case, comment_id=4), 2)
    for each, verdict, judged in verdicts:
        notice = moderation.verdict_notice(each, VerdictId(1), verdict, "spam", subject=judged, is_last=True)
        assert notice is not None
        yield notice
    assert moderation.verdict_notice(case, VerdictId(1), "approve", "fine", subject=decided, is_last=True) is None
    assert moderation.verdict_notice(case, VerdictId(1), "approve", "fine", subject=waiting, is_last=False) is None
    afterwards: tuple[State, ...] = ("published", "pending", "removed")
    for after in afterwards:
        yield moderation.undone_notice(case, VerdictId(1), "spam", after=after)
    for labelled in (True, False):
        yield moderation.ai_label_notice(3, 2, 1, labelled=labelled)
    for kind in ("mute", "ban"):
        for until in (None, LATER):
            yield moderation.sanction_notice(convert(Sanction, kind=kind, until=until, reason_code="spam"))
        yield moderation.lifted_notice(convert(Sanction, kind=kind, reason_code="spam"))
        yield moderation.lapsed_notice(convert(Sanction, kind=kind, reason_code="spam"))
    for kind in ("post", "comment", "user", "topic", "image_hash"):
        takedown = convert(Takedown, kind=kind, target="3", post_id=None, reason_code="spam")
        yield takedowns.takedown_notice(takedown, 1)
        yield takedowns.lifted_notice(takedown, 1)
    yield editorial.returned_notice(AccountId(3), NewsroomText("post", 2, "", "好", b"", [4], 1), "标题不准确", 1)
    yield editorial.returned_notice(
        AccountId(3), NewsroomText("campaign", 2, "读书月", "好", b"", [4], None), "标题不准确", 1
    )
    yield export_notices.ready_notice(convert(Export), NOON)
    yield export_notices.failed_notice(convert(Export))
    subject = Subject(author_id=1, post_id=2)
    yield report_notices.waiting_notice(subject, "k")
    yield report_notices.shown_again_notice(subject, 3)
    for kind in ("post", "comment", "user", "topic"):
        for state in ("upheld", "dismissed", "open"):
            yield report_notices.outcome_notice(
                convert(
                    DecidedReport,
                    id=1,
                    reporter_id=2,
                    target_kind=kind,
                    target_id=3,
                    state=state,
                    reason_code="spam",
                    verdict_id=4,
                )
            )
    for effect in ("remove", "reject", "mute", "ban"):
        for state in ("upheld", "rejected", "open"):
            appeal = {
                "id": 1,
                "case_id": 2,
                "account_id": 3,
                "state": state,
                "effect": effect,
                "verdict_id": 4,
                "target_id": 5,
            }
            appeal |= {
                "target_kind": "user" if effect in ("mute", "ban") else "post",
                "post_id": None,
                "reason_code": "spam",
            }
            yield report_notices.appeal_notice(convert(Appeal, **appeal))
    for count in (1, 9):
        yield posts.failed_notice(convert(FailedMedium, place=1, count=count, error_code="truncated"))
    group = convert(notifications.Group, post_id=1, author_id=2)
    likers = [convert(notifications.Liker, account_id=n, name=f"读者{n}", liked_at=NOON) for n in range(3)]
    for named, count in ((0, 2), (1, 1), (2, 2), (3, 12)):
        yield notifications.likes_notification(group, likers[:named], count)
    comment = convert(
        notifications.CommentEvent, actor_id=1, actor_name="小明", post_author_id=2, answered_author_id=AccountId(3)
    )
    yield from notifications.comment_notifications(comment)


def written() -> list[NewNotification]:
    return [*(each for method in METHODS for each in (*of_campaigns(method), *of_prizes(method))), *others()]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_notification_has_its_words_and_all_their_parameters(language: str) -> None:
    for each in written():
        assert each.template in TEMPLATES
        said = render(each.template, msgspec.json.decode(msgspec.json.encode(stored_params(each))), language)
        assert "…" not in said.title + said.body, each


def test_every_template_is_written() -> None:
    assert {each.template for each in written()} | REPLACED_BY == TEMPLATES.keys()


def test_every_notification_of_a_draw_speaks_of_no_works_and_no_marks() -> None:
    for each in (*of_campaigns("draw"), *of_prizes("draw")):
        said = render(each.template, stored_params(each), "zh-CN")
        assert not [word for word in ("作品", "打分", "评选", "获奖", "质量") if word in said.title + said.body], said


def test_an_editor_and_a_winner_read_what_to_do_and_whom_to_ask() -> None:
    winner = convert(Winner, state="forfeited", state_reason="replaced")
    lost = prizes.of_lost_prize(winner, published("ranked"), now=NOON, why=prizes.replaced_because("counts"))
    assert render(lost.template, stored_params(lost), "zh-CN").body == (
        "原因：关于点赞和评论计数的异议经复核成立。如有异议，可在9月23日12:00前到活动页提出。如有疑问，请联系主办方：“电话”。"
    )
    late = prizes.of_lost_prize(winner, published("draw"), now=LATER, why=prizes.replaced_because(None))
    assert render(late.template, stored_params(late), "zh-CN").body == (
        "原因：公示期内经两位编辑复核，你不符合中奖条件。如有疑问，请联系主办方：“电话”。"
    )


def test_no_writer_passes_a_ready_sentence() -> None:
    writers = [path for path in sorted(ROOT.rglob("*.py")) if "NewNotification(" in path.read_text("utf-8")]
    assert len(writers) >= 7
    for path in writers:
        tree = ast.parse(path.read_text("utf-8"))
        documented = {
            node.body[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        sentences = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in documented
            # Dates, quantities and their separators are words of SMS and of the delivery list.
            and re.search(r"[\u4e00-\u9fff]{2}", node.value)
        ]
        assert sentences == [], path
