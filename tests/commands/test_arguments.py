"""Numbers on the command line are bounded while they are read, whatever the command."""

import argparse
from collections.abc import Iterator

import pytest

from feed.__main__ import build_parser
from feed.commands.arguments import read_id, whole_number


def arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument of every command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from arguments(command)
        else:
            yield action


def test_no_argument_is_an_unbounded_number() -> None:
    found = list(arguments(build_parser()))
    assert len(found) > 40
    assert [action.dest for action in found if action.type in (int, float, complex)] == []


@pytest.mark.parametrize("text", ["0", "-1", "1" * 5000, str(2**63), "１２", "1_0", "+1", " 1", "1e3", "NaN", ""])
def test_an_unusable_number_is_rejected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        read_id(text)
    with pytest.raises(argparse.ArgumentTypeError):
        whole_number(1, 100)(text)


def test_an_ordinary_number_is_read() -> None:
    assert (read_id(str(2**63 - 1)), whole_number(0, 65_535)("8080")) == (2**63 - 1, 8080)
