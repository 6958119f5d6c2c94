"""Who may win: one reason at most for each entry, the gravest first. And what a settlement waits for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.campaigns.jury.quorum import Quorum, Tally
from feed.campaigns.model import time_text
from feed.prizes.model import Forced


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of an entry; whatever depends on time is as it was at the deadline."""

    post_id: int
    account_id: int
    person: bytes | None
    entered_at: datetime
    post_state: str
    # The judged revision; None while none is approved.
    revision: int | None
    bears_topic: bool
    media_count: int
    newest_waits: bool
    is_disqualified: bool
    is_erased: bool


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Of the rules, what decides who may win."""

    require_media: bool = False
    counts_quality: bool = True


def reason_of(facts: Facts, terms: Terms, author_reason: str | None) -> str | None:
    """Why the entry cannot win; None if it can. A wait is no reason. `author_reason` is why its author cannot."""
    if facts.post_state == "deleted" or facts.is_erased:
        return "withdrawn"
    if facts.post_state in ("removed", "rejected"):
        return facts.post_state
    if facts.is_disqualified:
        return "disqualified"
    if author_reason is not None:
        return author_reason
    if facts.revision is not None and not facts.bears_topic:
        return "topic_edited_out"
    if facts.revision is not None and terms.require_media and not facts.media_count:
        return "media_missing"
    return None


def is_waiting(facts: Facts) -> bool:
    """Whether a verdict that is still to come can change what is judged, or whether anything is judged at all."""
    return facts.post_state == "pending" or facts.revision is None or facts.newest_waits


def is_left_out(facts: Facts) -> bool:
    """Whether a settlement that does not wait has nothing to judge: the entry is skipped."""
    return facts.post_state == "pending" or (facts.post_state == "published" and facts.revision is None)


def blocks(
    able: Sequence[Facts],
    terms: Terms,
    *,
    quorum: Quorum,
    tallies: Sequence[Tally],
    waiting_comments: Sequence[tuple[int, int]],
) -> list[dict[str, Any]]:
    """What the settlement waits for among the entries that are able to win: nobody else is waited for."""
    found: list[dict[str, Any]] = [
        {"kind": "entry_waits", "post_id": str(facts.post_id)} for facts in able if is_waiting(facts)
    ]
    competing = {facts.post_id for facts in able}
    found += [
        {
            "kind": "mark_missing",
            "post_id": str(tally.post_id),
            "marks": tally.marks,
            "needed": quorum.marks_needed(tally.recused),
        }
        for tally in tallies
        if terms.counts_quality and tally.post_id in competing and quorum.is_short(tally)
    ]
    found += [
        {"kind": "comment_waits", "post_id": str(post_id), "comment_id": str(comment_id)}
        for post_id, comment_id in waiting_comments
        if post_id in competing
    ]
    return found


def forced_by(
    waiting: Sequence[dict[str, Any]], *, frozen_at: datetime, settle_at: datetime, reason: str | None
) -> Forced | None:
    """All that a sheet frozen now went over, its own time included; None where it went over nothing."""
    early = [{"kind": "before_settle_at", "settle_at": time_text(settle_at)}] if frozen_at < settle_at else []
    return Forced(reason, [*early, *waiting]) if early or waiting else None
