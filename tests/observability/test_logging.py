import json
import logging
from collections.abc import Iterator

import asyncpg
import pytest
import structlog

from feed.errors import NotFound
from feed.observability.logging import HIDDEN, configure
from tests.support.logs import log_plainly


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure("json")
    yield
    root.handlers[:] = before
    root.setLevel(level)
    log_plainly()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_says_what_when_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")

    structlog.get_logger("feed.worker").info("message sent", id=7)

    (line,) = lines(capsys)
    assert {key: line[key] for key in ("event", "id", "logger", "level")} == {
        "event": "message sent",
        "id": 7,
        "logger": "feed.worker",
        "level": "info",
    }
    assert str(line["timestamp"]).endswith("Z")


def test_what_speaks_of_people_is_hidden_at_any_depth(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")

    structlog.get_logger("feed").warning(
        "claim", phone="+8613800138000", claim={"address": "深圳", "items": [{"name": "王"}]}, note="打 13800138000"
    )

    (line,) = lines(capsys)
    assert line["phone"] == HIDDEN
    assert line["claim"] == {"address": HIDDEN, "items": [{"name": HIDDEN}]}
    assert line["note"] == f"打 {HIDDEN}"


def test_libraries_log_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")

    logging.getLogger("pgqueuer").error("called %s for %s", "+8613800138000", 480_000_000_000_000_123)

    (line,) = lines(capsys)
    assert line["event"] == f"called {HIDDEN} for 480000000000000123"
    assert line["logger"] == "pgqueuer"


def test_an_exception_tells_its_place_and_not_what_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    given = "家住罗湖"

    try:
        try:
            int(given)
        except ValueError as error:
            raise NotFound(given) from error
    except NotFound:
        structlog.get_logger("feed").exception("failed")

    (line,) = lines(capsys)
    failure = line["failure"]
    assert isinstance(failure, list)
    assert [one["class"] for one in failure] == ["feed.errors.NotFound", "builtins.ValueError"]
    assert failure[0]["message"] == "not_found"
    assert "test_logging.py" in failure[1]["at"][-1]
    assert given not in json.dumps(line, ensure_ascii=False)


async def test_a_refusal_of_postgres_does_not_tell_the_row(
    capsys: pytest.CaptureFixture[str], shared_database: str
) -> None:
    configure("json")
    conn = await asyncpg.connect(shared_database)

    try:
        await conn.execute("INSERT INTO accounts (iss, sub, name) VALUES ('feed', '13800138000', repeat('家', 30))")
    except asyncpg.CheckViolationError:
        structlog.get_logger("feed").exception("failed")
    finally:
        await conn.close()

    (line,) = lines(capsys)
    exc_info = json.dumps(line, ensure_ascii=False)
    assert "23514" in exc_info
    assert "accounts_name_length" in exc_info
    assert "家家" not in exc_info
    assert "13800138000" not in exc_info


def test_a_terminal_gets_the_same_without_the_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console")

    structlog.get_logger("feed").info("hello", phone="+8613800138000")

    exc_info = capsys.readouterr().err
    assert "hello" in exc_info
    assert "138" not in exc_info
