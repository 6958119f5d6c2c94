"""Lints the OpenAPI document with redocly and spectral: any finding, also a warning, is an error."""

import json
import subprocess
from pathlib import Path

from tests.clients.generators import Tools, fail


def lint(document: Path, tools: Tools) -> None:
    """Ends the program with the findings, if there are any."""
    findings = [*_redocly(document, tools), *_spectral(document, tools)]
    if findings:
        fail(f"{len(findings)} findings in the document:", "\n".join(findings[:40]))


def _redocly(document: Path, tools: Tools) -> list[str]:
    done = _run(
        [tools.npm("redocly"), "lint", document, "--config", tools.npm_file("redocly.yaml"), "--format", "json"]
    )
    report = json.loads(done.stdout)
    return [
        f"redocly {each['ruleId']}: {each['message']} at {each['location'][0].get('pointer', '')}"
        for each in report["problems"]
    ]


def _spectral(document: Path, tools: Tools) -> list[str]:
    done = _run(
        [
            tools.npm("spectral"),
            "lint",
            document,
            "--ruleset",
            tools.npm_file("spectral.yaml"),
            "--format",
            "json",
            "--quiet",
        ]
    )
    return [
        f"spectral {each['code']}: {each['message']} at {'/'.join(map(str, each['path']))}"
        for each in json.loads(done.stdout or "[]")
    ]


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    # Both exit with 1 if there are findings.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        fail(f"{command[0]} has failed", done.stdout + done.stderr)
    return done
