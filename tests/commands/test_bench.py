"""`feed bench seed` on the command line."""

import io
from pathlib import Path

import pytest

from feed.commands.bench import progress
from feed.postgres import Pool
from tests.support.command_line import Installation


@pytest.fixture
def there(tmp_path: Path, database: str, redis_url: str) -> Installation:
    return Installation(tmp_path, database, redis_url)


async def test_an_empty_installation_is_filled_once(there: Installation, pool: Pool) -> None:
    sizes = ("--posts", "300", "--likes", "2000", "--accounts", "100", "--topics", "5")
    ran = await there.feed("bench", "seed", *sizes)

    assert ran.status == 0, ran.err
    assert "300 posts, 2000 likes, 600 comments, 100 accounts" in ran.out
    assert "3,000 / 3,000" in ran.err
    assert "\x1b" not in ran.err
    assert await pool.fetchval("SELECT sum(like_count) FROM post_stats") == 2000

    again = await there.feed("bench", "seed", *sizes)
    assert again.status == 1
    assert "数据库不是空的" in again.err
    assert "The database is not empty (it holds posts)" in again.err
    assert "Traceback" not in again.err
    assert await pool.fetchval("SELECT count(*) FROM likes") == 2000


async def test_what_cannot_be_is_said_in_words(there: Installation, tmp_path: Path) -> None:
    for words, status, said in (
        (("--posts", "0"), 2, "--posts: no whole number from 1 to"),
        (("--posts", "3", "--accounts", "2", "--likes", "7"), 1, "6 likes at most"),
    ):
        ran = await there.feed("bench", "seed", *words)
        assert ran.status == status
        assert said in ran.err
        assert "Traceback" not in ran.err
    nowhere = await there.feed("bench", "seed", "--data", str(tmp_path / "none"), FEED_DATABASE_URL="")
    assert nowhere.status == 1
    assert "feed up" in nowhere.err


def test_away_from_a_terminal_there_is_a_line_for_each_tenth() -> None:
    out = io.StringIO()
    with progress(1_000, out) as advance:
        for _ in range(100):
            advance(10)
    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("1,000 / 1,000")


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = io.StringIO()
    with progress(1_000, out) as advance:
        advance(400)
        advance(600)
    assert "1,000 / 1,000" in out.getvalue()
