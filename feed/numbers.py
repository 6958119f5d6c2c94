"""Whole numbers and exact decimals of requests, stored rules and result files, bounded while they are read. Pure."""

import re
from abc import ABC
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from msgspec import Meta

from feed.errors import InvalidValue

# What an `integer` column can store. A field has its own range beyond that.
SMALLEST, LARGEST = -(2**31), 2**31 - 1
Int32 = Annotated[int, Meta(ge=SMALLEST, le=LARGEST)]

# Days or hours: a time can be moved by them. A field has its own range beyond that.
Duration = Annotated[int, Meta(ge=0, le=36_500)]


class Range(NamedTuple):
    """The least and the most value of a whole number."""

    least: int
    most: int

    @property
    def bound(self) -> Meta:
        """The annotation of a number that is within the range, which decoding checks."""
        return Meta(ge=self.least, le=self.most)

    @property
    def documented(self) -> Meta:
        """The annotation of a number whose own check has this range: what is stored may be out of it, by an earlier version."""
        return Meta(extra_json_schema={"minimum": self.least, "maximum": self.most}, extra={"range": self})


# A version, a rank or a place, counted from 1.
Ordinal = Annotated[int, Range(1, LARGEST).bound]

# Weights have up to 28 decimals, and scores are computed with 34 digits.
DIGITS_MOST = 34
# Zeros around those digits cost nothing up to here; `0E-9999999999999` as text is ten terabytes of them.
EXPONENT_MOST = 40
# The digits with a sign, a point and an exponent.
LONGEST_DECIMAL = DIGITS_MOST + 10
WRITTEN_DECIMAL = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?"
_WRITTEN = re.compile(WRITTEN_DECIMAL)

if TYPE_CHECKING:
    BoundedDecimal = Decimal
else:

    class BoundedDecimal(ABC):  # noqa: B024 - decimals are registered as its instances
        """The type of a decimal in a body or a stored document: decoding checks it with `read_decimal`.

        The values are plain decimals. The decoder would convert a field of type Decimal without any bound.
        """

    BoundedDecimal.register(Decimal)


def parse_decimal(text: str) -> Decimal:
    """The decimal that the text is: ASCII digits, optionally with a sign, a point and an exponent, and never -0.

    Raises InvalidValue with the code `not_decimal`, also for one with more than `DIGITS_MOST` digits.
    """
    # The length is checked first; then the exponent, before anything is computed with the value.
    if len(text) > LONGEST_DECIMAL or _WRITTEN.fullmatch(text) is None:
        raise InvalidValue("not_decimal")
    value = Decimal(text)
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) > DIGITS_MOST or abs(exponent) > EXPONENT_MOST:
        raise InvalidValue("not_decimal")
    return value if value else abs(value)


def read_decimal(value: Any) -> Decimal:
    """A decimal from a decoded JSON number or string; a JSON number with a fraction arrives as its text. Raises InvalidValue."""
    if isinstance(value, Decimal):
        return parse_decimal(str(value))
    if isinstance(value, int) and not isinstance(value, bool):
        # Longer than any decimal; the text of a number with many digits is slow to make.
        if value.bit_length() > 4 * DIGITS_MOST:
            raise InvalidValue("not_decimal")
        value = str(value)
    if not isinstance(value, str):
        raise InvalidValue("not_decimal")
    return parse_decimal(value)
