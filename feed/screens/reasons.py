"""The words of reason codes, with what each of them is a reason of."""

from typing import Literal, get_args

import msgspec

from feed.campaigns.scoring.disclosure import OTHER
from feed.campaigns.scoring.engagement import ExclusionReason, PersonReason
from feed.prizes.draw.model import CorrectionReason
from feed.prizes.settlement.eligibility import EntryReason, SkipReason
from feed.reasons import (
    WORDS,
    AdverseReason,
    DisqualificationReason,
    ReasonSubject,
    ReinstatementReason,
    ReplacementReason,
    ReportReason,
    RequeueReason,
    VerdictName,
    VerdictReason,
    VoidReason,
    use_of,
)
from feed.renditions.model import FailureCode

# What is given by readers: a report. What is given by staff: a verdict, a sanction, a void, a disqualification, a reinstatement, the replacement of a winner, a
# correction of a public number.
# What is found: `engagement`, a like or a commenter that does not count; `participant`, a person who cannot win; `entry`, an
# entry without a rank, or without a row; `media`, a photo or a video that cannot be shown.
Purpose = Literal[
    "verdict",
    "report",
    "sanction",
    "void",
    "disqualification",
    "reinstatement",
    "requeue",
    "replacement",
    "correction",
    "engagement",
    "participant",
    "entry",
    "media",
]
_CODES: dict[Purpose, tuple[str, ...]] = {
    "verdict": get_args(VerdictReason),
    "report": get_args(ReportReason),
    "sanction": get_args(AdverseReason),
    "void": get_args(VoidReason),
    "disqualification": get_args(DisqualificationReason),
    "reinstatement": get_args(ReinstatementReason),
    "requeue": get_args(RequeueReason),
    "replacement": get_args(ReplacementReason),
    "correction": get_args(CorrectionReason),
    "engagement": (*get_args(ExclusionReason), OTHER),
    "participant": get_args(PersonReason),
    "entry": (*get_args(EntryReason), *get_args(SkipReason), "not_eligible"),
    "media": get_args(FailureCode),
}


class ReasonCard(msgspec.Struct, frozen=True):
    """A reason in both languages. `applies_to`: what it is a reason of."""

    code: str
    zh: str
    en: str
    applies_to: list[Purpose]


class VerdictReasonCard(ReasonCard, frozen=True):
    """A reason of verdicts, with the verdicts that it is one of and what it can be about."""

    verdicts: list[VerdictName]
    subjects: list[ReasonSubject]


def verdict_reason_cards() -> list[VerdictReasonCard]:
    """The reasons of verdicts."""
    uses = {code: use_of(code) for code in get_args(VerdictReason)}
    return [
        VerdictReasonCard(
            card.code, card.zh, card.en, card.applies_to, list(uses[card.code].verdicts), list(uses[card.code].subjects)
        )
        for card in reason_cards("verdict")
    ]


def reason_cards(purpose: Purpose | None = None) -> list[ReasonCard]:
    """The reasons of this purpose, by default of all, each code once."""
    cards = [
        ReasonCard(code, words.zh, words.en, [each for each, codes in _CODES.items() if code in codes])
        for code, words in WORDS.items()
    ]
    return [card for card in cards if purpose is None or purpose in card.applies_to]
