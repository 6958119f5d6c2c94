"""The files of the pages: scripts that older browsers can read, packages that are unchanged."""

import hashlib
from pathlib import Path

import httpx
import pytest

from feed.api.html import assets
from tests.support.javascript import run_javascript

STATIC = Path(assets.__file__).parent / "static"
PARSE = Path(__file__).parents[2] / "support/acorn/parse.mjs"
SCRIPTS = sorted(path for path in STATIC.rglob("*") if path.suffix in (".js", ".mjs"))


def test_every_script_parses_as_ecmascript_2020() -> None:
    assert {"forms.js", "result.js", "verify.mjs"} <= {path.name for path in SCRIPTS}
    assert run_javascript(PARSE, *SCRIPTS) == {}


@pytest.mark.parametrize(
    "newer",
    [
        "class A { #x = 1 }",
        "a ??= 1",
        "const n = 1_000",
        "await a",
        "class A { x = 1 }",
        "const lookbehind = /(?<!a)b/",
    ],
)
def test_syntax_that_older_browsers_lack_is_found(newer: str, tmp_path: Path) -> None:
    script = tmp_path / "newer.js"
    script.write_text(newer)
    assert list(run_javascript(PARSE, script)) == [str(script)]


def test_packages_are_those_that_were_recorded() -> None:
    vendor = STATIC / "vendor"
    lines = (vendor / "SHA256SUMS.txt").read_text().splitlines()
    recorded = {line[66:]: line[:64] for line in lines if not line.startswith("#")}
    files = {path.relative_to(vendor).as_posix(): path for path in vendor.rglob("*") if path.is_file()}
    del files["SHA256SUMS.txt"]
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == recorded
    assert all((path.parent / "LICENSE").is_file() for path in files.values())


@pytest.mark.parametrize("name", ["forms.js", "base.css"])
async def test_a_page_of_another_release_gets_the_present_files(client: httpx.AsyncClient, name: str) -> None:
    present = await client.get(f"http://feed.test{assets.asset(name)}")
    former = await client.get(f"http://feed.test{assets.ASSETS_PATH}/0.0.1-0123456789/{name}")
    assert (present.status_code, former.status_code) == (200, 200)
    assert former.content == present.content
    assert "immutable" in present.headers["cache-control"]
    # Nothing remembers it under that address: the next release has another one.
    assert former.headers["cache-control"] == "no-cache"


def test_the_documents_have_the_script_that_pages_run() -> None:
    documented = Path(__file__).parents[3] / "docs/reference/verify.mjs"
    assert documented.read_bytes() == (STATIC / "verify.mjs").read_bytes()
