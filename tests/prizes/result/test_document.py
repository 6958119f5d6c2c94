"""The result as a pure function of the frozen sheet: rows in any order give the same document, which verifies."""

import itertools
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.model import FREEZE_AFTER, Prize, rules_document, rules_sha256
from feed.keys.signatures import canonical, sign_document
from feed.keys.store import Keys, open_keys
from feed.prizes.model import Settlement, SheetRow
from feed.prizes.result.decision import decide
from feed.prizes.result.verify import verify_result
from tests.support.make import DAY
from tests.support.results import ENDS_AT, RULES

SETTLEMENT = Settlement(
    id=1,
    campaign_id=7,
    rules_version=1,
    frozen_at=ENDS_AT + FREEZE_AFTER,
    skipped=[],
    has_result=False,
    salt=b"s" * 32,
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return open_keys(Path(tmp_path_factory.mktemp("keys")) / "keys", create=True)


# Few values each, so that ties and persons with several entries are the rule.
rows = st.builds(
    SheetRow,
    post_id=st.integers(1, 2**62),
    account_id=st.integers(1, 4),
    person=st.sampled_from([b"a", b"b", b"c", b"d"]),  # Accounts without a verified phone are not eligible.
    entered_at=st.integers(1, 3).map(lambda hours: ENDS_AT - timedelta(hours=hours)),
    revision=st.just(1),
    quality=st.sampled_from([Decimal(0), Decimal("66.5"), Decimal(100)]),
    likes_counted=st.sampled_from([0, 1, 1000, 1001]),
    commenters_counted=st.sampled_from([0, 3]),
    eligible=st.just(True),
    reason_code=st.none(),
    excluded=st.just([]),
) | st.builds(
    SheetRow,
    post_id=st.integers(1, 2**62),
    account_id=st.integers(5, 6),
    person=st.sampled_from([b"", b"e"]),
    entered_at=st.just(ENDS_AT - DAY),
    revision=st.just(1),
    quality=st.just(Decimal(100)),
    likes_counted=st.just(1000),
    commenters_counted=st.just(200),
    eligible=st.just(False),
    reason_code=st.sampled_from(["juror", "removed"]),
    excluded=st.just([]),
)
sheets = st.lists(rows, max_size=12, unique_by=lambda row: row.post_id)


@given(sheets, st.randoms(use_true_random=False), st.permutations(["quality", "likes", "comments", "earliest"]))
def test_any_sheet_in_any_order_gives_the_same_bytes_and_they_verify(
    keys: Keys, sheet: list[SheetRow], random: Random, ties: list[str]
) -> None:
    rules = msgspec.structs.replace(RULES, tie_break=tuple(ties))
    document = rules_document(rules)
    shuffled = list(sheet)
    random.shuffle(shuffled)
    one, other = (
        decide(SETTLEMENT, each, rules=rules, document=document, sha256=rules_sha256(document))
        for each in (sheet, shuffled)
    )
    text = canonical(one.outcome)
    assert canonical(other.outcome) == text
    assert (other.places, other.reserves) == (one.places, one.reserves)

    finding = verify_result(sign_document(one.outcome, keys.sign), keys.public_keys().keys)
    assert finding.is_valid, finding.problems

    persons = [*(each.person for each in one.outcome.winners), *(each.person for each in one.outcome.reserves)]
    assert len(set(persons)) == len(persons)
    eligible = {row.person for row in sheet if row.eligible}
    assert len(one.outcome.winners) == min(RULES.winner_count, len(eligible))
    ranked = sorted((row for row in one.outcome.sheet if row.rank is not None), key=lambda row: row.rank or 0)
    assert all(Decimal(str(a.score)) >= Decimal(str(b.score)) for a, b in itertools.pairwise(ranked))


@given(sheets)
def test_in_rows_that_cannot_win_two_accounts_of_a_person_have_nothing_in_common(
    keys: Keys, sheet: list[SheetRow]
) -> None:
    settlement = msgspec.structs.replace(SETTLEMENT, unlinked=True)
    document = rules_document(RULES)
    outcome = decide(settlement, sheet, rules=RULES, document=document, sha256=rules_sha256(document)).outcome
    assert verify_result(sign_document(outcome, keys.sign), keys.public_keys().keys).is_valid
    by_post = {str(row.post_id): row for row in sheet}
    for one, other in itertools.combinations(outcome.sheet, 2):
        first, second = by_post[str(one.post_id)], by_post[str(other.post_id)]
        if first.eligible and second.eligible:
            assert (one.person == other.person) is (first.person == second.person)
        else:
            unranked = not first.eligible and not second.eligible
            assert (one.person == other.person) is (unranked and first.account_id == second.account_id)


@pytest.mark.parametrize(("unlinked", "excluded"), [(False, {"juror": 1, "removed": 1}), (True, {"other": 2})])
def test_a_number_about_a_few_entries_is_in_one_sum(unlinked: bool, excluded: dict[str, int]) -> None:
    barred = [
        SheetRow(
            post_id=number,
            account_id=number,
            person=b"p%d" % number,
            entered_at=ENDS_AT - DAY,
            revision=1,
            quality=Decimal(0),
            likes_counted=0,
            commenters_counted=0,
            eligible=False,
            reason_code=reason,
            excluded=[],
        )
        for number, reason in enumerate(("juror", "removed"), start=1)
    ]
    settlement = msgspec.structs.replace(SETTLEMENT, unlinked=unlinked)
    document = rules_document(RULES)
    outcome = decide(settlement, barred, rules=RULES, document=document, sha256=rules_sha256(document)).outcome
    assert outcome.counts.excluded == excluded


@given(st.lists(rows, max_size=3, unique_by=lambda row: row.post_id), st.text(), st.text())
def test_its_bytes_are_those_of_rfc_8785(keys: Keys, sheet: list[SheetRow], title: str, prize: str) -> None:
    rules = msgspec.structs.replace(RULES, title=title, prizes=(Prize(prize, "goods", 1, Decimal(1)),))
    document = rules_document(rules)
    outcome = decide(SETTLEMENT, sheet, rules=rules, document=document, sha256=rules_sha256(document)).outcome
    signature = keys.sign(canonical(outcome))
    plain = msgspec.to_builtins(outcome)
    assert canonical(outcome) == rfc8785.dumps(plain)
    assert sign_document(outcome, keys.sign) == rfc8785.dumps(plain | {"signature": msgspec.to_builtins(signature)})
