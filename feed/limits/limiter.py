"""The rate limiter of one process, which shares its counts with other processes through Redis.

Exact limits ask Redis before each request, many requests in one round trip. Other limits are reported afterwards: a
process lets a portion of the quota pass, reports it with its next call and learns how much is left. A rejected subject is
rejected from memory until its wait is over. So a like costs a dictionary lookup, and N processes let pass at most N - 1
portions too many.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from redis.asyncio import Redis

from feed.batching import Batcher
from feed.bounded_cache import BoundedCache
from feed.errors import Unavailable
from feed.limits.model import (
    NEW_ACCOUNT_DIVISOR,
    NEW_ACCOUNT_SECONDS,
    EffectiveLimit,
    Limit,
    LimitsAway,
    Owner,
    RateLimited,
    effective_limit,
)
from feed.limits.script import COUNT
from feed.observability import metrics
from feed.redis import UNREACHABLE

_ALLOWANCES_BYTES = 20_000_000
# Since its last report: what a process has let pass without one is lost, a portion at most.
_ALLOWANCE_SECONDS = 900.0
_OWNERS_BYTES = 10_000_000
_OWNER_SECONDS = 300.0
# No calls for this long after a failure: a Redis that hangs must not delay request after request.
_BACKOFF_SECONDS = 2.0
_RETRY_AFTER_SECONDS = 5

# The Redis key, the requests that have passed and are reported now, the requests to grant, and the limit.
CountCall = tuple[str, int, int, EffectiveLimit]
CountReply = list[int]


# Tens of thousands are cached. They hold no reference cycles: traversing them would only lengthen garbage collection pauses.
class Allowance(msgspec.Struct, gc=False):
    """The state of one subject in one class: how many requests may pass before Redis is asked."""

    left: int
    remaining: int
    resets_at: float
    spent: int = 0  # Passed since the last report.
    blocked_until: float = 0.0
    blocked_weight: int = 0  # Lighter requests may still pass.
    window: int = 0  # The index of the fullest window, which the `RateLimit` header describes.


class _CachedOwner(msgspec.Struct, frozen=True, gc=False):
    subject: str
    expires_at: float
    established_at: float  # From then on the account has full quotas.


def _new_allowance(limit: EffectiveLimit, now: float) -> Allowance:
    first = limit.windows[0]
    return Allowance(left=limit.portion, remaining=first.quota, resets_at=now + first.seconds)


class Limiter:
    """Counts requests by person, account or address, together with the limiters of all other processes.

    `load` returns the owners of accounts by id. Without `limit_new_accounts` new accounts have full quotas.
    """

    def __init__(
        self,
        redis: Redis,
        load: Callable[[Sequence[int]], Awaitable[Mapping[int, Owner]]],
        table: Mapping[str, Limit],
        *,
        limit_new_accounts: bool = True,
    ) -> None:
        self._redis = redis
        self._load = load
        divisor = NEW_ACCOUNT_DIVISOR if limit_new_accounts else 1
        by_account = {name: limit for name, limit in table.items() if limit.account}
        self._account_limits = {name: effective_limit(name, limit.account, limit) for name, limit in by_account.items()}
        self._new_account_limits = {
            name: effective_limit(name, limit.account, limit, divisor=divisor) for name, limit in by_account.items()
        }
        self._address_limits = {name: effective_limit(name, limit.address, limit) for name, limit in table.items()}
        self._allowances: BoundedCache[tuple[str, str], Allowance] = BoundedCache(
            max_bytes=_ALLOWANCES_BYTES, seconds=_ALLOWANCE_SECONDS, size=_size_of_allowance
        )
        self._owners: BoundedCache[int, _CachedOwner] = BoundedCache(
            max_bytes=_OWNERS_BYTES, seconds=_OWNER_SECONDS, size=_size_of_owner
        )
        self._counts: Batcher[CountCall, CountReply | None] = Batcher(self._count_each)
        self._lookups: Batcher[int, Owner | None] = Batcher(self._load_owners)
        self._retry_redis_at = 0.0

    async def close(self) -> None:
        """Waits for open calls."""
        await self._counts.close()
        await self._lookups.close()

    def cache_owner(self, account_id: int, owner: Owner) -> None:
        """Caches the owner of an account that the caller has just read, which saves a query at its first request."""
        self._cache_owner(account_id, owner, time.monotonic())

    def counts_accounts(self, name: str) -> bool:
        """Whether the limit counts signed-in callers by account."""
        return name in self._account_limits

    async def count_account(self, name: str, account_id: int, weight: int = 1) -> tuple[bytes, bytes]:
        """Counts a request of an account; returns the values of the `RateLimit` and `RateLimit-Policy` headers.

        Raises RateLimited, and LimitsAway when Redis is unreachable and the limit is strict.
        """
        now = time.monotonic()
        owner = self._owners.get(account_id)
        if owner is None or owner.expires_at < now:
            owner = await self._find_owner(account_id, now)
        limits = self._new_account_limits if owner.established_at > now else self._account_limits
        return await self._count(limits[name], owner.subject, weight, now)

    async def count_address(self, name: str, address: str, weight: int = 1) -> tuple[bytes, bytes]:
        """Counts a request of an address; otherwise like `count_account`."""
        return await self._count(self._address_limits[name], f"n{address}", weight, time.monotonic())

    async def _count(self, limit: EffectiveLimit, subject: str, weight: int, now: float) -> tuple[bytes, bytes]:
        key = (limit.name, subject)
        allowance = self._allowances.get(key)
        if allowance is None:
            allowance = _new_allowance(limit, now)
            # When it is dropped, at most one unreported portion is lost with it.
            self._allowances.put(key, allowance)
        if now < allowance.blocked_until and weight >= allowance.blocked_weight:
            raise self._rejection(limit, allowance, now)
        allowance.spent += weight
        if allowance.spent > allowance.left:
            await self._report(limit, subject, allowance, weight, now)
            self._allowances.put(key, allowance)
        remaining, seconds = allowance.remaining - allowance.spent, int(allowance.resets_at - now)
        return limit.header(allowance.window, remaining=remaining, seconds=seconds), limit.policy_header

    async def _report(self, limit: EffectiveLimit, subject: str, allowance: Allowance, weight: int, now: float) -> None:
        """Reports passed requests to Redis and requests this one and the next portion. Raises RateLimited, LimitsAway."""
        reported, allowance.spent, allowance.left = allowance.spent - weight, 0, 0
        requested = min(weight, *(window.quota for window in limit.windows))
        reply = None
        if now >= self._retry_redis_at:
            reply = await self._counts.submit((f"feed:limits:{{{subject}}}:{limit.name}", reported, requested, limit))
        if reply is None:
            if limit.strict:
                raise LimitsAway(retry_after=_RETRY_AFTER_SECONDS)
            allowance.left = limit.portion
            return
        granted, wait_ms, *rest = reply
        windows = list(zip(rest[::2], rest[1::2], strict=True))
        allowance.window = min(range(len(windows)), key=lambda at: windows[at][0] / limit.windows[at].quota)
        allowance.remaining, reset_ms = windows[allowance.window]
        allowance.resets_at = now + reset_ms / 1000
        allowance.left = min(limit.portion, *(remaining for remaining, _ in windows))
        if not granted:
            allowance.left = 0
            allowance.blocked_until, allowance.blocked_weight = now + wait_ms / 1000, weight
            raise self._rejection(limit, allowance, now)

    def _rejection(self, limit: EffectiveLimit, allowance: Allowance, now: float) -> RateLimited:
        metrics.LIMITED.labels(limit.name).inc()
        wait = int(allowance.blocked_until - now) + 1
        header = limit.header(allowance.window, remaining=0, seconds=wait)
        return RateLimited(retry_after=wait, headers=(header, limit.policy_header))

    async def _count_each(self, calls: Sequence[CountCall]) -> list[CountReply | None]:
        prepared = []
        for key, reported, requested, limit in calls:
            windows = [number for window in limit.windows for number in (window.quota, window.seconds)]
            prepared.append((key, [reported, requested, *windows]))
        try:
            replies = await COUNT.run_each(self._redis, prepared)
        except UNREACHABLE:
            replies = [None] * len(prepared)
        if None in replies:
            self._retry_redis_at = time.monotonic() + _BACKOFF_SECONDS
        return replies

    async def _find_owner(self, account_id: int, now: float) -> _CachedOwner:
        try:
            owner = await self._lookups.submit(account_id)
        except Unavailable:
            # Without Postgres the account is counted alone, with full quotas, and looked up again at its next request.
            return _CachedOwner(f"a{account_id}", 0, 0)
        return self._cache_owner(account_id, owner, now)

    def _cache_owner(self, account_id: int, owner: Owner | None, now: float) -> _CachedOwner:
        age = owner.age_seconds if owner else 0.0
        subject = f"p{owner.person.hex()}" if owner else f"a{account_id}"
        cached = _CachedOwner(subject, now + _OWNER_SECONDS, now + NEW_ACCOUNT_SECONDS - age)
        self._owners.put(account_id, cached)
        return cached

    async def _load_owners(self, account_ids: Sequence[int]) -> list[Owner | None]:
        owners = await self._load(account_ids)
        return [owners.get(account_id) for account_id in account_ids]


def _size_of_allowance(_: tuple[str, str], __: Allowance) -> int:
    return 300


def _size_of_owner(_: int, __: _CachedOwner) -> int:
    return 200
