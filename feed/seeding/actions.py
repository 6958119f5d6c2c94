"""Seeds an empty installation in chunks. Each chunk is a transaction, so rows and counters always agree."""

import hashlib
from collections.abc import Callable, Iterator

from feed.accounts import bulk as accounts
from feed.accounts.bulk import NewAccount
from feed.auth.tokens import LOCAL_ISSUER
from feed.boards import store as boards
from feed.changes import bulk as stats
from feed.comments import bulk as comments
from feed.likes import bulk as likes
from feed.moderation import attestation_store as attestations
from feed.postgres import Pool, transaction
from feed.posts import bulk as posts
from feed.seeding import store
from feed.seeding.model import SUBJECT, NotEmpty, SeedingInProgress, Sizes
from feed.seeding.plan import Plan
from feed.seeding.rows import Rows, rows_of
from feed.seeding.texts import topic_name
from feed.topics import store as topics
from feed.topics.parse import topic_key

_ACCOUNTS = 10_000
_POSTS = 2_000


async def fill(pool: Pool, sizes: Sizes, advance: Callable[[int], None]) -> None:
    """Writes accounts, topics, posts, likes and comments; `advance` is called with the number of rows after each chunk.

    It can be interrupted: rows and counters agree after every chunk. Raises NotEmpty, SeedingInProgress.
    """
    async with pool.acquire() as holder:
        if not await store.try_lock(holder):
            raise SeedingInProgress
        try:
            if found := await store.find_content(holder):
                raise NotEmpty(found)
            plan = Plan(sizes, await store.get_now(holder))
            try:
                await _add_accounts(pool, plan, advance)
                topic_ids = await _add_topics(pool, sizes)
                await _add_posts(pool, plan, topic_ids, advance)
            finally:
                # These rows are not in the change log, so existing boards have to be rebuilt.
                async with transaction(pool) as conn:
                    await boards.start_epoch(conn)
                    await attestations.begin_now(conn)
            await store.vacuum(holder)
        finally:
            await store.unlock(holder)


async def _add_accounts(pool: Pool, plan: Plan, advance: Callable[[int], None]) -> None:
    for numbers in _chunks(plan.sizes.accounts, _ACCOUNTS):
        async with transaction(pool) as conn:
            await accounts.add_accounts(conn, (_account(plan, number) for number in numbers))
        advance(len(numbers))


def _account(plan: Plan, number: int) -> NewAccount:
    sub = f"{SUBJECT}{number}"
    at = plan.joined_at(number)
    person = hashlib.sha256(sub.encode()).digest()
    return NewAccount(plan.account_id(number), LOCAL_ISSUER, sub, f"读者{number + 1}", person, at, at)


async def _add_topics(pool: Pool, sizes: Sizes) -> dict[str, int]:
    """Adds the topics. Returns their ids by key."""
    names = [topic_name(number) for number in range(sizes.topics)]
    async with transaction(pool) as conn:
        known = await topics.find_or_add_topics(conn, [(topic_key(name), name) for name in names])
    return {key: topic.id for key, topic in known.items()}


async def _add_posts(pool: Pool, plan: Plan, topic_ids: dict[str, int], advance: Callable[[int], None]) -> None:
    comments_before = 0
    for numbers in _chunks(plan.sizes.posts, _POSTS):
        rows = rows_of(plan, (plan.post(number) for number in numbers), topic_ids, comments_before=comments_before)
        await _add_rows(pool, rows)
        comments_before += len(rows.comments)
        advance(rows.count)


async def _add_rows(pool: Pool, rows: Rows) -> None:
    async with transaction(pool) as conn:
        await posts.add_posts(conn, rows.posts)
        await posts.add_revisions(conn, rows.posts)
        await posts.add_to_topics(conn, rows.posts)
        await stats.add_counters(conn, rows.counted)
        await likes.add_many(conn, rows.likes)
        await comments.add_many(conn, rows.comments)
        await accounts.change_post_counts(conn, rows.posts_by_author)


def _chunks(count: int, size: int) -> Iterator[range]:
    for first in range(0, count, size):
        yield range(first, min(first + size, count))
