"""Keeps the list of words of a process up to date: every process reads the version every two seconds."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import structlog

from feed.observability.metrics import WORDS_SKIPPED, WORDS_VERSION
from feed.postgres import UNAVAILABLE, Pool
from feed.screening import words_store as store
from feed.screening.forms import form_of
from feed.screening.screener import Screener, compiled
from feed.screening.trial import harmless_texts
from feed.screening.word_list import Word, WordList
from feed.screening.words_model import is_too_common

# A change is in force everywhere within five seconds: this pause, a read and the building of the list.
PAUSE_SECONDS = 2.0
# Waits for so many seconds.
Pause = Callable[[float], Awaitable[None]]

log = structlog.get_logger("feed.screening")


class WordFollower:
    """Replaces the list of a screener when its version has changed. While Postgres is away the last list stays in force."""

    def __init__(self, pool: Pool, screener: Screener) -> None:
        self._pool = pool
        self._screener = screener
        self._loading = asyncio.Lock()

    async def refresh(self) -> int:
        """Loads the newest version unless it is in force. Returns the version in force."""
        async with self._loading:
            async with self._pool.acquire() as conn:
                version = await store.get_version(conn)
                if version == self._screener.words.version:
                    return version
                words = await store.list_words(conn, version)
            # Built in a thread and replaced at once, so that no request waits for it or sees half of a list.
            built = await asyncio.to_thread(build, words, version)
            self._screener.replace(built)
        WORDS_VERSION.set(version)
        WORDS_SKIPPED.set(len(built.skipped))
        if built.skipped:
            log.error("listed words are not used", version=version, words=len(built.skipped))
        return version

    async def load(self, pause: Pause = asyncio.sleep) -> None:
        """Loads the list before the first request, as soon as Postgres can be read: without a list every text would pass."""
        while not await self._try_refresh():
            await pause(PAUSE_SECONDS)

    async def follow(self, pause: Pause = asyncio.sleep) -> None:
        """Refreshes until it is cancelled."""
        while True:
            await pause(PAUSE_SECONDS)
            await self._try_refresh()

    async def _try_refresh(self) -> bool:
        try:
            await self.refresh()
        except (*UNAVAILABLE, asyncpg.PostgresError) as error:
            log.warning("the list of words was not read", error=type(error).__name__)
            return False
        return True


def build(words: Sequence[Word], version: int) -> WordList:
    """The list of a version, without words that would stop ordinary texts. Blocking work: for a thread."""
    built = compiled(words, version)
    hits = Counter(
        term
        for text in harmless_texts()
        if built.may_contain(form_of(text))
        for term in {label.term for label in built.find(text)}
    )
    common = {term for term, count in hits.items() if is_too_common(count, len(harmless_texts()))}
    if not common:
        return built
    sound = compiled([word for word in words if word.term not in common], version)
    sound.skipped += sorted(common)
    return sound
