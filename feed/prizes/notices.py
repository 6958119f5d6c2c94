"""Notifications about prizes, settlements and objections, for winners and editors."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from feed.campaigns.inputs import by_method
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.inbox.model import NewNotification
from feed.links import prize_page
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
from feed.sms.model import SHANGHAI

# The keys of notifications of shipments begin with this.
SHIPPED = "shipped:"
SHIPMENT_REMOVED = "prize.shipment_removed"

# What the notification of an ended place says, by the reason of a forfeited winner.
_ENDED = {
    "post_deleted": "prize.post_deleted",
    "post_removed": "prize.post_removed",
    # The template names what the winner has taken part with.
    "comment_deleted": "prize.post_deleted",
    "comment_removed": "prize.post_removed",
    "erased": "prize.erased",
    "settlement_undone": "prize.undone",
}


def format_time(at: datetime) -> str:
    """The time in Chinese for an SMS, for example 9月20日21:30, in the time zone of Shenzhen."""
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


def of_prize(winner: Winner, campaign: PublishedCampaign) -> NewNotification:
    """To the winner: the prize, and the deadline for claiming it."""
    assert winner.claim_ends_at is not None
    prizes = [{"name": prize["name"], "per_winner": prize["per_winner"]} for prize in winner.prizes]
    said = {"campaign": campaign.title, "prizes": prizes, "until": winner.claim_ends_at}
    return _prize_notice(winner, by_method("prize.won", campaign.method), said, event="prize")


def of_lost_prize(
    winner: Winner, campaign: PublishedCampaign, *, now: datetime, why: str | None = None
) -> NewNotification:
    """To a winner who has lost the prize: the deadline passed, the post or account is gone, or editors have decided so.

    `why`: of a replaced winner, the public reason as in `replaced_because`; what the editors wrote stays with them. It names
    the organiser's contact, and until when the winner may object if that is possible at `now`.
    """
    until = campaign.objections_end_at
    said: dict[str, Any] = {
        "campaign": campaign.title,
        "contact": campaign.contact,
        "until": until if until is not None and now < until else None,
    }
    if winner.state == "lapsed":
        return _prize_notice(winner, "prize.lapsed", said, event="lapsed")
    said["entry"] = "post" if winner.post_id else "comment" if winner.comment_id else "like"
    said["why"] = why or replaced_because(None)
    # A reason without words of its own must not keep the place from being passed on.
    template = by_method(_ENDED.get(winner.state_reason or "", "prize.replaced"), campaign.method)
    return _prize_notice(winner, template, said, event=winner.state)


def replaced_because(kind: ObjectionKind | None) -> str:
    """The public reason of a replacement: an upheld objection of that kind, or a decision of two editors without one."""
    return "replaced" if kind is None else f"objection_{kind}"


def of_ended_place(winner: Winner, editor_id: int, campaign: PublishedCampaign) -> NewNotification:
    """To an editor: a place has ended without an editor's decision, and who holds it now is in the campaign's settlement."""
    return NewNotification(
        account_id=editor_id,
        kind="system",
        template=by_method("place.ended", campaign.method),
        params={"campaign": campaign.title, "place": winner.place, "why": winner.state_reason},
        once_key=f"place_ended:{winner.id}",
        subject={"kind": "campaign", "id": str(winner.campaign_id)},
    )


def of_codes(winner: Winner, title: str) -> NewNotification:
    """To the winner: the result is final and claimed codes can be viewed."""
    return _prize_notice(winner, "prize.codes", {"campaign": title}, event="codes")


def of_shipment(winner: Winner, *, carrier: str, tracking_no: str, stored_at: datetime) -> NewNotification:
    """To the winner: the parcel is shipped, or its tracking number was corrected.

    The number is in the parameters only, which are removed when the claims are shredded (`SHIPMENT_REMOVED`).
    """
    said = {"carrier": carrier, "tracking_no": tracking_no}
    return _prize_notice(winner, "prize.shipped", said, event=f"{SHIPPED}{stored_at.isoformat()}")


def of_deadline(due: UnclaimedPrize) -> NewNotification:
    """To the winner: the claim deadline is near."""
    return NewNotification(
        account_id=due.account_id,
        kind="claim_deadline",
        template="prize.claim_due",
        params={"campaign": due.title, "until": due.claim_ends_at},
        once_key=reminder_key(due.id),
        deep_link=prize_page(due.id),
        subject={"kind": "prize", "id": str(due.id), "campaign_id": str(due.campaign_id)},
    )


def of_blocks(
    campaign: PublishedCampaign, blocks: Sequence[dict[str, Any]], editor_ids: Sequence[int]
) -> list[NewNotification]:
    """To the editors: what the settlement waits for, once per editor and kind of block."""
    kinds = Counter(str(block["kind"]) for block in blocks)
    return [
        _to_editor(
            campaign,
            editor_id,
            by_method("settlement.blocked", campaign.method),
            {"count": count, "block": kind},
            once_key=f"settlement_blocked:{campaign.id}:{kind}",
        )
        for kind, count in sorted(kinds.items())
        for editor_id in editor_ids
    ]


def of_number_wanted(
    settlement_id: int, campaign: PublishedCampaign, editor_id: int, name: str, *, not_before: datetime, until: datetime
) -> NewNotification:
    """To an editor: the list of a draw is published, and two editors have to enter the public number."""
    said = {"beacon": name, "not_before": not_before, "until": until}
    return _to_editor(campaign, editor_id, "draw.number_wanted", said, once_key=f"number_wanted:{settlement_id}")


def of_decision(settlement: Settlement, campaign: PublishedCampaign) -> NewNotification:
    """To the campaign's editor: it is settled, and two people have to announce the result."""
    template = by_method("settlement.decided", campaign.method)
    return _to_editor(campaign, campaign.created_by, template, {}, once_key=f"settled:{settlement.id}")


def of_objection(objection_id: ObjectionId, campaign: PublishedCampaign) -> NewNotification:
    """To the campaign's editor: there is an objection, which an editor who is not involved has to answer."""
    return _to_editor(campaign, campaign.created_by, "objection.received", {}, once_key=f"objection:{objection_id}")


def of_answer(objection: Objection, title: str, answer: str, *, upheld: bool) -> NewNotification:
    """To the participant who has objected: the answer."""
    return NewNotification(
        account_id=objection.account_id,
        kind="system",
        template="objection.upheld" if upheld else "objection.answered",
        params={"campaign": title, "answer": answer},
        once_key=f"objection_answered:{objection.id}",
        subject={"kind": "campaign", "id": str(objection.campaign_id)},
    )


def of_upheld(
    objection_id: ObjectionId, campaign: PublishedCampaign, remedy: Remedy, rank: int | None
) -> NewNotification:
    """To the campaign's editor: an objection is upheld, and another person than its answerer has to carry out the remedy."""
    return _to_editor(
        campaign,
        campaign.created_by,
        by_method(f"objection.{remedy}", campaign.method),
        {} if rank is None else {"rank": rank},
        once_key=f"objection_upheld:{objection_id}",
    )


def _to_editor(
    campaign: PublishedCampaign, editor_id: int, template: str, said: dict[str, Any], *, once_key: str
) -> NewNotification:
    return NewNotification(
        account_id=editor_id,
        kind="system",
        template=template,
        params={"campaign": campaign.title, **said},
        once_key=once_key,
        subject={"kind": "campaign", "id": str(campaign.id)},
    )


def _prize_notice(winner: Winner, template: str, said: dict[str, Any], *, event: str) -> NewNotification:
    return NewNotification(
        account_id=winner.account_id,
        kind="prize",
        template=template,
        params=said,
        once_key=f"{event}:{winner.id}",
        deep_link=prize_page(winner.id),
        subject={"kind": "prize", "id": str(winner.id), "campaign_id": str(winner.campaign_id)},
    )
