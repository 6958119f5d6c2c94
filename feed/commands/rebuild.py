"""`feed rebuild`: rebuilds every board in Redis, under new keys."""

import argparse
import asyncio

from feed import redis as feed_redis
from feed.boards import actions
from feed.commands.installation import add_data_option, find_settings
from feed.embedded.processes import CannotStart
from feed.postgres import open_pool
from feed.settings import Settings
from feed.terminal import print_lines

# A large campaign is counted in one statement per chunk.
_STATEMENT_SECONDS = 60.0


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "rebuild",
        help="重建 Redis 榜单 · build the boards in Redis anew",
        description="Builds every board in Redis anew from Postgres. Reads are answered by Postgres until it ends. "
        "Never needed after a failure: an empty Redis or a restored Postgres is noticed by the worker.",
    )
    add_data_option(parser)
    parser.set_defaults(run=run_rebuild)


def run_rebuild(arguments: argparse.Namespace) -> int:
    built = asyncio.run(rebuild_boards(find_settings(arguments.data)))
    print_lines(f"已重建 {built} 个榜单 · {built} boards built anew")
    return 0


async def rebuild_boards(settings: Settings) -> int:
    """Rebuilds the boards and returns how many. Raises CannotStart if Redis is unavailable, before any change."""
    redis = feed_redis.connect(settings.redis_url)
    try:
        await redis.ping()
        pool = await open_pool(settings.direct_url, size=2, statement_seconds=_STATEMENT_SECONDS)
        try:
            return await actions.rebuild_boards(pool, redis)
        finally:
            await pool.close()
    except feed_redis.UNREACHABLE as error:
        raise CannotStart(f"无法连接 Redis。\nRedis cannot be reached: {type(error).__name__}") from None
    finally:
        await redis.aclose()
