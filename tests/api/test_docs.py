"""What an operator or a client can meet is documented: every setting, metric, error code and route."""

import re
from pathlib import Path

import httpx

import feed
from feed.api.words import known_codes
from feed.metrics import text
from feed.settings import Settings

DOCS = Path(feed.__file__).parent.parent / "docs"
OPERATIONS = (DOCS / "operations.md").read_text("utf-8")


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `FEED_(\w+)` \| (.+?) \|", OPERATIONS, re.MULTILINE))
    assert rows.keys() == {name.upper() for name in Settings.__struct_fields__}
    told = Settings(database_url="", redis_url="", keys_dir=Path())
    for name, default in rows.items():
        value = getattr(told, name.lower())
        if default not in ("required", "empty", "as `FEED_DATABASE_URL`"):
            assert default == f"`{str(value).lower() if value is False else value}`", name


def test_every_error_code_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(?: (\d{3}) \|)?", (DOCS / "errors.md").read_text("utf-8"), re.MULTILINE)
    assert {code if status else f"field.{code}" for code, status in rows} == known_codes()


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
