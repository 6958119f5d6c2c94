"""The same verdicts give the same bytes: in another process, hours later, and from a restored dump."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count

from feed.embedded.binaries import find_binaries
from feed.embedded.installation import Embedded
from feed.keys.store import Keys
from feed.postgres import Pool, open_pool
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.conftest import administer, url_of
from tests.support import make, phases
from tests.support.make import DAY

_copies = count(1)
_FROZEN_AT = re.compile(rb'"frozen_at":"[^"]*"')
_SIGNED = re.compile(rb'"signature":\{[^}]*\}')

TIERS = [{**phases.PRIZE, "places": [1, 1]}, {**phases.PRIZE, "name": "书签", "places": [2, 2]}]


def _name(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]


@asynccontextmanager
async def _database(servers: Embedded, template: str) -> AsyncIterator[str]:
    name = f"identity_{next(_copies)}"
    await administer(servers, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield url_of(servers, name)
    finally:
        await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def _restore(source: str, target: str) -> None:
    """Copies all rows with pg_dump and pg_restore, as an operator does."""
    programs = find_binaries().postgres
    dump = await asyncio.create_subprocess_exec(
        programs / "pg_dump", "--format=custom", source, stdout=asyncio.subprocess.PIPE
    )
    dumped, _ = await dump.communicate()
    assert dump.returncode == 0
    restore = await asyncio.create_subprocess_exec(
        programs / "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={target}", stdin=asyncio.subprocess.PIPE
    )
    await restore.communicate(dumped)
    assert restore.returncode == 0


async def _settled(url: str, keys: Keys, campaign_id: int) -> bytes:
    """The result of a separate worker."""
    pool = await open_pool(url, size=2)
    try:
        assert await freeze_next_campaign(pool)
        assert await settle_next_campaign(pool, keys)
        found = await phases.result_of(pool, campaign_id)
    finally:
        pool.terminate()
    assert found is not None
    return found


async def _judge(pool: Pool, campaign: phases.Played) -> None:
    """Adds verdicts and engagement of every kind, each of which affects the document."""
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    first, second, third, *_ = campaign.posts
    for score, post_id in zip(("80", "81", "66.5"), campaign.posts, strict=False):
        await make.mark(pool, campaign.id, post_id, await make.account(pool), score)
    await make.void(pool, campaign.id, post_id=third, kinds=("like",))
    await make.comment(pool, second, at=ends_at - DAY)
    await make.past_like(pool, first, await make.account(pool), at=ends_at - DAY, until=ends_at + DAY)
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", campaign.posts[-1])


async def _age(url: str) -> None:
    """Adds what must not affect a later settlement: engagement after the end, and rows on other pages."""
    pool = await open_pool(url, size=2)
    try:
        for post_id in await pool.fetch("SELECT post_id FROM entries"):
            await make.like(pool, post_id["post_id"])
            await make.comment(pool, post_id["post_id"])
        await make.ban(pool, await pool.fetchval("SELECT min(author_id) FROM entries"), since=make.now())
        await pool.execute("UPDATE likes SET liked_at = liked_at")
        await pool.execute("VACUUM FULL likes")
    finally:
        pool.terminate()


async def test_two_workers_hours_apart_and_a_restored_dump_give_the_same_bytes(
    servers: Embedded, database: str, keys: Keys
) -> None:
    pool = await open_pool(database, size=4)
    campaign = await phases.due(pool, entries=8, reserve_count=3, prizes=TIERS)
    await _judge(pool, campaign)
    pool.terminate()
    await administer(
        servers, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_name(database)}'"
    )
    async with AsyncExitStack() as stack:
        later = await stack.enter_async_context(_database(servers, _name(database)))
        restored = await stack.enter_async_context(_database(servers, "template0"))
        await _restore(database, restored)
        now = await _settled(database, keys, campaign.id)
        await _age(later)
        results = [now, await _settled(later, keys, campaign.id), await _settled(restored, keys, campaign.id)]
    for each in results:
        assert verify_result(each, keys.public_keys().keys).is_valid
    assert len({_FROZEN_AT.search(each)[0] for each in results}) == 3  # type: ignore[index]
    # The signature covers the time of the freeze.
    same = {_SIGNED.sub(b"", _FROZEN_AT.sub(b"", each)) for each in results}
    assert len(same) == 1
