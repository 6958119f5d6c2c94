"""Runs the examples of docs/examples with generated clients against a running installation, and verifies their results."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import feed
from feed.commands.supervisor import RunningInstallation
from tests.clients.generators import PACKAGE, Tools

EXAMPLES = Path(feed.__file__).parent.parent / "docs/examples"
_PEOPLE = {"EDITOR": "editor", "SECOND": "editor", "JUROR": "", "MING": "", "HONG": "", "GANG": ""}


def run_typescript(there: RunningInstallation, directory: Path, tools: Tools) -> str:
    """Compiles and runs the example in TypeScript. Returns what it prints."""
    shutil.copy(EXAMPLES / "campaign.mts", directory)
    compiler = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"]
    tools.run([tools.npm("tsc"), *compiler, "campaign.mts"], cwd=directory)
    said = tools.run(["node", "campaign.mjs"], cwd=directory, environ=_environ(there, "ts"))
    _verify(directory)
    return said


def run_python(there: RunningInstallation, directory: Path, tools: Tools) -> str:
    """Runs the example in Python with the generated package, in the environment of the generator. Returns what it prints."""
    shutil.copy(EXAMPLES / "campaign.py", directory)
    assert (directory / PACKAGE).is_dir()
    said = tools.run([tools.python("python"), "campaign.py"], cwd=directory, environ=_environ(there, "py"))
    _verify(directory)
    return said


def _environ(there: RunningInstallation, run: str) -> dict[str, str]:
    """The address and the tokens of new users."""
    tokens = {}
    for name, role in _PEOPLE.items():
        command = [sys.executable, "-m", "feed", "token", "--user", f"{name.title()} {run}", "--data", str(there.data)]
        command += ["--role", role] if role else []
        environ = {key: value for key, value in os.environ.items() if not key.startswith("FEED_")}
        tokens[name] = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()
    return tokens | {"FEED_URL": there.base_url}


def _verify(directory: Path) -> None:
    command = [sys.executable, "-m", "feed", "verify", "result.json", "--key", "keys.json"]
    subprocess.run(
        command,
        cwd=directory,
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES.parent.parent)},
    )
