"""Texts of notifications about prizes, settlements and objections, for winners and editors."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.text_rules import BEACON
from feed.inbox.model import NewNotification
from feed.prizes.model import Objection, ObjectionId, Remedy, Settlement, UnclaimedPrize, Winner, WinnerId
from feed.sms.model import SHANGHAI
from feed.texts import quoted

# Twenty prizes with the longest names.
_PRIZES_LONGEST = 1500
# What a settlement waits for, by the kind of block.
_BLOCK_NAMES = {"entry_waits": "待审作品", "mark_missing": "打分不足的入围作品", "comment_waits": "待审评论"}

# The keys of notifications of shipments begin with this.
SHIPPED = "shipped:"
SHIPMENT_REMOVED = "寄送信息已按规定删除。"

# Why a place has ended, by the reason of a forfeited winner.
_ENDED = {
    "post_deleted": "获奖者删除了获奖作品",
    "post_removed": "获奖作品被移除",
    "erased": "获奖者已注销账号",
}


def format_time(at: datetime) -> str:
    """The time in Chinese, for example 9月20日21:30, in the time zone of Shenzhen."""
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日{local:%H:%M}"


def format_prizes(prizes: Sequence[dict[str, Any]]) -> str:
    """The prizes of one winner with their quantities, in one line."""
    return "、".join(f"{prize['name']} ×{prize['per_winner']}" for prize in prizes)


def notice_key(winner_id: WinnerId) -> str:
    """The unique key of the message about a prize."""
    return f"prize:{winner_id}"


def reminder_key(winner_id: WinnerId) -> str:
    """The unique key of the reminder of a claim deadline."""
    return f"claim_deadline:{winner_id}"


def of_prize(winner: Winner, title: str) -> NewNotification:
    """To the winner: the prize, and the deadline for claiming it."""
    assert winner.claim_ends_at is not None
    return _prize_notice(
        winner,
        title=f"您在{quoted(title)}活动中获奖了",
        body=(
            f"恭喜您！您的作品入选{quoted(title)}活动，奖品：{quoted(format_prizes(winner.prizes), _PRIZES_LONGEST)}。"
            f"请在 {format_time(winner.claim_ends_at)} 前填写收件信息，逾期未填写视为放弃。名单正在公示。"
        ),
        event="prize",
    )


def of_lost_prize(winner: Winner, title: str) -> NewNotification:
    """To a winner who has lost the prize: the deadline passed, the post or account is gone, or editors have decided so."""
    if winner.state == "lapsed":
        text = f"{quoted(title)}活动的奖品已逾期", "您未在规定时间内填写收件信息，奖品已视为放弃。"
    elif winner.state_reason in ("objection_upheld", "replaced"):
        text = f"{quoted(title)}活动的获奖资格已取消", "公示期内经复核，您的获奖资格已取消。如有疑问，请联系主办方。"
    elif winner.state_reason == "settlement_undone":
        text = f"{quoted(title)}活动的结果已撤销", "公示期内有异议成立，本次结果已撤销，活动将重新评选。"
    elif winner.state_reason == "post_removed":
        text = (
            f"{quoted(title)}活动的获奖资格已取消",
            "您的获奖作品因违反规定被移除，按活动规则不再获奖。如有异议，请在公示期内就该作品提出异议，或联系主办方。",
        )
    elif winner.state_reason == "erased":
        text = f"{quoted(title)}活动的获奖资格已取消", "您的账号已注销，按活动规则奖品由候补者获得。"
    else:
        text = f"{quoted(title)}活动的获奖资格已取消", "您已删除获奖作品，按活动规则奖品由候补者获得。"
    return _prize_notice(winner, title=text[0], body=text[1], event=winner.state)


def of_ended_place(winner: Winner, editor_id: int, title: str) -> NewNotification:
    """To an editor: a place has ended without an editor's decision, and who holds it now is in the campaign's settlement."""
    why = _ENDED[winner.state_reason or ""]
    return NewNotification(
        account_id=editor_id,
        kind="system",
        title=f"{quoted(title)}活动第 {winner.place} 个名额有变动",
        body=f"{why}，按活动规则不再获奖，由候补者依次递补；没有候补者的，名额空出。请核对名单。",
        once_key=f"place_ended:{winner.id}",
        subject={"kind": "campaign", "id": str(winner.campaign_id)},
    )


def of_codes(winner: Winner, title: str) -> NewNotification:
    """To the winner: the result is final and claimed codes can be viewed."""
    return _prize_notice(
        winner,
        title="您的奖品码可以查看了",
        body=f"{quoted(title)}活动公示期已结束。请在“我的奖品”中查看，首次查看后一天内可再次查看，请妥善保存。",
        event="codes",
    )


def of_shipment(winner: Winner, *, carrier: str, tracking_no: str, stored_at: datetime) -> NewNotification:
    """To the winner: the parcel is shipped, or its tracking number was corrected.

    The number is in the text only, which is replaced when the claims are shredded (`SHIPMENT_REMOVED`).
    """
    return _prize_notice(
        winner,
        title="您的奖品已寄出",
        body=f"{quoted(carrier)}，单号{quoted(tracking_no)}。收到后请在“我的奖品”中确认。",
        event=f"{SHIPPED}{stored_at.isoformat()}",
    )


def of_deadline(due: UnclaimedPrize) -> NewNotification:
    """To the winner: the claim deadline is near."""
    return NewNotification(
        account_id=due.account_id,
        kind="claim_deadline",
        title=f"{quoted(due.title)}活动的奖品即将到期",
        body=f"您还没有填写收件信息，请在 {format_time(due.claim_ends_at)} 前填写，逾期视为放弃。",
        once_key=reminder_key(due.id),
        deep_link=f"/prizes/{due.id}",
        subject={"kind": "prize", "id": str(due.id), "campaign_id": str(due.campaign_id)},
    )


def of_blocks(
    campaign: PublishedCampaign, blocks: Sequence[dict[str, Any]], editor_ids: Sequence[int]
) -> list[NewNotification]:
    """To the editors: what the settlement waits for, once per editor and kind of block."""
    kinds = Counter(str(block["kind"]) for block in blocks)
    return [
        _of_block(campaign, editor_id, kind, count) for kind, count in sorted(kinds.items()) for editor_id in editor_ids
    ]


def _of_block(campaign: PublishedCampaign, editor_id: int, kind: str, count: int) -> NewNotification:
    return NewNotification(
        account_id=editor_id,
        kind="system",
        title=f"{quoted(campaign.title)}活动的评选在等待处理",
        body=f"还有 {count} 项未完成（{_BLOCK_NAMES.get(kind, '其他')}）。完成后系统自动评选，也可说明理由后立即评选，理由随结果公布。",
        once_key=f"settlement_blocked:{campaign.id}:{kind}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_number_wanted(
    settlement_id: int, campaign: PublishedCampaign, editor_id: int, name: str, *, not_before: datetime, until: datetime
) -> NewNotification:
    """To an editor: the list of a draw is published, and two editors have to enter the public number."""
    return NewNotification(
        account_id=editor_id,
        kind="system",
        title=f"{quoted(campaign.title)}活动在等待公开号码",
        body=(
            f"签单哈希已公布。请在 {format_time(until)} 前录入{quoted(name, BEACON.longest)}于 {format_time(not_before)} "
            "之后开出的第一期：期号、号码和开出时间，由两位编辑分别录入，一致后生效。"
        ),
        once_key=f"number_wanted:{settlement_id}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_decision(settlement: Settlement, editor_id: int, title: str) -> NewNotification:
    """To an editor: the campaign is settled, and two people have to announce the result."""
    return NewNotification(
        account_id=editor_id,
        kind="system",
        title=f"{quoted(title)}活动的评选已完成",
        body="结果尚未公开。请核对名单，由两位编辑先后确认后公布。",
        once_key=f"settled:{settlement.id}",
        subject={"kind": "campaign", "id": str(settlement.campaign_id)},
    )


def of_objection(objection_id: ObjectionId, campaign: PublishedCampaign) -> NewNotification:
    """To the campaign's editor: there is an objection, which an editor who is not involved has to answer."""
    return NewNotification(
        account_id=campaign.created_by,
        kind="system",
        title=f"{quoted(campaign.title)}活动收到异议",
        body="请安排未参与本活动组织、评审和公布的编辑答复。未答复前，结果不会生效为最终结果。",
        once_key=f"objection:{objection_id}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def of_answer(objection: Objection, title: str, answer: str, *, upheld: bool) -> NewNotification:
    """To the participant who has objected: the answer."""
    return NewNotification(
        account_id=objection.account_id,
        kind="system",
        title=f"您对{quoted(title)}活动的异议{'成立' if upheld else '已答复'}",
        body=answer,
        once_key=f"objection_answered:{objection.id}",
        subject={"kind": "campaign", "id": str(objection.campaign_id)},
    )


def of_upheld(
    objection_id: ObjectionId, campaign: PublishedCampaign, remedy: Remedy, rank: int | None
) -> NewNotification:
    """To the campaign's editor: an objection is upheld, and another person than its answerer has to carry out the remedy."""
    what = "撤销结果并重新评选" if remedy == "settle_again" else f"更换第 {rank} 名获奖者"
    return NewNotification(
        account_id=campaign.created_by,
        kind="system",
        title=f"{quoted(campaign.title)}活动有异议成立",
        body=f"需由答复人以外的另一位编辑{what}。完成前，结果不会生效为最终结果。",
        once_key=f"objection_upheld:{objection_id}",
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def _prize_notice(winner: Winner, *, title: str, body: str, event: str) -> NewNotification:
    return NewNotification(
        account_id=winner.account_id,
        kind="prize",
        title=title,
        body=body,
        once_key=f"{event}:{winner.id}",
        deep_link=f"/prizes/{winner.id}",
        subject={"kind": "prize", "id": str(winner.id), "campaign_id": str(winner.campaign_id)},
    )
