"""Quotas of sign-in codes by client network and for the whole site, counted in Redis. Unlike boards, they fail closed.

An attacker has a network rather than an address, so a code counts for every network that its address is in. Networks are
stored as keyed hashes, for a day.
"""

import hmac
import ipaddress
from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from feed.errors import Unavailable
from feed.keys.store import Keys
from feed.limits.model import LimitsAway, RateLimited
from feed.observability import metrics
from feed.redis import UNREACHABLE, Script

# From this part of the site's codes of a day on, every client solves a challenge. One network alone gets no more than this part.
BUSY_PART = 4
_LEAST_PER_DAY = 10

# One hash tag: all keys of a script must be in one slot, and there are few of them.
_SITE = "feed:{codes}:site"

# The codes that the site and a network have had in the last day.
_LOAD = Script("""
local clock = redis.call('TIME')
local since = clock[1] * 1000 + math.floor(clock[2] / 1000) - 86400000
return {tonumber(redis.call('GET', KEYS[2]) or '0'), redis.call('ZCOUNT', KEYS[1], '(' .. since, '+inf')}
""")

# KEYS: the site, then the networks. ARGV: the site's quota, then the quotas of each network for ten minutes and for a day.
# Checks every limit before it counts. Returns the limit that is reached, and in how many seconds it will not be.
_COUNT = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local site = tonumber(redis.call('GET', KEYS[1]) or '0')
if site >= tonumber(ARGV[1]) then
    return {'site', math.max(1, redis.call('TTL', KEYS[1]))}
end
local wait = 0
for i = 2, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - 86400000)
    for at, length in ipairs({600000, 86400000}) do
        local since = now - length
        local over = redis.call('ZCOUNT', KEYS[i], '(' .. since, '+inf') - tonumber(ARGV[2 * i - 3 + at])
        if over >= 0 then
            local freeing = redis.call('ZRANGEBYSCORE', KEYS[i], '(' .. since, '+inf', 'WITHSCORES', 'LIMIT', over, 1)
            wait = math.max(wait, 1, math.ceil((freeing[2] - since) / 1000))
        end
    end
end
if wait > 0 then return {'network', wait} end
site = redis.call('INCR', KEYS[1])
if site == 1 then redis.call('EXPIRE', KEYS[1], 86400) end
for i = 2, #KEYS do
    redis.call('ZADD', KEYS[i], now, now .. '-' .. site)
    redis.call('EXPIRE', KEYS[i], 86400)
end
return {'counted', 0}
""")


class CodesExhausted(Unavailable):
    """The site has sent its number of codes for a day."""


class NetworkQuota(msgspec.Struct, frozen=True):
    """How many codes the addresses with a common prefix may get together."""

    prefix: int
    per_ten_minutes: int
    per_day: int


# The narrowest first: an address, or the network of one household or phone. The widest are what one customer of a provider
# of servers gets; a mobile operator has many phones in one.
IPV4_QUOTAS = (NetworkQuota(32, 10, 50), NetworkQuota(24, 100, 1000))
IPV6_QUOTAS = (NetworkQuota(64, 10, 50), NetworkQuota(56, 30, 200), NetworkQuota(48, 100, 1000))


class ClientNetwork(msgspec.Struct, frozen=True):
    """A network that a client is in: its Redis key and its quotas."""

    key: str
    per_ten_minutes: int
    per_day: int


class Load(msgspec.Struct, frozen=True):
    """The codes of the last day: of the site, and of the client's narrowest network."""

    site: int
    network: int


def client_networks(keys: Keys, address: str | None) -> list[ClientNetwork]:
    """The networks that count for an address or a network in CIDR notation, the narrowest first. None: none is counted."""
    if address is None:
        return []
    try:
        given = ipaddress.ip_network(address)
    except ValueError:  # A socket without an address.
        quota = IPV4_QUOTAS[0]
        return [ClientNetwork(_key(keys, address), quota.per_ten_minutes, quota.per_day)]
    return [
        ClientNetwork(
            _key(keys, str(given.supernet(new_prefix=min(quota.prefix, given.prefixlen)))),
            quota.per_ten_minutes,
            quota.per_day,
        )
        for quota in (IPV4_QUOTAS if given.version == 4 else IPV6_QUOTAS)
    ]


async def get_load(redis: Redis, networks: Sequence[ClientNetwork]) -> Load:
    """What has been sent in the last day. Raises LimitsAway."""
    try:
        return Load(*await _LOAD.run(redis, [networks[0].key if networks else "feed:{codes}:none", _SITE], []))
    except UNREACHABLE:
        raise LimitsAway(retry_after=5) from None


async def count_code(redis: Redis, networks: Sequence[ClientNetwork], *, site_per_day: int) -> None:
    """Counts one code, for all of these networks and the site. Raises RateLimited, CodesExhausted, LimitsAway."""
    quotas, part = [site_per_day], max(_LEAST_PER_DAY, site_per_day // BUSY_PART)
    for network in networks:
        quotas += [network.per_ten_minutes, min(network.per_day, part)]
    try:
        outcome, seconds = await _COUNT.run(redis, [_SITE, *(network.key for network in networks)], quotas)
    except UNREACHABLE:
        raise LimitsAway(retry_after=5) from None
    if outcome == b"network":
        metrics.LIMITED.labels("codes").inc()
        raise RateLimited(retry_after=int(seconds))
    if outcome == b"site":
        raise CodesExhausted(retry_after=int(seconds))


async def mark_challenge_used(redis: Redis, challenge: str, *, seconds: int) -> bool:
    """Records the use of a solved challenge. False: it was used before. Raises LimitsAway."""
    try:
        return bool(await redis.set(f"feed:{{codes}}:spent:{challenge}", 1, nx=True, ex=seconds))
    except UNREACHABLE:
        raise LimitsAway(retry_after=5) from None


def network_hash(keys: Keys, network: str) -> bytes:
    """A keyed hash of a network, so that what is stored names no address."""
    return hmac.digest(keys.token_key, b"sign-in address\0" + network.encode(), "sha256")[:12]


def _key(keys: Keys, network: str) -> str:
    return f"feed:{{codes}}:address:{network_hash(keys, network).hex()}"
