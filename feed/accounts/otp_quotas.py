"""Quotas of sign-in codes by client address and for the whole site, counted in Redis. Unlike boards, they fail closed.

Addresses are stored as keyed hashes, for a day.
"""

import hmac
import time

from redis.asyncio import Redis

from feed.errors import Unavailable
from feed.keys.store import Keys
from feed.limits.model import LimitsAway, RateLimited
from feed.redis import UNREACHABLE, Script

PER_TEN_MINUTES = 10
PER_DAY = 50

_DAY = 86_400
# One hash tag: all keys of the script must be in one slot, and there are few of them.
_SITE = "feed:{codes}:site"

# Checks every limit before it counts. Returns the limit that is reached, and in how many seconds it will not be.
_COUNT = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local site = tonumber(redis.call('GET', KEYS[2]) or '0')
if site >= tonumber(ARGV[1]) then
    return {'site', math.max(1, redis.call('TTL', KEYS[2]))}
end
if ARGV[2] == '1' then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 86400000)
    local windows = {{600000, tonumber(ARGV[3])}, {86400000, tonumber(ARGV[4])}}
    for _, window in ipairs(windows) do
        local since = now - window[1]
        if redis.call('ZCOUNT', KEYS[1], '(' .. since, '+inf') >= window[2] then
            local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. since, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
            return {'address', math.max(1, math.ceil((first[2] - since) / 1000))}
        end
    end
end
site = redis.call('INCR', KEYS[2])
if site == 1 then redis.call('EXPIRE', KEYS[2], 86400) end
if ARGV[2] == '1' then
    redis.call('ZADD', KEYS[1], now, now .. '-' .. site)
    redis.call('EXPIRE', KEYS[1], 86400)
end
return {'counted', 0}
""")


class CodesExhausted(Unavailable):
    """The site has sent its number of codes for a day."""


def address_key(keys: Keys, address: str) -> str:
    """The Redis key of an address. The caller passes one representative of addresses that are counted together."""
    digest = hmac.digest(keys.token_key, b"sign-in address\0" + address.encode(), "sha256")
    return f"feed:{{codes}}:address:{digest[:12].hex()}"


async def count_recent_codes(redis: Redis, key: str) -> int:
    """The number of codes that the address has requested in the last day. Raises LimitsAway."""
    try:
        return int(await redis.zcount(key, time.time() * 1000 - _DAY * 1000, "+inf"))
    except UNREACHABLE:
        raise LimitsAway(retry_after=5) from None


async def count_code(redis: Redis, key: str | None, *, site_per_day: int) -> None:
    """Counts one code, for the address too unless it is exempt (None). Raises RateLimited, CodesExhausted, LimitsAway."""
    limits = [site_per_day, int(key is not None), PER_TEN_MINUTES, PER_DAY]
    try:
        outcome, seconds = await _COUNT.run(redis, [key or "feed:{codes}:nobody", _SITE], limits)
    except UNREACHABLE:
        raise LimitsAway(retry_after=5) from None
    if outcome == b"address":
        raise RateLimited(retry_after=int(seconds))
    if outcome == b"site":
        raise CodesExhausted(retry_after=int(seconds))


async def mark_challenge_used(redis: Redis, challenge: str, *, seconds: int) -> bool:
    """Records the use of a solved challenge. False: it was used before. Raises LimitsAway."""
    try:
        return bool(await redis.set(f"feed:{{codes}}:spent:{challenge}", 1, nx=True, ex=seconds))
    except UNREACHABLE:
        raise LimitsAway(retry_after=5) from None
