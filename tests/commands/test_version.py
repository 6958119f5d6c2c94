"""`feed --version` prints the version of pyproject.toml."""

import tomllib
from pathlib import Path

import pytest

import feed
from feed.__main__ import main

PYPROJECT = Path(feed.__file__).parent.parent / "pyproject.toml"


def test_the_version_is_the_one_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    # An installation older than pyproject.toml fails here: `make install` renews it.
    assert capsys.readouterr().out == f"feed {tomllib.loads(PYPROJECT.read_text('utf-8'))['project']['version']}\n"
