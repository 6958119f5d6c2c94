"""Each check of the second format by itself, on the vectors; and what a result tells, and does not tell, about people."""

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest

from feed.campaigns.scoring.disclosure import LEAST_SHOWN
from feed.commands.verify_lines import problem_lines
from feed.keys import merkle as tree
from feed.keys.signatures import canonical
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.result.document import (
    NOT_ELIGIBLE,
    PublicReason,
    VoidLine,
    account_pseudonym,
    juror_pseudonym,
    pseudonym,
    public_reason,
    voids_of,
)
from feed.prizes.result.proof import verify_proof
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from feed.prizes.settlement.eligibility import EntryReason
from tests.prizes import result_vectors
from tests.support import make, phases

Change = Callable[[dict[str, Any]], object]
VECTORS: dict[str, Any] = json.loads(result_vectors.PATH.read_text("utf-8"))
RANKED, DRAW, *_ = (each["document"] for each in VECTORS["results"])
PROOF = VECTORS["proofs"][0]["proof"]
MARKED = next(number for number, row in enumerate(RANKED["sheet"]) if len(row["marks"]) == 3)
LAST = len(RANKED["sheet"]) - 1


def problems_after(document: dict[str, Any], change: Change, *, grow: bool = False) -> set[str]:
    """The codes after a change. `grow`: with the root of the changed rows, so that other checks are not hidden."""
    changed = copy.deepcopy(document)
    change(changed)
    if grow:
        levels = tree.levels_of(canonical(row) for row in changed["sheet"])
        changed["tree"]["root"] = tree.root_of(levels).hex()
        # Their hash has changed with the root.
        changed["amendments"] = []
    verify: Any = verify_proof if "path" in changed else verify_result
    found = verify(json.dumps(changed).encode(), None)
    # Each code has its words.
    assert len(problem_lines(found)) == len(found.problems[:20]) + bool(found.problems[20:])
    return {problem.code for problem in found.problems}


def mark(**changed: Any) -> Change:
    return lambda document: document["sheet"][MARKED]["marks"][0].update(changed)


def row(number: int, **changed: Any) -> Change:
    return lambda document: document["sheet"][number].update(changed)


def swap_marks(document: dict[str, Any]) -> None:
    document["sheet"][MARKED]["marks"].reverse()


def repeat_a_mark(document: dict[str, Any]) -> None:
    marks = document["sheet"][MARKED]["marks"]
    marks[1] = marks[0]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda _: None, set()),
        (mark(score="1.000000"), {"mark_score", "quality"}),
        (mark(scores=["1.000000"] * 3), {"mark_score"}),
        (mark(scores=["1.000000"] * 2), {"mark_criteria"}),
        (lambda d: d["sheet"][MARKED]["marks"][0].pop("scores"), {"mark_criteria"}),
        (mark(score="1"), {"spelling"}),
        (mark(juror="x" * 32), {"spelling", "mark_twice"}),
        (swap_marks, {"mark_twice"}),
        (repeat_a_mark, {"mark_twice", "quality"}),
        (lambda d: d["sheet"][MARKED]["marks"].clear(), {"quality"}),
        (lambda d: d["sheet"][MARKED].pop("marks"), {"members"}),
        (row(LAST, reason=None), {"reason"}),
        (row(0, reason="removed"), {"reason"}),
        (row(LAST, reason="banned"), {"unreadable"}),
        (row(LAST, person="A" * 32), {"spelling"}),
        (row(0, comment_id="1"), {"members"}),
        (lambda d: d["sheet"][0].pop("post_id"), {"members"}),
        (lambda d: d["winners"][0].pop("place"), {"members"}),
        (lambda d: d["winners"][0].update(place=2), {"winners"}),
        (lambda d: d["winners"][1]["prizes"].pop(), {"winners"}),
        (lambda d: d["voids"][0].update(count=LEAST_SHOWN - 1), {"voids"}),
        (lambda d: d["voids"].append(d["voids"][0]), {"voids"}),
        (lambda d: d["counts"].update(excluded={"removed": 1, "other": 5}), {"counts"}),
        (lambda d: d["counts"].update(excluded={"juror": 5, "other": 1}), {"counts"}),
        (lambda d: d["counts"].update(excluded={"juror": -1, "other": 7}), {"counts"}),
        (lambda d: d["tree"].update(size=18), {"tree"}),
        (lambda d: d.pop("voids"), {"members"}),
        (lambda d: d.update(format="feed-result-1"), {"members"}),
    ],
)
def test_each_change_of_a_result_by_score_is_reported(change: Change, codes: set[str]) -> None:
    assert problems_after(RANKED, change, grow=True) == codes


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda _: None, set()),
        (row(0, score="0.000000"), {"members"}),
        (row(0, marks=[]), {"members"}),
        (lambda d: d["winners"][0].update(score="0.000000"), {"members"}),
        (lambda d: d["counts"].update(likes_counted=0), {"members"}),
    ],
)
def test_each_change_of_a_result_by_lot_is_reported(change: Change, codes: set[str]) -> None:
    assert problems_after(DRAW, change, grow=True) == codes


def test_rows_and_amendments_of_another_format_are_reported() -> None:
    def format_of_amendments(document: dict[str, Any]) -> None:
        document["amendments"][0]["format"] = "feed-amendment-1"

    assert problems_after(RANKED, row(LAST, entered_at="2026-09-20T10:00:00.000000Z")) >= {"tree", "amendment_chain"}
    assert "amendment_format" in problems_after(RANKED, format_of_amendments)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(index=1), "proof_path"),
        (lambda d: d.update(index=19), "proof_index"),
        (lambda d: d["path"].pop(), "proof_index"),
        (lambda d: d["path"].reverse(), "proof_path"),
        (lambda d: d["path"].__setitem__(0, "x"), "spelling"),
        (lambda d: d["row"].update(rank=2), "rank"),
        (lambda d: d["row"].update(quality="1"), "spelling"),
        (lambda d: d["row"].pop("marks"), "members"),
        (lambda d: d["result"].pop("tree"), "proof_format"),
        (lambda d: d["result"]["winners"][0].update(person="0" * 32, post_id="1"), "winners"),
        # A person's best entry wins, so this one would have.
        (lambda d: d["result"]["winners"][0].update(post_id="1", rank=2), "winners"),
        (lambda d: d["result"]["campaign"].update(title="x"), "title"),
        (lambda d: d["result"]["campaign"]["rules"].update(winner_count=1), "rules_hash"),
        (lambda d: d["amendments"][0].update(result_sha256=RANKED["withdrawn"][0]), "amendment_chain"),
        (lambda d: d["amendments"].reverse(), "amendment_chain"),
        (lambda d: d.update(format="feed-proof-2"), "unreadable"),
    ],
)
def test_each_change_of_a_proof_is_reported(change: Change, code: str) -> None:
    assert problems_after(PROOF, lambda _: None) == set()
    assert code in problems_after(PROOF, change)


def test_a_reason_about_a_person_is_one_public_code() -> None:
    about_entries = set(get_args(EntryReason))
    assert set(get_args(PublicReason)) == about_entries | {NOT_ELIGIBLE}
    assert {public_reason(code) for code in ("juror", "banned", "staff", "too_new", "not_verified", "voided")} == {
        NOT_ELIGIBLE
    }
    assert {public_reason(code) for code in about_entries} == about_entries
    assert public_reason(None) is None


def test_small_numbers_of_voids_are_one_sum_of_each_kind() -> None:
    counts = [
        VoidLine("comment", "a", 9),
        VoidLine("comment", "b", 10),
        VoidLine("like", "a", 1),
        VoidLine("like", "b", 2),
    ]
    assert voids_of(counts) == [
        VoidLine("like", "other", 3),
        VoidLine("comment", "b", 10),
        VoidLine("comment", "other", 9),
    ]


def test_one_account_has_unrelated_pseudonyms_as_author_and_as_juror_and_in_each_campaign() -> None:
    found = [
        each
        for salt in (b"a" * 32, b"b" * 32)
        for each in (
            pseudonym(salt, b"", 7),
            pseudonym(salt, b"p", 7),
            account_pseudonym(salt, 7),
            juror_pseudonym(salt, 7),
        )
    ]
    assert len(set(found)) == len(found)


async def test_the_marks_of_a_result_are_those_that_counted_at_the_freeze(pool: Pool, keys: Keys) -> None:
    """Marks of jurors who were recused, removed or replaced are not in it, and nothing changes afterwards."""
    campaign = await phases.due(pool, entries=3)
    first, second, *_ = campaign.posts
    jurors = [await make.account(pool) for _ in range(3)]
    for juror in jurors:
        await make.juror(pool, campaign.id, juror)
    for juror, score in zip(jurors, ("80", "81.5", "10"), strict=True):
        await make.mark(pool, campaign.id, first, juror, score)
        await make.mark(pool, campaign.id, second, juror, score)
    await pool.execute("UPDATE jurors SET removed_at = now() WHERE account_id = $1", jurors[2])
    assert await freeze_next_campaign(pool)
    await pool.execute("UPDATE marks SET score = 0")
    await pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", jurors[0])
    assert await settle_next_campaign(pool, keys)

    text = await phases.result_of(pool, campaign.id)
    assert text is not None
    assert verify_result(text, keys.public_keys().keys).is_valid
    rows = {row["post_id"]: row for row in msgspec.json.decode(text)["sheet"]}
    marks = {post_id: sorted(Decimal(mark["score"]) for mark in row["marks"]) for post_id, row in rows.items()}
    assert marks[str(first)] == marks[str(second)] == [Decimal(80), Decimal("81.5")]
    assert rows[str(first)]["quality"] == "80.750000"
    pseudonyms = {mark["juror"] for row in rows.values() for mark in row["marks"]}
    assert len(pseudonyms) == 2
    assert not pseudonyms & {row["person"] for row in rows.values()}
