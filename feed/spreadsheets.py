"""Tables for spreadsheets: CSV (RFC 4180) in which no cell is a formula or has more than one line. The one place that writes CSV."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

import msgspec
import unicodedata2 as unicodedata

from feed.texts import IGNORABLE, fitted_line

# The maximum of a cell in Excel.
_CELL_LONGEST = 32_000
# Spreadsheets read UTF-8 only after a byte-order mark.
_BYTE_ORDER_MARK = "\ufeff"
_NUMBER = re.compile(r"\+?[0-9]+")


class LongNumber(msgspec.Struct, frozen=True):
    """Digits to be shown as written: a spreadsheet would round them, or drop the zeros before them."""

    digits: str


def encode_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The CSV file, with a byte-order mark. Texts are made safe (`text_cell`); None is an empty cell."""
    output = io.StringIO()
    output.write(_BYTE_ORDER_MARK)
    writer = csv.writer(output)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return output.getvalue()


def text_cell(text: str) -> str:
    """A text as one line, with an apostrophe before what a spreadsheet would take as a formula (CSV injection)."""
    line = fitted_line(text, _CELL_LONGEST)
    # Full-width and small signs are formulas too in some spreadsheets; characters without a glyph do not change that.
    first = unicodedata.normalize("NFKC", IGNORABLE.sub("", line).lstrip()[:1])
    return f"'{line}" if first in ("=", "+", "-", "@", "\u2212") else line


def _cell(value: object) -> object:
    if isinstance(value, LongNumber) and _NUMBER.fullmatch(value.digits):
        # The tab makes it a text.
        return f"\t{value.digits}"
    if isinstance(value, LongNumber):
        return text_cell(value.digits)
    return text_cell(value) if isinstance(value, str) else value
