"""Arguments of the command line: errors in both languages, and numbers bounded while they are read, whatever the command."""

import argparse
import re
from collections.abc import Iterator

import pytest

from feed.__main__ import COMMANDS, build_parser
from feed.commands.arguments import Parser, read_id, whole_number


def arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument of every command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from arguments(command)
        else:
            yield action


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (found,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def test_each_command_is_registered_by_the_module_that_the_table_names() -> None:
    whole = commands_of(build_parser())
    assert list(whole) == list(COMMANDS)
    for command in COMMANDS:
        assert commands_of(build_parser(command))[command].format_help() == whole[command].format_help()
    for other in (None, "--help", "apis", ""):
        assert list(commands_of(build_parser(other))) == list(COMMANDS)


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


_HAN = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("given", "chinese", "english"),
    [
        ([], "缺少参数：COMMAND", "the following arguments are required: COMMAND"),
        (["bogus"], "COMMAND 不能是 'bogus'", "argument COMMAND: invalid choice: 'bogus'"),
        (["settle"], "缺少参数：CAMPAIGN_ID", "the following arguments are required: CAMPAIGN_ID"),
        (["settle", "x"], "CAMPAIGN_ID：不是编号", "CAMPAIGN_ID: no id: 'x'"),
        (["up", "--port"], "--port 后面需要一个值", "argument --port: expected one argument"),
        (["up", "--port", "x"], "--port：应为 0 到 65535 的整数", "--port: no whole number from 0 to 65535: 'x'"),
        (["up", "--nothing"], "无法识别的参数：--nothing", "unrecognized arguments: --nothing"),
        (["up", "\u202ex"], "无法识别的参数：\\u202ex", "unrecognized arguments: \\u202ex"),
        (["demo", "--lang", "fr"], "--lang 不能是 'fr'", "argument --lang: invalid choice: 'fr'"),
        (["demo", "--keep=1"], "--keep 不接受值 '1'", "argument --keep: ignored explicit argument '1'"),
    ],
)
def test_errors_of_usage_are_in_both_languages(
    given: list[str], chinese: str, english: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        build_parser().parse_args(given)
    said = capsys.readouterr().err
    assert raised.value.code == 2
    assert chinese in said
    assert english in said
    assert said.startswith("usage: feed")
    assert said.rstrip().endswith("--help")


def test_every_command_prints_its_errors_so() -> None:
    def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for command in action.choices.values():
                    yield from parsers(command)

    assert {type(parser) for parser in parsers(build_parser())} == {Parser}


def test_every_command_and_action_is_described_in_both_languages() -> None:
    def helps(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for choice in action._choices_actions:
                    yield choice.dest, choice.help or ""
                for command in action.choices.values():
                    yield from helps(command)

    for name, said in helps(build_parser()):
        assert _HAN.search(said), name
        assert re.search("[a-z]{3}", said), name
