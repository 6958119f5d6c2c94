"""Results and proofs of the second format: published vectors, a second implementation in JavaScript, and changes of one value."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.model import rules_sha256
from feed.keys import merkle as tree
from feed.keys.signatures import PublicKey, PublicKeys, canonical, sha256_of
from feed.prizes.result.proof import ProofVerification, verify_proof
from feed.prizes.result.verify import Verification, verify_result
from tests.prizes import result_vectors
from tests.support.javascript import run_javascript
from tests.support.mutations import changed_values, well_formed_changes

VECTORS: dict[str, Any] = json.loads(result_vectors.PATH.read_text("utf-8"))
KEYS_TEXT = json.dumps({"keys": VECTORS["keys"]})
KEYS = msgspec.convert({"keys": VECTORS["keys"]}, PublicKeys).keys
HERE = Path(__file__).parent
DOCUMENTS = {each["name"]: each["document"] for each in VECTORS["results"]}
PROOFS = {each["name"]: each["proof"] for each in VECTORS["proofs"]}


def _ours(document: Any, keys: Sequence[PublicKey] | None) -> Verification | ProofVerification:
    text = json.dumps(document).encode()
    return verify_proof(text, keys) if "path" in document else verify_result(text, keys)


def _changes(document: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Changes of one value; not those that leave out the last amendments, which no document shows."""
    amendments = document["amendments"]
    return [
        (path, other)
        for path, other in (*changed_values(document), *well_formed_changes(document))
        if other["amendments"] not in [amendments[:number] for number in range(len(amendments))]
    ]


def _theirs(documents: Sequence[tuple[Any, str | None]], tmp_path: Path) -> list[dict[str, Any]]:
    """What the implementation in JavaScript finds about documents, each with a text of keys or None."""
    file = tmp_path / "documents.json"
    file.write_text(json.dumps([{"text": json.dumps(document), "keys": keys} for document, keys in documents]))
    found: list[dict[str, Any]] = run_javascript(HERE / "verify_many.mjs", file)
    return found


def test_the_published_vectors_are_those_of_this_implementation() -> None:
    assert result_vectors.PATH.read_text("utf-8") == result_vectors.text()


def test_the_vectors_have_what_they_describe() -> None:
    ranked, draw, by_comment, by_like = DOCUMENTS.values()
    assert [[prize["name"] for prize in winner["prizes"]] for winner in ranked["winners"]] == [
        ["市民文化卡", "电子纪念证书"],
        ["深圳盒子", "电子纪念证书"],
        ["深圳盒子", "电子纪念证书"],
    ]
    assert [winner["place"] for winner in draw["winners"]] == [1, 2, 3]
    assert [len(each["amendments"]) for each in (ranked, draw)] == [2, 1]
    assert {row["reason"] for row in ranked["sheet"]} == {
        None,
        "removed",
        "disqualified",
        "topic_edited_out",
        "not_eligible",
    }
    assert {"kind": "like", "reason_code": "bought", "count": 31} in ranked["voids"]
    assert not any({"quality", "score", "marks", "likes_counted"} & row.keys() for row in draw["sheet"])
    assert all("comment_id" in row and "post_id" not in row for row in by_comment["sheet"])
    assert not any({"post_id", "comment_id"} & row.keys() for row in by_like["sheet"])


@pytest.mark.parametrize("described", VECTORS["results"], ids=DOCUMENTS)
def test_a_result_of_the_vectors_verifies(described: dict[str, Any]) -> None:
    document = described["document"]
    found = _ours(document, KEYS)
    assert isinstance(found, Verification)
    assert (found.problems, found.signed, found.holders) == ([], "authentic", described["holders"])
    signed = {name: value for name, value in document.items() if name not in ("amendments", "people")}
    assert sha256_of(canonical(signed)) == described["result_sha256"]
    part = {name: value for name, value in signed.items() if name not in ("sheet", "signature")}
    assert sha256_of(canonical(part)) == described["signed_sha256"]


@pytest.mark.parametrize("described", VECTORS["proofs"], ids=PROOFS)
def test_a_proof_of_the_vectors_verifies(described: dict[str, Any]) -> None:
    found = _ours(described["proof"], KEYS)
    assert isinstance(found, ProofVerification)
    assert (found.problems, found.signed, found.place) == ([], "authentic", described["place"])
    assert _ours(described["proof"], []).signed == "unknown_key"


def test_both_implementations_find_the_same_about_the_vectors(tmp_path: Path) -> None:
    first = json.loads((HERE / "result_vector.json").read_text("utf-8"))
    draw = json.loads((HERE / "draw_result_vector.json").read_text("utf-8"))
    earlier = [
        (
            json.loads(first["document"]) | {"amendments": first["amendments"]},
            json.dumps({"keys": [first["public_key"]]}),
        ),
        (json.loads(draw["document"]), json.dumps(draw["keys"])),
    ]
    documents = [(each, KEYS_TEXT) for each in (*DOCUMENTS.values(), *PROOFS.values())]
    found = _theirs([*documents, *earlier], tmp_path)
    assert [(each["problems"], each["signed"]) for each in found] == [([], "authentic")] * (len(documents) + 2)
    assert [each["holders"] for each in found[: len(DOCUMENTS)]] == [each["holders"] for each in VECTORS["results"]]
    assert [each["place"] for each in found[len(DOCUMENTS) : len(documents)]] == [
        each["place"] for each in VECTORS["proofs"]
    ]
    assert found[-2]["holders"] == first["holders"]


@pytest.mark.parametrize("document", [DOCUMENTS["a draw by comments"], PROOFS["a like"]])
def test_the_script_runs_by_itself(document: Any, tmp_path: Path) -> None:
    file, keys = tmp_path / "document.json", tmp_path / "feed-keys.json"
    file.write_text(json.dumps(document))
    keys.write_text(KEYS_TEXT)
    found = run_javascript(result_vectors.PATH.with_name("verify.mjs"), file, keys)
    assert (found["problems"], found["signed"]) == ([], "authentic")


@pytest.mark.parametrize("name", PROOFS)
def test_no_changed_value_of_a_proof_verifies(name: str, tmp_path: Path) -> None:
    changed = _changes(PROOFS[name])
    assert len(changed) >= 200
    assert [path for path, other in changed if _ours(other, KEYS).is_valid] == []
    found = _theirs([(other, KEYS_TEXT) for _, other in changed], tmp_path)
    accepted = [path for (path, _), each in zip(changed, found, strict=True) if _is_accepted(each)]
    assert accepted == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_changed_value_of_a_result_verifies(name: str, tmp_path: Path) -> None:
    document = {member: value for member, value in DOCUMENTS[name].items() if member != "people"}
    changed = _changes(document)
    assert len(changed) >= 400
    assert [path for path, other in changed if _ours(other, KEYS).is_valid] == []
    found = _theirs([(other, KEYS_TEXT) for _, other in changed], tmp_path)
    accepted = [path for (path, _), each in zip(changed, found, strict=True) if _is_accepted(each)]
    assert accepted == []


@pytest.mark.parametrize("name", [*DOCUMENTS, *PROOFS])
def test_without_a_key_both_implementations_agree_on_every_changed_value(name: str, tmp_path: Path) -> None:
    """What follows from the document alone: neither implementation computes less than the other."""
    document = (DOCUMENTS | PROOFS)[name]
    changed = [*changed_values(document), *well_formed_changes(document)]
    found = _theirs([(other, None) for _, other in changed], tmp_path)
    differing = [
        (path, _ours(other, None).problems, each["problems"])
        for (path, other), each in zip(changed, found, strict=True)
        if _ours(other, None).is_consistent is not (each["problems"] == [])
    ]
    assert differing == []


def _of_other_rules(document: Any) -> list[Any]:
    """The document with a member of its rules of another kind, or without it, for each member; under the right hash."""
    found = []
    head = document.get("result", document)
    for path in [path for path, _ in changed_values(head["campaign"]["rules"])]:
        for value in (None, -1, "x", [7], ...):
            other = copy.deepcopy(document)
            campaign = other.get("result", other)["campaign"]
            parent = campaign["rules"]
            for name in path[:-1]:
                parent = parent[name]
            if value is ...:
                del parent[path[-1]]
            else:
                parent[path[-1]] = value
            campaign["rules_sha256"] = rules_sha256(campaign["rules"])
            found.append(other)
    return found


@pytest.mark.parametrize("name", [next(iter(DOCUMENTS)), next(iter(PROOFS))])
def test_rules_that_cannot_be_read_are_a_finding_of_both_implementations(name: str, tmp_path: Path) -> None:
    documents = _of_other_rules((DOCUMENTS | PROOFS)[name])
    found = _theirs([(document, None) for document in documents], tmp_path)
    # The bounds of the rules are left to ours.
    refused = [
        theirs["problems"]
        for document, theirs in zip(documents, found, strict=True)
        if not _ours(document, None).problems
    ]
    assert [problems for problems in refused if problems] == []
    assert "rules_unreadable" in {problem["code"] for theirs in found for problem in theirs["problems"]}


@pytest.mark.parametrize("each", VECTORS["trees"], ids=lambda each: str(len(each["rows"])))
def test_the_trees_of_the_vectors(each: dict[str, Any]) -> None:
    rows = [row.encode() for row in each["rows"]]
    assert tree.root_of(tree.levels_of(rows)).hex() == each["root"]
    for index, (row, path) in enumerate(zip(rows, each["paths"], strict=True)):
        hashes = [bytes.fromhex(hash_) for hash_ in path]
        found = tree.follow_path(row, index, len(rows), hashes)
        assert found is not None
        assert found.hex() == each["root"]


def _split(leaves: Sequence[bytes]) -> bytes:
    """The root as RFC 6962 defines it: split at the largest power of two below the number of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return bytes.fromhex(sha256_of(b"\x01" + _split(leaves[:half]) + _split(leaves[half:])))


@given(st.integers(1, 200), st.data())
def test_a_tree_of_any_size_is_that_of_the_rfc_and_every_row_has_one_path(size: int, data: st.DataObject) -> None:
    rows = [b"%d" % number for number in range(size)]
    levels = tree.levels_of(rows)
    root = tree.root_of(levels)
    assert root == _split([tree.leaf_of(row) for row in rows])
    index = data.draw(st.integers(0, size - 1))
    path = [levels[level][position] for level, position in tree.siblings_of(index, size)]
    assert tree.follow_path(rows[index], index, size, path) == root
    other = data.draw(st.integers(-1, size).filter(lambda number: number != index))
    assert tree.follow_path(rows[index], other, size, path) != root
    assert tree.follow_path(b"other", index, size, path) != root
    assert tree.follow_path(rows[index], index, size, path[:-1]) != root or not path
    assert tree.follow_path(rows[index], index, size, [*path, root]) is None


def _is_accepted(found: dict[str, Any]) -> bool:
    return not found["problems"] and found["signed"] in ("authentic", "not_checked")
