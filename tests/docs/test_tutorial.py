"""The tutorial is followed by a shell: its blocks in order, in an empty folder, on real servers, with what it says they print."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

import feed
from tests.support.ports import free_port

FOLDER = Path(feed.__file__).parents[1] / "docs/tutorial"
BLOCK = re.compile(r"^```bash\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
MARK = "=== block"
_SECONDS = 1100
# Readers have minutes for what the shell does in seconds.
_FASTER = {"in_seconds 180": "in_seconds 90", "in_seconds 195": "in_seconds 105"}


class Block(NamedTuple):
    commands: str
    output: str


def blocks_of(name: str) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall((FOLDER / name).read_text("utf-8"))]


def test_both_languages_have_the_same_blocks() -> None:
    chinese, english = blocks_of("first-campaign.zh-CN.md"), blocks_of("first-campaign.md")
    assert len(chinese) > 20
    assert chinese == english
    # None in another form, which would not be run.
    text = (FOLDER / "first-campaign.md").read_text("utf-8")
    assert len(re.findall(r"^```\w", text, re.MULTILINE)) == len(english) + sum(bool(each.output) for each in english)


@pytest.mark.long
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    blocks = blocks_of("first-campaign.md")
    script = "\n".join(f"echo '{MARK}'\n{each.commands}" for each in blocks)
    for words, fewer in _FASTER.items():
        assert script.count(words) == 2
        script = script.replace(words, fewer)
    printed, errors = follow(script.replace("8080", str(free_port())), tmp_path)
    parts = printed.split(f"{MARK}\n")[1:]
    for block, part in zip(blocks, parts, strict=False):
        assert re.fullmatch(as_pattern(block.output.strip()), part.strip()), (
            f"{block.commands}\n→ {part}\n{errors}\n{log(tmp_path)}"
        )
    assert len(parts) == len(blocks), errors
    assert not (tmp_path / "tutorial").exists()


def follow(script: str, folder: Path) -> tuple[str, str]:
    """What a shell prints that runs the script, with the programs of this environment; its installation ends with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEED_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "*", "no_proxy": "*"}
    # The packages are installed already.
    before = 'set -eu; make() { [ "$*" = install ]; }\n'
    shell = subprocess.Popen(
        ["bash", "-c", before + script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        printed, errors = shell.communicate(timeout=_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
    return printed, errors


def as_pattern(output: str) -> str:
    """The regular expression of an output in which `…` stands for anything on its line."""
    return re.escape(output).replace("…", ".*")


def log(folder: Path) -> str:
    """The last lines of the installation's output."""
    path = folder / "feed.log"
    return path.read_text("utf-8")[-2000:] if path.exists() else ""
