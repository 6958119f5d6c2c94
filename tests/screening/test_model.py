from feed.screening.model import PASSED, Label, MachineResult


def label(code: str, level: str) -> Label:
    return Label(code, level, "词", 0, 1, "words")  # type: ignore[arg-type]


def test_the_reason_is_that_of_the_strictest_hit() -> None:
    result = MachineResult("block", 90, [label("spam", "review"), label("porn", "block"), label("fraud", "block")])
    assert result.reason_code == "porn"


def test_a_text_that_passed_has_no_reason() -> None:
    assert PASSED.reason_code is None


def test_a_result_is_stored_with_the_place_of_each_hit() -> None:
    stored = MachineResult("review", 40, [label("spam", "review")], 7).stored()
    assert stored == {
        "verdict": "review",
        "risk": 40,
        "labels": [{"label": "spam", "level": "review", "term": "词", "start": 0, "length": 1, "layer": "words"}],
        "list_version": 7,
        "provider": "local",
    }
