"""Which entries may win, and what a settlement waits for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from feed.campaigns.jury.quorum import Quorum, Tally
from feed.campaigns.model import time_text
from feed.campaigns.scoring.engagement import ExclusionReason
from feed.prizes.model import Forced

# Why an entry cannot win, besides the reasons of its author: docs/explanation/fairness.md has who sets them and when they count.
EntryReason = Literal["withdrawn", "removed", "rejected", "disqualified", "topic_edited_out", "media_missing"]

# Why a settlement leaves out an entry of which nothing else is wrong.
SkipReason = Literal["awaiting_review", "media_processing", "media_failed"]


class EntryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about an entry that decide whether it may win, as of the end of the campaign."""

    post_id: int
    account_id: int
    person: bytes | None
    entered_at: datetime
    # Apart from media that are not ready.
    post_state: str
    # The judged revision; None if no revision is approved.
    revision: int | None
    bears_topic: bool
    media_count: int
    newest_waits: bool
    # Media of the judged revision, or of the one that hides the post: some may become ready, or some never will.
    media_wait: bool
    media_failed: bool
    is_disqualified: bool
    is_erased: bool


class EligibilityTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the rules that decides which entries may win."""

    require_media: bool = False
    counts_quality: bool = True


def reason_of(
    facts: EntryFacts, terms: EligibilityTerms, author_reason: ExclusionReason | None
) -> EntryReason | ExclusionReason | None:
    """The reason code of an entry that cannot win, the most serious one; None if it can win.

    `author_reason` is the reason code of an author who cannot win. A pending review is no reason.
    """
    if facts.post_state == "deleted" or facts.is_erased:
        return "withdrawn"
    if facts.post_state == "removed":
        return "removed"
    if facts.post_state == "rejected":
        return "rejected"
    if facts.is_disqualified:
        return "disqualified"
    if author_reason is not None:
        return author_reason
    if facts.revision is not None and not facts.bears_topic:
        return "topic_edited_out"
    if facts.revision is not None and terms.require_media and not facts.media_count:
        return "media_missing"
    return None


def is_waiting(facts: EntryFacts) -> bool:
    """Whether a pending verdict decides which revision is judged, or whether any is."""
    return facts.post_state == "pending" or facts.revision is None or facts.newest_waits


def is_skipped(facts: EntryFacts) -> bool:
    """Whether a forced settlement skips the entry, because no revision of it can be judged."""
    return facts.post_state == "pending" or (facts.post_state == "published" and facts.revision is None)


def has_lost_media(facts: EntryFacts) -> bool:
    """Whether neither a verdict nor time makes what was sent visible: the settlement does not wait for such an entry."""
    return facts.media_failed and not facts.media_wait


def skip_reason(facts: EntryFacts) -> SkipReason | None:
    """Why the sheet has no row of an entry of which nothing else is wrong; None if it has one."""
    if has_lost_media(facts):
        return "media_failed"
    if is_skipped(facts):
        return "awaiting_review"
    return "media_processing" if facts.media_wait else None


def find_blocks(
    eligible: Sequence[EntryFacts],
    terms: EligibilityTerms,
    *,
    quorum: Quorum,
    tallies: Sequence[Tally],
    waiting_comments: Sequence[tuple[int, int]],
) -> list[dict[str, Any]]:
    """What the settlement waits for. Only entries that may win can block it."""
    eligible = [facts for facts in eligible if not has_lost_media(facts)]
    found: list[dict[str, Any]] = [
        {"kind": "entry_waits", "post_id": str(facts.post_id)} for facts in eligible if is_waiting(facts)
    ]
    found += [{"kind": "media_processing", "post_id": str(facts.post_id)} for facts in eligible if facts.media_wait]
    eligible_ids = {facts.post_id for facts in eligible}
    found += [
        {
            "kind": "mark_missing",
            "post_id": str(tally.post_id),
            "marks": tally.marks,
            "needed": quorum.marks_needed(tally.recused),
        }
        for tally in tallies
        if terms.counts_quality and tally.post_id in eligible_ids and quorum.is_short(tally)
    ]
    found += [
        {"kind": "comment_waits", "post_id": str(post_id), "comment_id": str(comment_id)}
        for post_id, comment_id in waiting_comments
        if post_id in eligible_ids
    ]
    return found


def forced_by(
    waiting: Sequence[dict[str, Any]], *, frozen_at: datetime, settle_at: datetime, reason: str | None
) -> Forced | None:
    """What a freeze at `frozen_at` did not wait for, the time of settlement included; None if it waited for everything."""
    early = [{"kind": "before_settle_at", "settle_at": time_text(settle_at)}] if frozen_at < settle_at else []
    return Forced(reason, [*early, *waiting]) if early or waiting else None
