"""Every setting, metric, error code and route is documented, and the documents' links work."""

import configparser
import re
from pathlib import Path

import httpx
import pytest

import feed
from feed.api.messages import advice_of, known_codes, raw_message
from feed.observability.metrics import text
from feed.settings import SECRETS, Settings

ROOT = Path(feed.__file__).parent.parent
DOCS = ROOT / "docs"
OPERATIONS = (DOCS / "how-to/operate.md").read_text("utf-8")
SETTINGS = (DOCS / "reference/settings.md").read_text("utf-8")


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `FEED_(\w+)` \| (.+?) \|", SETTINGS, re.MULTILINE))
    assert rows.keys() == {name.upper() for name in Settings.__struct_fields__}
    told = Settings(database_url="", redis_url="", keys_dir=Path())
    for name, default in rows.items():
        value = getattr(told, name.lower())
        if default not in ("required", "empty", "as `FEED_DATABASE_URL`"):
            assert default == f"`{str(value).lower() if isinstance(value, bool) else value}`", name


def test_every_secret_that_a_file_may_hold_is_documented() -> None:
    (paragraph,) = [each for each in SETTINGS.split("\n\n") if "may also be read from a file" in each]
    names = paragraph.partition(" may also be read")[0]
    assert set(re.findall(r"`FEED_(\w+)`", names)) == {name.upper() for name in SECRETS}


def test_the_import_order_is_that_of_the_contract() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = contracts["importlinter:contract:feed"]["layers"].split()
    architecture = (DOCS / "explanation/architecture.md").read_text("utf-8")
    (order,) = re.findall(r"those with a bar\):\n(.*?)\.\n\n", architecture, re.DOTALL)
    assert order.replace("·", " ").replace("`", "").split() == layers


def test_every_error_code_is_documented() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|(?: (\d{3}) \|)?", (DOCS / "reference/errors.md").read_text("utf-8"), re.MULTILINE
    )
    assert {code if status else f"field.{code}" for code, status in rows} == known_codes()


def test_the_texts_of_errors_are_those_that_are_served() -> None:
    document = (DOCS / "reference/errors.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.*) \| (.*) \| `(\w+)` \|$", document, re.MULTILINE)
    assert len(rows) > 100
    for code, status, english, chinese, advice in rows:
        served = raw_message(code, "en"), raw_message(code, "zh-CN"), advice_of(code, int(status))
        assert (english, chinese, advice) == served, code
    for code, english in re.findall(r"^\| `(\w+)` \| ([^|]*) \|$", document, re.MULTILINE):
        assert english == raw_message(f"field.{code}", "en"), code


def test_every_metric_is_documented() -> None:
    for family in re.findall(r"^# TYPE (feed_\w+) ", text().decode(), re.MULTILINE):
        assert family.removesuffix("_created").removesuffix("_total") in OPERATIONS, family


async def test_every_route_says_what_it_does(client: httpx.AsyncClient) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    operations = [
        (f"{method} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    assert len(operations) > 60
    for name, operation in operations:
        assert operation.get("description"), name


@pytest.mark.parametrize("document", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(document: Path) -> set[str]:
    """The anchors that a Markdown viewer gives the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_path_that_a_document_names_exists() -> None:
    path = re.compile(r"`((?:feed|tests|bench|docs|migrations)/[\w./-]+)(?:::\w+)?`")
    named = {
        f"{document.relative_to(ROOT)}: {each}": ROOT / each
        for document in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
        for each in path.findall(document.read_text("utf-8"))
        if "NNNN" not in each
    }
    assert [name for name, target in named.items() if not target.exists()] == []


def test_the_table_of_changes_names_files_that_exist() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## Where a change goes")[1].split("\n## ")[0]
    named = [path for row in table.splitlines() for path in re.findall(r"`([\w/]+\.py)`", row)]
    assert len(named) >= 8
    assert [path for path in named if not (ROOT / "feed" / path).exists()] == []
