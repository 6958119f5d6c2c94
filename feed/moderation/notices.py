"""The notifications of verdicts and sanctions. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from feed.accounts.sanctions import Sanction
from feed.cases.model import Case
from feed.inbox.model import NewNotification
from feed.moderation.model import VerdictId, VerdictKind
from feed.reasons import reason_words

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_STAGES = {1: "一审", 2: "二审", 3: "三审"}
_SANCTIONED = {"mute": "禁言", "ban": "封禁"}


def verdict_once_key(verdict_id: VerdictId) -> str:
    """The `once_key` of the notification of a verdict, by which it can be removed."""
    return f"verdict:{verdict_id}"


def verdict_notice(case: Case, verdict_id: VerdictId, verdict: VerdictKind, reason_code: str) -> NewNotification | None:
    """The notification of the author; None for a verdict that changes nothing for the author."""
    subject_label = "评论" if case.comment_id is not None else "动态"
    stage = _STAGES[case.stage]
    texts = {
        "remove": (
            f"你的{subject_label}已被移除",
            f"{stage}结果，原因：{reason_words(reason_code).zh}。其他人已看不到这条{subject_label}。",
        ),
        "reject": (
            f"你的{subject_label}未通过审核",
            f"{stage}结果，原因：{reason_words(reason_code).zh}。其他人看不到这条{subject_label}。",
        ),
        "restore": (f"你的{subject_label}已恢复显示", f"经{stage}复核，这条{subject_label}已恢复，其他人可以看到。"),
    }.get(verdict)
    if texts is None:
        return None
    return NewNotification(
        account_id=case.author_id,
        kind="review_result",
        title=texts[0],
        body=texts[1],
        once_key=verdict_once_key(verdict_id),
        deep_link=None if case.post_id is None else f"/posts/{case.post_id}",
        subject={
            "kind": "comment" if case.comment_id is not None else "post",
            "id": str(case.comment_id or case.post_id),
            "verdict": verdict,
            "reason_code": reason_code,
            "stage": case.stage,
        },
    )


def undone_notice(case: Case, verdict_id: VerdictId, reason_code: str, *, shown: bool) -> NewNotification:
    """The notification that a verdict was undone; `shown`: the subject is visible again, else hidden for `reason_code`."""
    subject_label = "评论" if case.comment_id is not None else "动态"
    hidden = f"恢复显示的决定已撤销，原因：{reason_words(reason_code).zh}。其他人已看不到这条{subject_label}。"
    return NewNotification(
        account_id=case.author_id,
        kind="review_result",
        title=f"你的{subject_label}已恢复显示" if shown else f"你的{subject_label}已被移除",
        body="此前的处理已撤销。" if shown else hidden,
        once_key=f"verdict:{verdict_id}:undone",
        deep_link=None if case.post_id is None else f"/posts/{case.post_id}",
        subject={
            "kind": "comment" if case.comment_id is not None else "post",
            "id": str(case.comment_id or case.post_id),
            "verdict": "restore" if shown else "remove",
            "reason_code": reason_code,
            "stage": case.stage,
        },
    )


def sanction_notice(sanction: Sanction) -> NewNotification:
    """The notification of a new sanction."""
    until = "，直至解除" if sanction.until is None else f"至 {_local(sanction.until)}"
    return NewNotification(
        account_id=sanction.account_id,
        kind="system",
        title=f"你的账号已被{_SANCTIONED[sanction.kind]}",
        body=f"原因：{reason_words(sanction.reason_code).zh}。{_SANCTIONED[sanction.kind]}{until}。",
        once_key=f"sanction:{sanction.id}",
        subject={"kind": "sanction", "id": str(sanction.id), "reason_code": sanction.reason_code},
    )


def lifted_notice(sanction: Sanction) -> NewNotification:
    """The notification of a lifted sanction."""
    return NewNotification(
        account_id=sanction.account_id,
        kind="system",
        title=f"你的账号已解除{_SANCTIONED[sanction.kind]}",
        body="从现在起恢复正常使用。",
        once_key=f"sanction:{sanction.id}:lifted",
        subject={"kind": "sanction", "id": str(sanction.id), "reason_code": sanction.reason_code},
    )


def _local(at: datetime) -> str:
    return at.astimezone(_SHANGHAI).strftime("%Y年%m月%d日 %H:%M")
