"""Beacons: windows of sources, canonical form of numbers, and verification of drand signatures."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from feed.campaigns.model import BEACON_DELAY
from feed.prizes.draw.beacon import read_number, read_round, window_at, windows
from feed.prizes.draw.drand import QUICKNET, first_round, is_signed, time_of, value_of
from tests.support.drand_relay import TEST_CHAIN, signature_of
from tests.support.results import ENDS_AT, RULES

PUBLISHED = ENDS_AT + timedelta(seconds=11)
# Published rounds of the chain.
ROUNDS = [
    (
        1000,
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
        "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
    ),
    (
        657413,
        "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
        "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
    ),
]


@pytest.mark.parametrize(("round_", "signature", "value"), ROUNDS)
def test_real_rounds_of_quicknet_are_signed(round_: int, signature: str, value: str) -> None:
    assert is_signed(QUICKNET, round_, bytes.fromhex(signature))
    assert value_of(bytes.fromhex(signature)) == value
    assert not is_signed(QUICKNET, round_ + 1, bytes.fromhex(signature))
    assert not is_signed(TEST_CHAIN, round_, bytes.fromhex(signature))


def test_a_signature_with_any_changed_byte_is_invalid() -> None:
    good = signature_of(7)
    assert is_signed(TEST_CHAIN, 7, good)
    for position in range(len(good)):
        changed = bytearray(good)
        changed[position] ^= 1
        assert not is_signed(TEST_CHAIN, 7, bytes(changed))


INFINITY = b"\xc0" + bytes(47)


@pytest.mark.parametrize("signature", [b"", b"\0" * 48, INFINITY, b"\xff" * 48, b"\xe0" + bytes(47), b"x" * 96])
def test_an_invalid_point_is_no_signature(signature: bytes) -> None:
    assert not is_signed(TEST_CHAIN, 7, signature)


def test_an_invalid_key_verifies_nothing() -> None:
    for key in (b"", b"\xc0" + bytes(95), bytes(96)):
        chain = msgspec.structs.replace(TEST_CHAIN, public_key=key)
        assert not is_signed(chain, 7, INFINITY)
        assert not is_signed(chain, 7, signature_of(7))


def test_the_first_round_is_the_one_at_or_after_the_time() -> None:
    assert time_of(QUICKNET, 1) == datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
    assert first_round(QUICKNET, QUICKNET.genesis_at) == 1
    assert first_round(QUICKNET, QUICKNET.genesis_at - timedelta(days=1)) == 1
    for round_ in (2, 1000, 30_000_000):
        at = time_of(QUICKNET, round_)
        assert first_round(QUICKNET, at) == round_
        assert first_round(QUICKNET, at + timedelta(microseconds=1)) == round_ + 1
        assert first_round(QUICKNET, at - timedelta(microseconds=1)) == round_


def test_the_windows_of_the_sources_follow_one_another() -> None:
    rules = msgspec.structs.replace(RULES, beacon_order=("drand", "public_number"), beacon_wait_hours=2)
    wait = timedelta(hours=2)
    first, second = windows(rules, PUBLISHED)
    assert (first.source, first.not_before, first.until) == ("drand", PUBLISHED + BEACON_DELAY, PUBLISHED + wait)
    assert (second.source, second.not_before, second.until) == (
        "public_number",
        PUBLISHED + wait + BEACON_DELAY,
        PUBLISHED + 2 * wait,
    )
    assert window_at(rules, PUBLISHED, PUBLISHED) == first
    assert window_at(rules, PUBLISHED, PUBLISHED + wait) == second
    assert window_at(rules, PUBLISHED, PUBLISHED + 2 * wait) is None
    assert window_at(msgspec.structs.replace(rules, beacon_order=()), PUBLISHED, PUBLISHED) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("03 07 12 18 25 33 09", "03 07 12 18 25 33 09"),
        (" ０３，07、12 + 18 | 25\t33+09 ", "03 07 12 18 25 33 09"),
        ("123456", "123456"),
        ("", None),
        ("-3", None),
        ("3.5", None),
        ("三", None),
        ("٣", "3"),
        ("1" * 101, None),
        ("1\x002", None),
    ],
)
def test_a_number_has_one_canonical_form(text: str, number: str | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("2026137", "2026137"),
        (" ２０２６137 ", "2026137"),
        ("2026-137", "2026-137"),
        ("第137期", None),
        ("", None),
        ("1" * 41, None),
    ],
)
def test_an_issue_has_one_canonical_form(text: str, issue: str | None) -> None:
    assert read_round(text) == issue
