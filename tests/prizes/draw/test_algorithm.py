"""The draw algorithm against its specification: vectors, a second implementation, and properties for any persons and values."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.prizes.draw import algorithm
from feed.prizes.draw.drand import Chain, is_signed
from tests.prizes import draw_vectors
from tests.support.javascript import in_javascript

persons = st.lists(st.binary(min_size=16, max_size=16).map(bytes.hex), max_size=30)
hashes = st.binary(min_size=32, max_size=32)
texts = st.text(st.characters(codec="utf-8"), max_size=6)


def test_the_published_vectors_are_those_of_this_implementation() -> None:
    assert draw_vectors.PATH.read_text("utf-8") == draw_vectors.text()


def test_another_language_agrees_on_the_vectors() -> None:
    vectors = draw_vectors.vectors()

    def expected(cases: list[dict[str, Any]]) -> list[Any]:
        return [each["expected"] for each in cases]

    drand = vectors["drand"]
    assert in_javascript(draw_vectors.PATH) == {
        "vectors": expected(vectors["vectors"]),
        "rounds": expected(drand["rounds"]),
        "values": expected(drand["signatures"]),
    }


def test_the_published_signature_is_valid() -> None:
    drand = draw_vectors.vectors()["drand"]
    chain = Chain(
        sha256=drand["chain"],
        public_key=bytes.fromhex(drand["public_key"]),
        genesis_at=datetime.fromtimestamp(drand["genesis_unix_seconds"], UTC),
        period=timedelta(seconds=drand["period_seconds"]),
    )
    for each in drand["signatures"]:
        assert is_signed(chain, int(each["round"]), bytes.fromhex(each["signature"]))


@given(persons, hashes, st.randoms())
def test_the_order_of_persons_does_not_change_the_draw(people: list[str], seed: bytes, random: Random) -> None:
    shuffled = [*people, *people[: len(people) // 2]]
    random.shuffle(shuffled)
    assert algorithm.tickets_of(shuffled) == algorithm.tickets_of(people)
    drawn = algorithm.order_tickets(seed, algorithm.tickets_of(shuffled))
    assert drawn == algorithm.order_tickets(seed, reversed(algorithm.tickets_of(people)))
    assert sorted(ticket.hex() for ticket in drawn) == sorted(set(people))


@given(persons, persons, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_different_lists_have_different_hashes(one: list[str], other: list[str], a: int, b: int) -> None:
    first, second = algorithm.tickets_of(one), algorithm.tickets_of(other)
    assert (algorithm.list_hash(a, first) == algorithm.list_hash(b, second)) == ((a, first) == (b, second))


@given(st.tuples(texts, texts, texts), st.tuples(texts, texts, texts), hashes, hashes)
def test_different_values_have_different_seeds(
    one: tuple[str, str, str], other: tuple[str, str, str], listed: bytes, nonce: bytes
) -> None:
    def seed(parts: tuple[str, str, str]) -> bytes:
        return algorithm.seed_of(listed, nonce, source=parts[0], round_=parts[1], value=parts[2])

    assert (seed(one) == seed(other)) == (one == other)


@pytest.mark.parametrize("person", ["", "ab", "AB" * 16, "zz" * 16, "ab" * 17, " " + "ab" * 16, "a b" * 8])
def test_an_invalid_pseudonym_has_no_ticket(person: str) -> None:
    with pytest.raises(ValueError):
        algorithm.tickets_of([person])
