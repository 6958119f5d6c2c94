"""The claim deadline: how it is computed, and the same rule as a clause of the rules text."""

from datetime import datetime, timedelta

from feed.campaigns.model import Rules
from feed.campaigns.text_parts import BLANK, local_time

# How long before the deadline winners are reminded, and editors see unclaimed prizes.
ENDS_SOON = timedelta(days=2)


def claim_deadline(rules: Rules, notified_at: datetime) -> datetime:
    """Deadline of a winner notified at `notified_at`: `claim_days` later, or the fixed `claim_ends_at` where that is later."""
    ends_at = notified_at + timedelta(days=rules.claim_days)
    return max(ends_at, rules.claim_ends_at or ends_at)


def claim_deadline_text(rules: Rules) -> str:
    """The same as a clause of the rules text."""
    days = f"{rules.claim_days}天" if rules.claim_days else BLANK
    until = f"（领取截止不早于{local_time(rules.claim_ends_at, ends=True)}）" if rules.claim_ends_at else ""
    return f"在站内消息发出后{days}内{until}"
