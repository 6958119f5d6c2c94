"""The draw by its specification: vectors, a second implementation, and what must hold whatever the people and the values."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.prizes.draw import algorithm as draw
from feed.prizes.draw.drand import Chain, is_signed
from tests.prizes import draw_vectors
from tests.support.javascript import in_javascript

persons = st.lists(st.binary(min_size=16, max_size=16).map(bytes.hex), max_size=30)
hashes = st.binary(min_size=32, max_size=32)
texts = st.text(st.characters(codec="utf-8"), max_size=6)


def test_the_published_vectors_are_ours() -> None:
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


def test_the_published_signature_is_the_chains() -> None:
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
def test_any_order_of_the_people_gives_the_same_lots(people: list[str], seed: bytes, random: Random) -> None:
    shuffled = [*people, *people[: len(people) // 2]]
    random.shuffle(shuffled)
    assert draw.tickets_of(shuffled) == draw.tickets_of(people)
    drawn = draw.order_tickets(seed, draw.tickets_of(shuffled))
    assert drawn == draw.order_tickets(seed, reversed(draw.tickets_of(people)))
    assert sorted(ticket.hex() for ticket in drawn) == sorted(set(people))


@given(persons, persons, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_two_lists_have_one_hash_only_if_they_are_one(one: list[str], other: list[str], a: int, b: int) -> None:
    first, second = draw.tickets_of(one), draw.tickets_of(other)
    assert (draw.list_hash(a, first) == draw.list_hash(b, second)) == ((a, first) == (b, second))


@given(st.tuples(texts, texts, texts), st.tuples(texts, texts, texts), hashes, hashes)
def test_no_two_values_are_one_string_of_bytes(
    one: tuple[str, str, str], other: tuple[str, str, str], listed: bytes, nonce: bytes
) -> None:
    def seed(parts: tuple[str, str, str]) -> bytes:
        return draw.seed_of(listed, nonce, source=parts[0], round_=parts[1], value=parts[2])

    assert (seed(one) == seed(other)) == (one == other)


@pytest.mark.parametrize("person", ["", "ab", "AB" * 16, "zz" * 16, "ab" * 17, " " + "ab" * 16, "a b" * 8])
def test_what_is_no_pseudonym_has_no_ticket(person: str) -> None:
    with pytest.raises(ValueError):
        draw.tickets_of([person])
