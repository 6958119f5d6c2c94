"""Actions on the list of words of the machine check: each change makes a new version and a row of the audit log."""

import asyncio
import time
from collections.abc import Sequence

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.errors import FieldError, Invalid
from feed.moderation import recent_texts_store as texts
from feed.postgres import Connection, Pool, transaction
from feed.screening import words_store as store
from feed.screening.forms import form_of
from feed.screening.trial import try_words
from feed.screening.words_model import ListChange, NewWord, WordIn, WordNotFound, common_words, read_words

_ERRORS_MOST = 20


async def put_words(
    pool: Pool, editor_id: AccountId | None, given: Sequence[WordIn], *, even_if_common: bool = False
) -> ListChange:
    """Adds words or replaces those of the same form, all or none, after a dry run on harmless and on recent texts.

    Without a difference nothing changes. Raises Invalid with the words that cannot be listed.
    """
    words, errors, tried_on = await _try(pool, given, even_if_common=even_if_common)
    if errors:
        raise Invalid(*errors[:_ERRORS_MOST])
    return await _list(pool, editor_id, list(words.values()), tried_on)


async def import_words(
    pool: Pool, given: Sequence[WordIn], *, even_if_common: bool = False
) -> tuple[ListChange, list[FieldError]]:
    """Lists the words of a file in one version, without those that cannot be listed. Returns the errors of the others too."""
    words, errors, tried_on = await _try(pool, given, even_if_common=even_if_common)
    refused = {error.field for error in errors}
    return await _list(pool, None, [word for field, word in words.items() if field not in refused], tried_on), errors


async def _try(
    pool: Pool, given: Sequence[WordIn], *, even_if_common: bool
) -> tuple[dict[str, NewWord], list[FieldError], int]:
    """The words that can be listed but for the errors, and on how many texts they were tried."""
    words, errors = read_words(given)
    async with pool.acquire() as conn:
        recent = await texts.list_recent_texts(conn)
    trial = await asyncio.to_thread(try_words, list(words.values()), recent, clock=time.monotonic)
    errors += common_words(words, trial, even_if_common=even_if_common)
    return words, errors, trial.harmless + trial.recent


async def _list(pool: Pool, editor_id: AccountId | None, words: Sequence[NewWord], tried_on: int) -> ListChange:
    async with transaction(pool) as conn:
        version = await store.lock_list(conn)
        known = await store.list_in_force(conn, [word.form for word in words])
        different = [word for word in words if known.get(word.form) != word]
        if not different:
            return ListChange(version, unchanged=len(words))
        ended = [word.form for word in different if word.form in known]
        await _change(conn, editor_id, version + 1, different, ended=ended)
    return ListChange(
        version + 1,
        added=len(different) - len(ended),
        changed=len(ended),
        unchanged=len(words) - len(different),
        tried_on=tried_on,
    )


async def remove_word(pool: Pool, editor_id: AccountId | None, term: str) -> ListChange:
    """Takes a word out of the list. Raises WordNotFound."""
    form = form_of(term)
    async with transaction(pool) as conn:
        version = await store.lock_list(conn)
        if not await store.list_in_force(conn, [form]):
            raise WordNotFound
        await _change(conn, editor_id, version + 1, [], ended=[form])
    return ListChange(version + 1, removed=1)


async def _change(
    conn: Connection, editor_id: AccountId | None, version: int, words: Sequence[NewWord], *, ended: Sequence[str]
) -> None:
    counts = {
        "added": max(0, len(words) - len(ended)),
        "changed": min(len(words), len(ended)),
        "removed": max(0, len(ended) - len(words)),
    }
    await store.add_version(conn, version, by=editor_id, **counts)
    await store.end_words(conn, version, ended)
    await store.add_words(conn, version, words)
    await audit.add(conn, editor_id, "words.change", "word_list", version, counts)
