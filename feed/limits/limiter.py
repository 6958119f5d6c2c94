"""What one process knows of the limits, and how it agrees with the others.

Exact limits are asked of Redis each time, the questions of many requests in one round trip. The others are paid
afterwards: a process lets a portion pass, reports it with its next question, and is told how much is left. Whoever has
been refused is refused from memory until the wait is over. So a like costs a look into a dictionary, and N processes
let pass at most N - 1 portions too many.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from redis.asyncio import Redis

from feed import metrics
from feed.batching import Batcher
from feed.errors import Unavailable
from feed.limits.model import NEWCOMER_SECONDS, NEWCOMER_SHARE, Limit, LimitsAway, Owner, RateLimited, Terms, terms
from feed.limits.script import SPEND
from feed.redis import UNREACHABLE

_PURSES = 50_000
_OWNERS = 20_000
_OWNER_SECONDS = 300.0
# After a failure nobody asks for so long: a Redis that hangs must not slow everybody down again and again.
_REST_SECONDS = 2.0
_AWAY_SECONDS = 5

Question = tuple[str, int, int, Terms]
Answer = list[int]


# Remembered by the ten thousands, and without cycles: the collector would walk through all of them while everybody waits.
class Purse(msgspec.Struct, gc=False):
    """What one subject may still spend in one class before anybody asks."""

    left: int
    remaining: int
    resets_at: float
    spent: int = 0
    closed_until: float = 0.0
    closed_for: int = 0
    index: int = 0


class _Known(msgspec.Struct, frozen=True, gc=False):
    subject: str
    until: float
    grown_at: float


def _opened(held: Terms, now: float) -> Purse:
    # The request that opens the purse is one of its portion.
    first = held.windows[0]
    return Purse(left=held.portion, remaining=first.quota, resets_at=now + first.seconds)


class Limiter:
    """Counts what subjects do, together with the limiters of all other processes."""

    def __init__(
        self,
        redis: Redis,
        load: Callable[[Sequence[int]], Awaitable[Mapping[int, Owner]]],
        table: Mapping[str, Limit],
        *,
        new_posts: bool = True,
    ) -> None:
        self._redis = redis
        self._load = load
        share = NEWCOMER_SHARE if new_posts else 1
        self._members = {name: terms(name, limit.account, limit) for name, limit in table.items() if limit.account}
        self._newcomers = {
            name: terms(name, limit.account, limit, share=share) for name, limit in table.items() if limit.account
        }
        self._strangers = {name: terms(name, limit.address, limit) for name, limit in table.items()}
        self._purses: dict[tuple[str, str], Purse] = {}
        self._known: dict[int, _Known] = {}
        self._questions: Batcher[Question, Answer | None] = Batcher(self._ask)
        self._lookups: Batcher[int, Owner | None] = Batcher(self._look_up)
        self._rests_until = 0.0

    async def close(self) -> None:
        """Waits for the questions that are open."""
        await self._questions.close()
        await self._lookups.close()

    def meet(self, account_id: int, owner: Owner) -> None:
        """Learns whose an account is from whoever has just looked, so that its first request need not ask again."""
        self._learn(account_id, owner, time.monotonic())

    def counts_accounts(self, name: str) -> bool:
        """Whether it matters to this limit who asks."""
        return name in self._members

    async def spend_as_account(self, name: str, account_id: int, weight: int = 1) -> tuple[bytes, bytes]:
        """Counts an operation of somebody who is signed in; what `RateLimit` and `RateLimit-Policy` say then.

        Raises RateLimited, and LimitsAway where Redis is away and the limit is strict.
        """
        now = time.monotonic()
        known = self._known.get(account_id)
        if known is None or known.until < now:
            known = await self._find(account_id, now)
        held = (self._newcomers if known.grown_at > now else self._members)[name]
        return await self._spend(held, known.subject, weight, now)

    async def spend_as_address(self, name: str, address: str, weight: int = 1) -> tuple[bytes, bytes]:
        """Counts an operation of an address, else as `spend_as_account`."""
        return await self._spend(self._strangers[name], f"n{address}", weight, time.monotonic())

    async def _spend(self, held: Terms, subject: str, weight: int, now: float) -> tuple[bytes, bytes]:
        key = (held.name, subject)
        purse = self._purses.get(key)
        if purse is None:
            purse = self._purses[key] = _opened(held, now)
            if len(self._purses) > _PURSES:
                # The oldest; with it goes a portion at most that nobody was told of.
                del self._purses[next(iter(self._purses))]
        if now < purse.closed_until and weight >= purse.closed_for:
            raise self._refusal(held, purse, now)
        purse.spent += weight
        if purse.spent > purse.left:
            await self._settle(held, subject, purse, weight, now)
        return (
            held.say(purse.index, remaining=purse.remaining - purse.spent, seconds=int(purse.resets_at - now)),
            held.policy,
        )

    async def _settle(self, held: Terms, subject: str, purse: Purse, weight: int, now: float) -> None:
        told, purse.spent, purse.left = purse.spent - weight, 0, 0
        asked = min(weight, *(window.quota for window in held.windows))
        answer = None
        if now >= self._rests_until:
            answer = await self._questions.submit((f"feed:limits:{{{subject}}}:{held.name}", told, asked, held))
        if answer is None:
            if held.strict:
                raise LimitsAway(retry_after=_AWAY_SECONDS)
            purse.left = held.portion
            return
        granted, wait, *rows = answer
        pairs = list(zip(rows[::2], rows[1::2], strict=True))
        purse.index = min(range(len(pairs)), key=lambda at: pairs[at][0] / held.windows[at].quota)
        purse.remaining, reset = pairs[purse.index]
        purse.resets_at = now + reset / 1000
        purse.left = min(held.portion, *(remaining for remaining, _ in pairs))
        if not granted:
            purse.left = 0
            purse.closed_until, purse.closed_for = now + wait / 1000, weight
            raise self._refusal(held, purse, now)

    def _refusal(self, held: Terms, purse: Purse, now: float) -> RateLimited:
        metrics.LIMITED.labels(held.name).inc()
        wait = int(purse.closed_until - now) + 1
        says = held.say(purse.index, remaining=0, seconds=wait)
        return RateLimited(retry_after=wait, told=(says, held.policy))

    async def _ask(self, questions: Sequence[Question]) -> list[Answer | None]:
        calls = []
        for key, told, asked, held in questions:
            pairs = [number for window in held.windows for number in (window.quota, window.seconds)]
            calls.append((key, [told, asked, *pairs]))
        try:
            answers = await SPEND.run_each(self._redis, calls)
        except UNREACHABLE:
            answers = [None] * len(calls)
        if None in answers:
            self._rests_until = time.monotonic() + _REST_SECONDS
        return answers

    async def _find(self, account_id: int, now: float) -> _Known:
        try:
            owner = await self._lookups.submit(account_id)
        except Unavailable:
            return _Known(f"a{account_id}", 0, 0)
        return self._learn(account_id, owner, now)

    def _learn(self, account_id: int, owner: Owner | None, now: float) -> _Known:
        age = owner.age_seconds if owner else 0.0
        subject = f"p{owner.person.hex()}" if owner else f"a{account_id}"
        known = self._known[account_id] = _Known(subject, now + _OWNER_SECONDS, now + NEWCOMER_SECONDS - age)
        if len(self._known) > _OWNERS:
            del self._known[next(iter(self._known))]
        return known

    async def _look_up(self, account_ids: Sequence[int]) -> list[Owner | None]:
        found = await self._load(account_ids)
        return [found.get(account_id) for account_id in account_ids]
