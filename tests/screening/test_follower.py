"""Every process gets a new version by itself, in one step, and keeps the last one while Postgres is away."""

import asyncio

import asyncpg
import pytest
from asyncpg import Record

from feed.moderation.words import put_words
from feed.screening.follower import PAUSE_SECONDS, WordFollower
from feed.screening.screener import Screener
from feed.screening.words_model import WordIn


class Turns:
    """A pause that ends when the test says so."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self._go = asyncio.Event()
        self.seconds: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.waiting.set()
        await self._go.wait()
        self._go.clear()

    async def next(self) -> None:
        """Lets the next look happen, and returns when it is over."""
        await self.waiting.wait()
        self.waiting.clear()
        self._go.set()
        await self.waiting.wait()


@pytest.fixture
def turns() -> Turns:
    return Turns()


async def test_a_change_reaches_every_process_at_its_next_look(pool: "asyncpg.Pool[Record]", turns: Turns) -> None:
    screener = Screener()
    following = asyncio.create_task(WordFollower(pool, screener).follow(turns.pause))
    await put_words(pool, None, [WordIn("赌博", "block", "illegal")])
    await turns.next()
    assert (screener.check("赌博", "post").verdict, screener.words.version) == ("block", 1)
    await put_words(pool, None, [WordIn("赌博", "review", "illegal")])
    assert screener.check("赌博", "post").verdict == "block"
    await turns.next()
    assert (screener.check("赌博", "post").verdict, screener.words.version) == ("review", 2)
    # The pause, a read and the building of the list are within five seconds.
    assert set(turns.seconds) == {PAUSE_SECONDS}
    assert PAUSE_SECONDS <= 2
    following.cancel()


async def test_the_last_list_stays_in_force_while_the_table_cannot_be_read(
    pool: "asyncpg.Pool[Record]", turns: Turns
) -> None:
    screener = Screener()
    follower = WordFollower(pool, screener)
    await put_words(pool, None, [WordIn("赌博", "block", "illegal")])
    await follower.load(turns.pause)
    following = asyncio.create_task(follower.follow(turns.pause))
    await pool.execute("ALTER TABLE screening_lists RENAME TO away")
    await turns.next()
    assert screener.check("赌博", "post").verdict == "block"
    await pool.execute("ALTER TABLE away RENAME TO screening_lists")
    await put_words(pool, None, [WordIn("枪支", "block", "illegal")])
    await turns.next()
    assert screener.check("枪支", "post").verdict == "block"
    following.cancel()


async def test_a_process_starts_with_the_list_as_soon_as_it_can_be_read(
    pool: "asyncpg.Pool[Record]", turns: Turns
) -> None:
    await put_words(pool, None, [WordIn("赌博", "block", "illegal")])
    await pool.execute("ALTER TABLE screening_lists RENAME TO away")
    screener = Screener()
    loading = asyncio.create_task(WordFollower(pool, screener).load(turns.pause))
    await turns.next()
    assert not loading.done()
    await pool.execute("ALTER TABLE away RENAME TO screening_lists")
    turns._go.set()
    await loading
    assert screener.check("赌博", "post").verdict == "block"


async def test_a_result_names_the_version_that_it_was_made_with_also_when_it_passes(
    pool: "asyncpg.Pool[Record]",
) -> None:
    screener = Screener()
    await put_words(pool, None, [WordIn("赌博", "block", "illegal")])
    await WordFollower(pool, screener).refresh()
    assert screener.check("今天天气好", "post").list_version == 1
