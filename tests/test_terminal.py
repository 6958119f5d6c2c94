"""Text on its way to a terminal or a log: nothing in it is interpreted, whatever prints it."""

import ast
import io
import json
import logging
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

import feed
from feed.demo.output import Output, _Console
from feed.observability.logging import configure
from feed.terminal import escaped, print_lines
from tests.support.javascript import code_points_with
from tests.support.terminals import interpreted

FORGED = "\x1b[2K\x1b[1A[✓] \x9b31m\r\n[✓] signed \u202e\u2028\x07\u2066\x00"


def test_every_character_that_a_terminal_interprets_is_escaped() -> None:
    for code in range(0x110000):
        if interpreted(chr(code)):
            assert escaped(chr(code)).isascii(), hex(code)


def test_bidi_controls_are_escaped_by_the_tables_of_another_engine() -> None:
    assert all(escaped(chr(code)).isascii() for code in code_points_with("Bidi_Control"))


@pytest.mark.parametrize("text", ["爱读书的深圳人 #话题# 😀👨‍👩‍👧❤️", "Ünïcode ÀÉ — “quotes” \\u001b \\n", "深圳 ‌ฟ"])
def test_what_is_only_shown_stays(text: str) -> None:
    assert escaped(text) == text


@given(st.text())
def test_an_escaped_text_is_one_line_and_can_be_encoded(text: str) -> None:
    line = escaped(text)
    assert not interpreted(line)
    assert len(line.encode().splitlines()) <= 1


@given(st.text() | st.text(FORGED))
def test_escaped_json_is_the_same_json(text: str) -> None:
    assert json.loads(escaped(json.dumps({"text": text}, ensure_ascii=False)), strict=False) == {"text": text}


def test_lines_are_printed_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines("一", "二\n三\x1b[0m")
    assert capsys.readouterr().out == "一\n二\\u000a三\\u001b[0m\n"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_logs_are_escaped(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure(log_format)
        structlog.get_logger().warning("request", path=FORGED, inner={"list": [FORGED]})
        logging.getLogger("library").warning("%s", FORGED)
        lines = capsys.readouterr().err.splitlines()
    finally:
        logging.getLogger().handlers[:], _ = before
        logging.getLogger().setLevel(before[1])
    assert len(lines) == 2
    assert not interpreted("".join(lines))


def test_the_demo_shows_what_users_wrote_escaped() -> None:
    out = io.StringIO()
    shown = Output("zh", _Console(file=out, force_terminal=False, width=200))
    shown.say(f"标题 {FORGED}".replace("[", "\\["), "")
    shown.line(FORGED)
    shown.fail(FORGED)
    assert interpreted(out.getvalue()) <= {"\n"}
    assert "[✓] signed" in out.getvalue()


def test_nothing_prints_but_the_terminal_module() -> None:
    package = Path(feed.__file__).parent
    printing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")
        or (
            isinstance(node, ast.Attribute)
            and node.attr in ("stdout", "stderr")
            and isinstance(node.value, ast.Name)
            and node.value.id == "sys"
        )
    }
    # The others pass a stream on: to the log's handler, to the progress bar, to `print_lines`, or close it.
    assert printing == {
        "terminal.py", "observability/logging.py", "__main__.py", "commands/arguments.py", "commands/bench.py", "commands/ops.py", "commands/sign_in.py", "commands/outbox.py",
        "commands/up.py", "commands/audit.py", "commands/words.py",
    }  # fmt: skip
