"""The examples of clients in docs/examples; `make clients` generates their clients, and runs them."""

from pathlib import Path

import pytest

import feed

EXAMPLES = sorted((Path(feed.__file__).parent.parent / "docs/examples").glob("campaign.*"))
# An example is read as a whole.
LINES_MOST = 150


def test_there_is_one_in_each_language() -> None:
    assert [path.suffix for path in EXAMPLES] == [".mts", ".py"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LINES_MOST
