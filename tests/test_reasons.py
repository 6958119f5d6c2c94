"""The words of reason codes."""

from typing import get_args

import pytest

from feed.campaigns.scoring.engagement import ExclusionReason, PersonReason
from feed.prizes.draw.model import CorrectionReason
from feed.prizes.result.document import PublicReason, public_reason
from feed.prizes.settlement.eligibility import EntryReason, SkipReason
from feed.reasons import (
    OTHER,
    WORDS,
    AdverseReason,
    DisqualificationReason,
    ReinstatementReason,
    ReplacementReason,
    ReportReason,
    RequeueReason,
    VerdictReason,
    VoidReason,
    listed,
    reason_words,
)
from feed.renditions.model import FailureCode
from feed.screens.reasons import Purpose, reason_cards

KINDS = (
    *(
        VerdictReason,
        ReportReason,
        AdverseReason,
        VoidReason,
        DisqualificationReason,
        ReinstatementReason,
        RequeueReason,
        ReplacementReason,
    ),
    *(ExclusionReason, PersonReason, CorrectionReason, EntryReason, SkipReason, FailureCode),
)


def test_every_code_has_words_and_all_words_have_a_code() -> None:
    codes = {code for kind in KINDS for code in get_args(kind)} | {"not_eligible"}
    assert codes == WORDS.keys()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_words_of_two_codes_differ(language: str) -> None:
    texts = [getattr(words, language) for words in WORDS.values()]
    assert all(text.strip() == text and text for text in texts)
    assert len(set(texts)) == len(texts)


def test_each_code_says_what_it_is_a_reason_of() -> None:
    cards = reason_cards()
    assert [card.code for card in cards] == list(WORDS)
    assert all(card.applies_to for card in cards)
    found = {card.code: card.applies_to for card in cards}
    assert found["spam"] == ["verdict", "report", "sanction", "void", "disqualification"]
    assert found["other"] == [
        "verdict",
        "report",
        "sanction",
        "void",
        "disqualification",
        "reinstatement",
        "requeue",
        "replacement",
        "engagement",
    ]
    assert found["banned"] == ["engagement", "participant"]
    assert found["not_eligible"] == ["entry"]
    assert {purpose for card in cards for purpose in card.applies_to} == set(get_args(Purpose))


def test_what_is_against_an_author_has_no_reason_in_favour() -> None:
    for purpose in ("sanction", "void", "disqualification", "replacement"):
        codes = {card.code for card in reason_cards(purpose)}
        assert codes
        assert not codes & {"fine", "mistaken", "checked", "appeal"}


def test_a_code_of_an_earlier_version_is_another_reason() -> None:
    assert reason_words("own_code_7") == OTHER
    assert listed("own_code_7", VoidReason) == "other"
    assert listed("bought", VoidReason) == "bought"


def test_the_reasons_of_persons_are_published_as_one() -> None:
    for reason in get_args(EntryReason):
        assert public_reason(reason) == reason
    for reason in get_args(PersonReason):
        assert public_reason(reason) == "not_eligible"
    assert {"not_eligible", *get_args(EntryReason)} == set(get_args(PublicReason))
