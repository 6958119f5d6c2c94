"""The notifications of takedowns. Pure."""

from feed.inbox.model import NewNotification
from feed.links import post_page
from feed.moderation.takedowns.model import Takedown, TargetKind

_TEMPLATES: dict[TargetKind, str] = {
    "post": "takedown.item",
    "comment": "takedown.item",
    "user": "takedown.user",
    "topic": "takedown.topic",
    "image_hash": "takedown.image",
}


def takedown_notice(takedown: Takedown, account_id: int) -> NewNotification:
    """The notification of an author whose items are hidden, once per takedown."""
    return _notice(takedown, account_id, "", takedown.reason_code)


def lifted_notice(takedown: Takedown, account_id: int) -> NewNotification:
    """The notification of an author that a takedown has ended, once per takedown."""
    return _notice(takedown, account_id, "_lifted", None)


def _notice(takedown: Takedown, account_id: int, ending: str, reason_code: str | None) -> NewNotification:
    subject: dict[str, str] = {
        "kind": takedown.kind,
        "id": takedown.target,
        "verdict": "restore" if ending else "remove",
    }
    params: dict[str, str] = {"subject": takedown.kind}
    if reason_code is not None:
        subject["reason_code"] = params["reason"] = reason_code
    return NewNotification(
        account_id=account_id,
        kind="review_result",
        template=_TEMPLATES[takedown.kind] + ending,
        params=params,
        once_key=f"takedown:{takedown.id}{ending}",
        deep_link=None if takedown.post_id is None else post_page(takedown.post_id),
        subject=subject,
    )
