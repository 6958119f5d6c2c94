"""The tables of operations in docs/reference/api.md name operations and errors that the OpenAPI document has."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import feed
from feed.api.messages import known_codes

DOCS = Path(feed.__file__).parents[1] / "docs"
TEXT = (DOCS / "reference/api.md").read_text("utf-8")
MANUALS = ("how-to/run-a-campaign.zh-CN.md", "how-to/moderate.zh-CN.md", "how-to/integrate-an-app.md")
ROW = re.compile(r"^\| `(GET|PUT|POST|PATCH|DELETE) ([^`]+)` \| [^|]+ \| [^|]+ \| ([^|]*)\|$", re.MULTILINE)
# Operations of campaigns, prizes, juries and moderation: each has a row.
LISTED = re.compile(r"/v1/(admin/)?(campaigns|objections|prizes|messages|me/prizes|me/juries|moderation)\b")


async def test_the_tables_of_operations_are_those_of_the_served_document(client: httpx.AsyncClient) -> None:
    paths = (await client.get("http://feed.test/openapi.json")).json()["paths"]
    served = {
        (method.upper(), re.sub(r"{\w+}", "{}", path)): codes_of(operation)
        for path, item in paths.items()
        for method, operation in item.items()
    }
    rows = {(method, plain(path)): set(re.findall(r"`(\w+)`", errors)) for method, path, errors in ROW.findall(TEXT)}
    assert len(rows) > 60
    assert rows.keys() - served.keys() == set()
    assert {row: errors - served[row] for row, errors in rows.items() if errors - served[row]} == {}
    listed = {row for row in served if LISTED.match(row[1])}
    # Its inverse has the row.
    also = {(method, path) for method, path in listed if method == "DELETE" and ("PUT", path) in rows}
    assert listed - rows.keys() - also == set()


@pytest.mark.parametrize("manual", MANUALS)
async def test_manuals_name_operations_that_are_served(manual: str, client: httpx.AsyncClient) -> None:
    paths = (await client.get("http://feed.test/openapi.json")).json()["paths"]
    served = {(method.upper(), re.sub(r"{\w+}", "{}", path)) for path, item in paths.items() for method in item}
    text = (DOCS / manual).read_text("utf-8")
    named = {(method, plain(path)) for method, path in re.findall(r"`(GET|PUT|POST|PATCH|DELETE) ([^`]+)`", text)}
    assert len(named) >= 5
    assert named - served == set()


@pytest.mark.parametrize("document", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_errors_that_a_document_names_exist(document: Path) -> None:
    """But for decisions, whose words are those of their day."""
    if document.parent.name != "decisions":
        named = set(re.findall(r"\b(?:4\d\d|5\d\d) `(\w+)`", document.read_text("utf-8")))
        assert named - {code.removeprefix("field.") for code in known_codes()} == set()


def plain(path: str) -> str:
    """The path of a row without its query and body, in full, and without the names of parameters."""
    path = re.split(r"[ ?]", path)[0].replace("…", "/v1/admin/campaigns/{}")
    return re.sub(r"{\w+}", "{}", path)


def codes_of(operation: dict[str, Any]) -> set[str]:
    """The error codes that an operation can return."""
    return {
        code
        for response in operation["responses"].values()
        for media in response.get("content", {}).values()
        for code in (response.get("x-codes") or media.get("x-codes") or [])
    }
