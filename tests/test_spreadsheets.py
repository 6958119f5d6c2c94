"""Tables for spreadsheets: no cell is a formula or breaks its row, in any export."""

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import feed
from feed.spreadsheets import LongNumber, encode_table, text_cell

SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫⁺₌−"
BEFORE = [
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\u3000",
    "\u00a0",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u2028",
    "\x00",
    "\x1b",
    "\u202e",
    "\u00ad",
]
BREAKS = "\n\r\v\f\x85\u2028\u2029\x1c\x1d\x1e"


def read(table: str) -> list[list[str]]:
    assert table.startswith("\ufeff")
    return list(csv.reader(io.StringIO(table[1:], newline="")))


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", BEFORE)
def test_no_cell_is_a_formula(sign: str, before: str) -> None:
    assert text_cell(f'{before}{sign}HYPERLINK("//x.cn")').lstrip("\u200d").startswith("'")
    assert text_cell(before + sign)[:1] == "'" or text_cell(before + sign)[:2] == "\u200d'"


@pytest.mark.parametrize(
    "text", ["小明", "#1883134", "2026-09-01", "3 岁=三岁", "a@b.cn", "https://x.cn/?a=b", "'引号'", "½"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert text_cell(text) == text


@pytest.mark.parametrize("sign", BREAKS)
def test_no_cell_has_a_second_line(sign: str) -> None:
    rows = read(encode_table(["a"], [[f"南山区{sign}=1+1"], [f"{sign}=1+1"]]))
    assert rows == [["a"], ["南山区 =1+1"], ["'=1+1"]]


def test_long_numbers_keep_their_digits_and_are_no_way_around() -> None:
    given = ["0007", "+8613800138000", "=1+1", "\t=1+1", "-1", "138\n=1", "１２３"]
    rows = read(encode_table(["a"], [[LongNumber(each)] for each in given]))
    assert [row[0] for row in rows[1:]] == ["\t0007", "\t+8613800138000", "'=1+1", "'=1+1", "'-1", "138 =1", "１２３"]


@given(
    st.lists(
        st.text(max_size=20) | st.text(SIGNS + BREAKS + "\t \u200b\u200d'\",;1a", max_size=6), min_size=1, max_size=5
    )
)
def test_any_texts_are_one_row_without_formulas(texts: list[str]) -> None:
    rows = read(encode_table(["a"] * len(texts), [texts]))
    assert len(rows) == 2
    assert len(rows[1]) == len(texts)
    for cell in rows[1]:
        assert not cell.lstrip().startswith(tuple(SIGNS))
        assert not set(cell) & set(BREAKS + "\t\x00\x1b")


def test_no_other_module_writes_csv() -> None:
    package = Path(feed.__file__).parent
    importing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name == "csv" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "csv")
    }
    # The others read: a table of networks, a file of words.
    assert importing == {"spreadsheets.py", "geoip/table.py", "commands/words.py"}
