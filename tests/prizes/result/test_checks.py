"""Problems of changed results: each check by itself, on the result of the vector."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feed.campaigns.model import rules_sha256
from feed.keys.signatures import PublicKeys
from feed.prizes.result.verify import verify_result

VECTOR = Path(__file__).with_name("result_vector.json")
# The result of a draw, signed by 0.1.0: published results stay verifiable.
DRAW_VECTOR = json.loads(Path(__file__).with_name("draw_result_vector.json").read_text("utf-8"))


def problems_after(change: Callable[[dict[str, Any]], object]) -> list[tuple[str, str]]:
    document = json.loads(json.loads(VECTOR.read_text("utf-8"))["document"])
    change(document)
    finding = verify_result(json.dumps(document).encode(), None)
    return [(problem.code, problem.where) for problem in finding.problems]


def rules(**changed: Any) -> Callable[[dict[str, Any]], object]:
    """Changes rules and their hash; None removes a member."""

    def change(document: dict[str, Any]) -> None:
        campaign = document["campaign"]
        campaign["rules"] = {k: v for k, v in (campaign["rules"] | changed).items() if v is not None}
        campaign["rules_sha256"] = rules_sha256(campaign["rules"])

    return change


def test_texts_that_an_earlier_version_published_leave_a_result_valid() -> None:
    """What a text may contain has changed since: nothing is computed with it, and the signature covers it as it is."""

    def change(document: dict[str, Any]) -> None:
        campaign = document["campaign"]
        for prize in (
            *campaign["rules"]["prizes"],
            *(each for winner in document["winners"] for each in winner["prizes"]),
        ):
            prize["terms"] = "\u200b"
        texts = {
            "title": "a" + "\u0301" * 50,
            "topic": "\u3164",
            "body": "\u202d0755\u202c",
            "notes": "\u200b",
            "contact": "\u200b",
        }
        rules(**texts, delivery={"within_days": 30, "place": "\u202e\n"})(document)
        campaign["title"] = texts["title"]

    assert problems_after(change) == []


def row(**changed: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["sheet"][0].update(changed)


def test_the_unchanged_result_has_no_problems() -> None:
    assert problems_after(lambda _: None) == []


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (lambda d: d["campaign"].update(rules_sha256="0" * 64), [("rules_hash", "campaign.rules_sha256")]),
        (rules(winner_count="two"), [("rules_unreadable", "campaign.rules")]),
        (rules(winner_count=0), [("rules_unreadable", "campaign.rules.winner_count")]),
        (lambda d: d["campaign"].update(title="x"), [("title", "campaign.title")]),
        (lambda d: d.update(frozen_at="soon"), [("spelling", "frozen_at")]),
        (lambda d: d.update(frozen_at="2020-01-01T00:00:00.000000Z"), [("frozen_too_early", "frozen_at")]),
        (lambda d: d.update(withdrawn=[]), [("spelling", "withdrawn")]),
        (lambda d: d.update(withdrawn=["a" * 64, "b" * 64]), []),
        (lambda d: d.update(withdrawn=["a" * 64, "a" * 64]), [("spelling", "withdrawn")]),
        (lambda d: d.update(withdrawn=["A" * 64]), [("spelling", "withdrawn")]),
        (lambda d: d.update(forced={"reason": None, "overrides": []}), [("spelling", "forced")]),
        (row(quality="1.0"), [("spelling", "sheet[0]")]),
        (row(quality="-0.000000"), [("spelling", "sheet[0]")]),
        (row(score="1.000000"), [("score", "sheet[0].score")]),
        (lambda d: d["skipped"].append({"post_id": d["sheet"][0]["post_id"]}), [("judged_and_skipped", "sheet[0]")]),
        (lambda d: d["sheet"][0].update(rank=7), [("rank", "sheet[0].rank"), ("order", "sheet")]),
        (lambda d: d["sheet"].reverse(), [("order", "sheet")]),
        (lambda d: d["counts"].update(persons=99), [("counts", "counts")]),
        (lambda d: d["winners"].pop(), [("winners", "winners")]),
        (lambda d: d["winners"][0].update(score="1.000000"), [("winners", "winners[0]")]),
        (lambda d: d["reserves"].pop(), [("reserves", "reserves")]),
        (rules(method="draw"), [("draw_missing", "draw")]),
    ],
)
def test_each_change_is_reported_with_its_path(
    change: Callable[[dict[str, Any]], object], problems: list[tuple[str, str]]
) -> None:
    assert problems_after(change) == problems


def test_rules_without_prizes_are_verified_like_others() -> None:
    """A regression: they once ended the verification with an exception."""
    assert {code for code, _ in problems_after(rules(prizes=None))} == {"winners"}


def test_a_draw_signed_by_an_earlier_version_verifies() -> None:
    keys = msgspec.convert(DRAW_VECTOR["keys"], PublicKeys).keys
    finding = verify_result(DRAW_VECTOR["document"].encode(), keys)
    assert not finding.problems
    assert finding.signed == "authentic"


def test_a_draw_has_no_earlier_lists() -> None:
    document = json.loads(DRAW_VECTOR["document"])
    document["draw"]["earlier"] = ["0" * 64]
    problems = verify_result(json.dumps(document).encode(), None).problems
    assert ("draw_earlier", "draw.earlier") in [(problem.code, problem.where) for problem in problems]


@pytest.mark.parametrize(
    "extreme",
    [
        "0E-9999999999999",
        "1E+9999999999999",
        "NaN",
        "Infinity",
        "１.000000",
        "1_0.000000",
        " 1.000000",
        "9" * 200_000,
    ],
)
def test_an_extreme_decimal_is_reported(extreme: str) -> None:
    assert problems_after(row(quality=extreme)) == [("spelling", "sheet[0]")]
    weights = {"quality": extreme, "likes": "0.5", "comments": "0.5"}
    for changed in (
        {"weights": weights},
        {"criteria": [{"name": "a", "weight": extreme}]},
        {"prizes": [{"name": "a", "kind": "goods", "value_cny": extreme}]},
    ):
        (code, where), *_ = problems_after(rules(**changed))
        assert (code, where.partition(".rules")[0]) == ("rules_unreadable", "campaign")


@pytest.mark.parametrize(
    "extreme",
    ["0001-01-01T00:00:00.000000+14:00", "9999-12-31T23:59:59.999999Z", "2026-01-01T00:00:00", "soon", 1, None],
)
def test_an_extreme_time_is_reported(extreme: Any) -> None:
    problems = problems_after(rules(ends_at=extreme))
    assert [(code, where.partition(".ends_at")[0]) for code, where in problems] == [
        ("rules_unreadable", "campaign.rules")
    ]


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "9" * 5000, "1e400", "1E-99999", "NaN", "-0", "0.5"])
def test_an_extreme_number_is_unreadable_or_reported(number: str) -> None:
    document = json.loads(json.loads(VECTOR.read_text("utf-8"))["document"])
    document["sheet"][0]["likes_counted"] = "MARK"
    finding = verify_result(json.dumps(document).replace('"MARK"', number).encode(), None)
    assert not finding.is_consistent
