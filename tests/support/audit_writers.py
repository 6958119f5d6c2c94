"""`python -m tests.support.audit_writers WRITERS ROWS`: writers of the audit log in transactions that overlap, and a sealer beside them."""

import asyncio
import random
import sys

from feed.audit import store as audit
from feed.audit.sealing import seal_audit
from feed.environment import read_settings
from feed.keys.store import Keys, open_keys
from feed.postgres import Pool, open_pool, transaction


async def _write(pool: Pool, rows: int, chance: random.Random) -> None:
    left = rows
    while left:
        count = min(left, chance.randint(1, 3))
        async with transaction(pool) as conn:
            for _ in range(count):
                await audit.add(conn, 7, "写入", "campaign", left)
                await conn.execute("SELECT pg_sleep($1)", chance.random() / 200)
        left -= count


async def _seal(pool: Pool, keys: Keys) -> None:
    while True:
        await seal_audit(pool, keys)
        await asyncio.sleep(0.001)


async def _main(writers: int, rows: int) -> None:
    settings = read_settings()
    pool = await open_pool(settings.database_url, size=writers + 1)
    sealer = asyncio.create_task(_seal(pool, open_keys(settings.keys_dir, create=False)))
    await asyncio.gather(*(_write(pool, rows, random.Random(number)) for number in range(writers)))
    sealer.cancel()
    await asyncio.wait([sealer])
    if not sealer.cancelled():
        sealer.result()
    pool.terminate()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
