"""Decimals are bounded while they are read: digits and exponent before anything is computed."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidValue
from feed.numbers import DIGITS_MOST, parse_decimal, read_decimal

EXTREMES: tuple[Any, ...] = (
    "0E-9999999999999",
    "0E+9999999999999",
    "0e-99999999",
    "1E-9999999",
    "1e400",
    "1E+9999999999999999999999",
    "-0E-999",
    "NaN",
    "sNaN1",
    "-Infinity",
    "inf",
    "１２",
    "٣",
    "1_0",
    "+1",
    " 1",
    "1 ",
    "1\n",
    "1,5",
    "0x1",
    ".5",
    "5.",
    "-",
    "",
    "--1",
    "1e",
    "1\x00",
    "9" * 35,
    "0." + "9" * 35,
    "1" * 300_000,
    "0" * 300_000,
    10**5000,
    -(10**60),
    True,
    None,
    1.5,
    [],
    {},
)


@pytest.mark.parametrize("value", EXTREMES, ids=lambda value: str(type(value).__name__))
def test_an_unbounded_or_unusual_decimal_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidValue) as rejected:
        read_decimal(value)
    assert rejected.value.code == "not_decimal"


@pytest.mark.parametrize(
    ("text", "value"),
    [("12.50", "12.50"), ("5E-1", "0.5"), ("1e2", "1E+2"), ("007", "7"), ("9" * DIGITS_MOST, "9" * DIGITS_MOST)],
)
def test_an_ordinary_decimal_is_read_exactly(text: str, value: str) -> None:
    assert read_decimal(text) == Decimal(value)


@pytest.mark.parametrize("text", ["-0", "-0.00", "-0E-7"])
def test_zero_has_no_sign(text: str) -> None:
    assert str(read_decimal(text))[0] == "0"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20))
def test_every_decimal_of_ordinary_size_is_read(value: Decimal) -> None:
    assert parse_decimal(str(value)) == value
    assert read_decimal(value) == value
