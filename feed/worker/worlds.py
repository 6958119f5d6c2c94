"""What the worker's jobs may touch."""

from typing import NamedTuple

from redis.asyncio import Redis

from feed.keys import Keys
from feed.messages.model import QuietHours
from feed.messages.provider import SmsProvider
from feed.postgres import Pool


class Worlds(NamedTuple):
    """Opened by whoever runs the worker, closed by the same."""

    pool: Pool
    redis: Redis
    keys: Keys
    provider: SmsProvider
    quiet: QuietHours | None
