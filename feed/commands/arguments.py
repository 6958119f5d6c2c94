"""Arguments of the command line: errors of usage in both languages, and numbers that are bounded while they are read."""

import argparse
import re
import sys
from collections.abc import Callable
from typing import NoReturn

from feed.ids import parse_id
from feed.terminal import print_lines

_DIGITS_MOST = 10

# The messages of argparse that users cause, and their Chinese. A test compares them with what argparse says.
_CHINESE = (
    (re.compile(r"the following arguments are required: (.+)"), r"缺少参数：{0}"),
    (re.compile(r"unrecognized arguments: (.+)"), r"无法识别的参数：{0}"),
    (re.compile(r"argument (.+?): invalid choice: (.+?) \(choose from (.+)\)"), r"{0} 不能是 {1}，可选：{2}"),
    (re.compile(r"argument (.+?): expected one argument"), r"{0} 后面需要一个值"),
    (re.compile(r"argument (.+?): expected at least one argument"), r"{0} 后面至少需要一个值"),
    (re.compile(r"argument (.+?): not allowed with argument (.+)"), r"{0} 与 {1} 不能同时使用"),
    (re.compile(r"argument (.+?): ignored explicit argument (.+)"), r"{0} 不接受值 {1}"),
    (re.compile(r"ambiguous option: (.+?) could match (.+)"), r"{0} 不明确，可能是 {1}"),
    (re.compile(r"argument (.+?): invalid \S+ value: (.+)"), r"{0} 的值 {1} 无效"),
)


class Parser(argparse.ArgumentParser):
    """A parser whose errors of usage are in Chinese and English."""

    def error(self, message: str) -> NoReturn:
        """Prints the usage and the error, and exits with status 2."""
        chinese, english = in_both_languages(message)
        usage = self.format_usage().rstrip().split("\n")
        print_lines(*usage, f"{self.prog}: {chinese}", f"{self.prog}: {english}", to=sys.stderr)
        print_lines(f"帮助 help: {self.prog} --help", to=sys.stderr)
        self.exit(2)


def in_both_languages(message: str) -> tuple[str, str]:
    """An error of usage in Chinese and English. `message` is argparse's, which may contain one of ours with a ` · ` between both."""
    if ours := re.fullmatch(r"argument (.+?): (.+?) · (.+)", message, re.DOTALL):
        argument, chinese, english = ours.groups()
        return f"{argument}：{chinese}", f"{argument}: {english}"
    for pattern, words in _CHINESE:
        if found := pattern.fullmatch(message):
            return words.format(*found.groups()), message
    return "用法有误", message


def read_id(text: str) -> int:
    """The type of an argument that is an id. Raises ArgumentTypeError."""
    id_ = parse_id(text)
    if id_ is None:
        raise argparse.ArgumentTypeError(f"不是编号 · no id: {text[:40]!r}")
    return id_


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number in a range. It raises ArgumentTypeError."""

    def read_number(text: str) -> int:
        plain = text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MOST
        if not plain or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"应为 {least} 到 {most} 的整数 · no whole number from {least} to {most}: {text[:40]!r}"
            )
        return int(text)

    return read_number
