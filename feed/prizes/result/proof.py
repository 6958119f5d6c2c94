"""Proofs that a row belongs to a signed result: the signed part, the row, and its path to the root. Checked without the sheet."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from msgspec import UNSET

from feed.campaigns.model import Rules
from feed.keys import merkle as tree
from feed.keys.signatures import PublicKey, canonical
from feed.prizes.result.amendment import Amendment
from feed.prizes.result.amendment_chain import apply_amendments, check_chain, initial_placement
from feed.prizes.result.document import ReserveLine, Row, Shape, SignedHead, TreeLine, WinnerLine, shape_of
from feed.prizes.result.head_checks import check_head, check_members, check_rules, check_rules_hash, is_sha256, rules_of
from feed.prizes.result.problem import Findings, Problem
from feed.prizes.result.reading import Unreadable, read_as, read_object
from feed.prizes.result.row_checks import check_row, check_row_members, contender_of
from feed.prizes.result.verify import check_signature

FORMAT: Literal["feed-proof-1"] = "feed-proof-1"


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a result with the hashes from it to the root of the tree, and the amendments of the result.

    `result` is the signed part with its signature, `index` the row's position on the sheet from 0, `path` hexadecimal.
    """

    format: Literal["feed-proof-1"]
    result: SignedHead
    index: int
    row: Row
    path: list[str]
    amendments: list[Amendment] = []


class ProofVerification(Findings, frozen=True, kw_only=True):
    """The findings about a proof. `place`: the one that the entry holds after the amendments, None if it holds none."""

    proof: Proof | None = None
    place: int | None = None


def write_proof(head: bytes, index: int, row: bytes, path: Sequence[bytes], amendments: Sequence[bytes]) -> bytes:
    """The proof of a row; all parts are as they are stored, so that signed bytes are served unchanged."""
    hashes = msgspec.json.encode([each.hex() for each in path])
    return b'{"format":"%b","result":%b,"index":%d,"row":%b,"path":%b,"amendments":[%b]}' % (
        FORMAT.encode(),
        head,
        index,
        row,
        hashes,
        b",".join(amendments),
    )


def verify_proof(text: bytes, keys: Sequence[PublicKey] | None) -> ProofVerification:
    """Verifies a proof. Without `keys` the signatures are not checked."""
    try:
        proof = read_as(read_object(text), Proof)
    except Unreadable as error:
        return ProofVerification(problems=[Problem("unreadable", str(error))], signed="not_checked")
    problems = list(_check_proof(proof, keys))
    return ProofVerification(
        problems=problems,
        signed=check_signature(proof.result, proof.result.signature, keys),
        key_id=proof.result.signature.key_id,
        proof=proof,
        place=None if problems else _place_of(proof),
    )


def _check_proof(proof: Proof, keys: Sequence[PublicKey] | None) -> Iterator[Problem]:
    head, row = proof.result, proof.row
    yield from check_rules_hash(head)
    unreadable = list(check_rules(head))
    yield from unreadable
    rules = rules_of(head)
    if unreadable or rules is None:
        return
    yield from check_head(head, rules)
    shape = shape_of(head.format, rules)
    if head.tree is UNSET:
        yield Problem("proof_format", "result.format")
        return
    misshapen = [*check_members(head, shape), *check_row_members(row, shape, "row")]
    yield from misshapen
    yield from _check_path(proof, head.tree)
    entry = None if misshapen else contender_of(row, rules, shape)
    if entry is None:
        if not misshapen:
            yield Problem("spelling", "row")
        return
    yield from check_row(row, entry, rules, shape, "row")
    yield from _check_rank(proof, rules, shape)
    yield from _check_amendments(head, proof.amendments, rules, keys)


def _check_path(proof: Proof, line: TreeLine) -> Iterator[Problem]:
    if not all(map(is_sha256, proof.path)):
        yield Problem("spelling", "path")
        return
    path = [bytes.fromhex(each) for each in proof.path]
    root = tree.follow_path(canonical(proof.row), proof.index, line.size, path)
    if root is None:
        yield Problem("proof_index", "index")
    elif root.hex() != line.root:
        yield Problem("proof_path", "path")


def _check_rank(proof: Proof, rules: Rules, shape: Shape) -> Iterator[Problem]:
    """Whether rank and position of the row fit the winners and reserves that are signed."""
    head, row = proof.result, proof.row
    if (row.rank is None) is (proof.index < head.counts.ranked):
        yield Problem("rank", "row.rank")
    if row.rank is None:
        return
    if shape.is_scored and row.rank != proof.index + 1:
        yield Problem("rank", "row.rank", str(proof.index + 1))
    lines: list[WinnerLine | ReserveLine] = [*head.winners, *head.reserves]
    of_person = [each for each in lines if each.person == row.person]
    if any(_names(each, row) and (each.rank, each.score) != (row.rank, row.score) for each in lines):
        yield Problem("rank", "row.rank")
    # The best entries win: a row ranked before the last of them is theirs, or their person's.
    elif (
        not of_person
        and (len(lines) < rules.winner_count + rules.reserve_count or row.rank < max(each.rank for each in lines))
    ) or any(row.rank < each.rank for each in of_person):
        yield Problem("winners", "result.winners")


def _check_amendments(
    head: SignedHead, amendments: Sequence[Amendment], rules: Rules, keys: Sequence[PublicKey] | None
) -> Iterator[Problem]:
    """The chain. That its `result_sha256` is of this result only the whole document shows; it is none of a withdrawn one."""
    if not amendments:
        return
    result_sha256 = amendments[0].result_sha256
    if not is_sha256(result_sha256) or (head.withdrawn is not UNSET and result_sha256 in head.withdrawn):
        yield Problem("amendment_chain", "amendments[0].result_sha256")
    yield from check_chain(head, result_sha256, amendments, rules, keys)


def _place_of(proof: Proof) -> int | None:
    places = apply_amendments(initial_placement(proof.result), proof.amendments).places
    held = (number for number, each in enumerate(places, start=1) if each is not None and _names(each, proof.row))
    return next(held, None)


def _names(line: msgspec.Struct, row: Row) -> bool:
    """Whether a winner, reserve or holder is the entry of the row."""
    return (line.post_id, line.comment_id, line.person) == (row.post_id, row.comment_id, row.person)  # type: ignore[attr-defined]
