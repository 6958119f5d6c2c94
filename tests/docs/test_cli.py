"""docs/reference/cli.md has a section for each command, with exactly the arguments and options that the command takes."""

import argparse
import re
from pathlib import Path

import feed
from feed.__main__ import build_parser

TEXT = (Path(feed.__file__).parents[1] / "docs/reference/cli.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]}


def test_every_command_has_a_section_with_its_arguments() -> None:
    commands = commands_of("feed", build_parser())
    assert len(commands) >= 20
    documented = {name: set(re.findall(r"^\| `([^`]+)` \|", part, re.MULTILINE)) for name, part in SECTIONS.items()}
    assert documented == {name: arguments_of(parser) for name, parser in commands.items()}


def commands_of(name: str, parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands below a parser with their full names, those with subcommands among them."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                found |= {f"{name} {word}": inner} | commands_of(f"{name} {word}", inner)
    return found


def arguments_of(parser: argparse.ArgumentParser) -> set[str]:
    """The arguments and options of one command as its usage writes them, without `--help` and subcommands."""
    found: set[str] = set()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction | argparse._VersionAction):
            continue
        value = action.metavar or (
            "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
        )
        if not action.option_strings:
            found.add(str(value))
        else:
            found |= {name if action.nargs == 0 else f"{name} {value}" for name in action.option_strings}
    return found
