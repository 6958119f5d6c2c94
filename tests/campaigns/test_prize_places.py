"""Prizes of some places: which place gets which, and what is rejected before publication."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns import actions
from feed.campaigns.model import Prize, Rules, rules_document
from feed.campaigns.prize_places import count_places, has_place, prize_numbers, prizes_of, tiers_of
from feed.campaigns.rules.draft import merge_fields, read_rules
from feed.campaigns.rules.text import rules_text
from feed.errors import Invalid
from tests.support.amendments import RULES
from tests.support.campaign_drafts import fields, full, published, seen
from tests.support.campaigns import Stage

GOODS: dict[str, Any] = {"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": "59.90"}
FIRST, SECOND = {**GOODS, "name": "相机", "places": [1, 1]}, {**GOODS, "name": "书", "places": [2, 4]}


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    count = draw(st.integers(1, 9))
    place = st.integers(1, count)
    ranges = st.none() | st.tuples(place, place).map(lambda pair: tuple(sorted(pair)))
    prizes = tuple(
        Prize(f"奖品{n}", "goods", 1, Decimal(n + 1), places=places)
        for n, places in enumerate(draw(st.lists(ranges, max_size=5)))
    )
    return msgspec.structs.replace(RULES, winner_count=count, prizes=prizes)


@given(rules())
def test_each_place_gets_the_prizes_that_name_it_in_their_order(given_rules: Rules) -> None:
    document = rules_document(given_rules)
    tiers = tiers_of(given_rules)
    assert [place for tier in tiers for place in range(tier.first, tier.last + 1)] == [
        *range(1, given_rules.winner_count + 1)
    ]
    for place in range(1, given_rules.winner_count + 1):
        named = [
            (number, prize.name)
            for number, prize in enumerate(given_rules.prizes, 1)
            if prize.places is None or place in range(prize.places[0], prize.places[1] + 1)
        ]
        assert prize_numbers(document, place) == [number for number, _ in named]
        assert [prize["name"] for prize in prizes_of(document, place)] == [name for _, name in named]
        (tier,) = (each for each in tiers if each.first <= place <= each.last)
        assert [prize.name for prize in tier.prizes] == [name for _, name in named]
    for prize in given_rules.prizes:
        counted = sum(has_place(prize.places, place) for place in range(1, given_rules.winner_count + 1))
        assert count_places(prize.places, given_rules.winner_count) == counted


@pytest.mark.parametrize(
    ("prizes", "found"),
    [
        ([FIRST, SECOND], []),
        ([GOODS, FIRST], []),
        ([{**GOODS, "places": [1, 4]}], []),
        ([{**GOODS, "places": None}], []),
        ([FIRST], [("prizes", "places_without_prize", {"places": "2–4"})]),
        ([FIRST, {**SECOND, "places": [3, 4]}], [("prizes", "places_without_prize", {"places": "2"})]),
        ([{**GOODS, "places": [1, 5]}], [("prizes[0].places", "beyond_winners", {"last": 5, "most": 4})]),
        ([{**GOODS, "places": [3, 2]}, GOODS], [("prizes[0].places", "last_before_first", {"first": 3, "last": 2})]),
        ([GOODS, {**GOODS, "places": [0, 2]}], [("prizes[1].places[0]", "out_of_range", {"least": 1, "most": 100})]),
    ],
)
def test_what_keeps_tiers_from_being_published(
    prizes: list[dict[str, Any]], found: list[tuple[str, str, dict[str, Any]]]
) -> None:
    _, problems = read_rules(merge_fields({}, fields(**full(winner_count=4, prizes=prizes))), publishing=True)
    assert [(each.field, each.code, each.params) for each in problems] == found


def test_places_wait_for_the_number_of_winners_in_a_draft() -> None:
    _, problems = read_rules(merge_fields({}, fields(title="读书", prizes=[SECOND])), publishing=False)
    assert problems == []


@pytest.mark.parametrize("places", [[], [1], [1, 2, 3], "1", 1, [1, None], [1, "2"], [1.5, 2]])
def test_places_are_two_whole_numbers(places: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        fields(prizes=[{**GOODS, "places": places}])


def test_the_legal_value_of_a_draw_is_that_of_the_best_place() -> None:
    dear = {**GOODS, "value_cny": "30000"}
    each = [{**dear, "places": [1, 1]}, {**dear, "places": [2, 4]}]
    for prizes, found in ((each, []), ([*each, {**dear, "places": [1, 4]}], ["draw_value_too_high"])):
        draft = merge_fields({}, fields(**full(method="draw", beacon="福彩", winner_count=4, prizes=prizes)))
        _, problems = read_rules(draft, publishing=True)
        assert [problem.code for problem in problems] == found


def test_the_rules_text_names_each_tier_and_who_takes_a_free_place() -> None:
    draft = merge_fields({}, fields(**full(winner_count=4, prizes=[GOODS, FIRST, SECOND])))
    rules, problems = read_rules(draft, publishing=True)
    assert not problems
    text = rules_text(rules)
    assert "一等奖1名（第1名），获得好书" in text
    assert "二等奖3名（第2名至第4名），每人获得好书" in text
    assert "由候补依次递补，递补者取得该名额及其奖品" in text


async def test_after_the_opening_the_last_tier_may_grow_and_no_place_loses_a_prize(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True, winner_count=4, prizes=[FIRST, SECOND])

    async def change(**changed: Any) -> None:
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**changed))

    await change(winner_count=6, prizes=[FIRST, {**SECOND, "places": [2, 6]}])
    assert (await seen(stage, campaign)).winner_count == 6
    for prizes in (
        [FIRST, {**SECOND, "places": [2, 5]}],
        [{**FIRST, "places": [2, 2]}, {**SECOND, "places": [1, 6]}],
        [FIRST],
    ):
        with pytest.raises(Invalid) as raised:
            await change(prizes=prizes)
        assert "prizes" in [error.field for error in raised.value.errors]
    with pytest.raises(Invalid) as raised:
        await change(winner_count=7)
    assert [error.code for error in raised.value.errors] == ["places_without_prize"]


def test_rules_of_earlier_versions_have_no_places() -> None:
    document = rules_document(RULES)
    for prize in document["prizes"]:
        del prize["places"]
    assert prizes_of(document, 1) == prizes_of(document, 3) != []
