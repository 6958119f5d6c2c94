"""Protects sign-in codes by SMS: quotas, and a proof of work where codes are requested often."""

import asyncio
import base64
import hmac
import json
import time
from typing import Any, Literal

import altcha
import msgspec
from redis.asyncio import Redis

from feed.accounts import otp_quotas, sign_in_store
from feed.accounts.known_device import SignInClient
from feed.accounts.otp_quotas import Load
from feed.accounts.sign_in import wait_for_number
from feed.errors import Forbidden
from feed.keys.store import Keys
from feed.limits.model import RateLimited
from feed.phones import calling_code, normalise_phone
from feed.postgres import Pool

CHALLENGE_SECONDS = 600

# How many codes of a day need no challenge.
CODES_WITHOUT_CHALLENGE_PER_PHONE = 2
CODES_WITHOUT_CHALLENGE_PER_ADDRESS = 4

# About 256 derivations: half a second on a phone, three milliseconds on the server.
_ALGORITHM = "PBKDF2/SHA-256"
_COST = 5000
_LONGEST = 4096

# How much longer a challenge takes from this part of the site's codes of a day on, the highest first.
_EFFORTS = ((0.75, 4), (0.5, 2), (1 / otp_quotas.BUSY_PART, 1))

ChallengeMode = Literal["auto", "always", "never"]


class ChallengeRequired(Forbidden):
    """A code is sent only with a solved challenge: get one at /v1/auth/challenge, solve it, and repeat the request with it."""


class ChallengeRefused(Forbidden):
    """The challenge is not solved, expired, used, or not from this server: get another one."""


class CountryNotServed(Forbidden):
    """No codes are sent to numbers of this country."""


class CodeRequestRules(msgspec.Struct, frozen=True):
    """The settings of the operator. `countries` are calling codes (`+86`), or `all`."""

    challenge: ChallengeMode
    site_per_day: int
    countries: frozenset[str] = frozenset({"all"})
    provider: str = "file"


class _Solved(msgspec.Struct, frozen=True):
    """A solved challenge: the nonce, the same for each of its solutions, and how much work it took."""

    nonce: str
    cost: int


async def make_challenge(redis: Redis, keys: Keys, rules: CodeRequestRules) -> dict[str, Any]:
    """A new challenge in the format of altcha's widget; nothing is stored until it is used. Raises LimitsAway."""
    load = await otp_quotas.get_load(redis, [])
    made = altcha.create_challenge(
        _ALGORITHM,
        _COST * max(1, _effort(load, rules)),
        hmac_secret=_secret(keys),
        expires_at=int(time.time()) + CHALLENGE_SECONDS,
    )
    return dict(made.to_dict())


async def check_code_request(
    pool: Pool,
    redis: Redis,
    keys: Keys,
    rules: CodeRequestRules,
    *,
    phone: str,
    client: SignInClient,
    challenge: str | None,
) -> None:
    """Checks and counts a request for a code. The result does not depend on whether the phone has an account.

    Raises Invalid, CountryNotServed, ChallengeRequired, ChallengeRefused, RateLimited, CodesExhausted, LimitsAway.
    """
    number = normalise_phone(phone)
    if "all" not in rules.countries and calling_code(number) not in rules.countries:
        raise CountryNotServed
    person = keys.person_of(number)
    async with pool.acquire() as conn:
        # A request that the number's quota rejects must not use up the site's.
        if wait := await wait_for_number(conn, keys, person, client, provider=rules.provider):
            raise RateLimited(retry_after=wait)
        codes_of_phone = len(await sign_in_store.list_code_ages(conn, person))
    networks = otp_quotas.client_networks(keys, client.network)
    load = await otp_quotas.get_load(redis, networks)
    if _requires_challenge(rules, load, codes_of_phone):
        if not challenge:
            raise ChallengeRequired
        # Before the count, so that a request with an invalid challenge is not counted.
        await _use_challenge(redis, keys, challenge, cost=_COST * max(1, _effort(load, rules)))
    await otp_quotas.count_code(redis, networks, site_per_day=rules.site_per_day)


def _requires_challenge(rules: CodeRequestRules, load: Load, codes_of_phone: int) -> bool:
    if rules.challenge != "auto":
        return rules.challenge == "always"
    return (
        _effort(load, rules) > 0
        or load.network >= CODES_WITHOUT_CHALLENGE_PER_ADDRESS
        or codes_of_phone >= CODES_WITHOUT_CHALLENGE_PER_PHONE
    )


def _effort(load: Load, rules: CodeRequestRules) -> int:
    """The factor for the cost of a challenge; 0 while the site has sent few codes."""
    part = load.site / max(1, rules.site_per_day)
    return next((factor for least, factor in _EFFORTS if part >= least), 0)


async def _use_challenge(redis: Redis, keys: Keys, payload: str, *, cost: int) -> None:
    """Marks a solved challenge as used. Raises ChallengeRefused unless it took at least the work of `cost`, and LimitsAway."""
    # In a thread: one derivation takes milliseconds, and more under load.
    solved = await asyncio.to_thread(_solved, keys, payload)
    if solved is None or solved.cost < cost:
        raise ChallengeRefused
    if not await otp_quotas.mark_challenge_used(redis, solved.nonce, seconds=CHALLENGE_SECONDS + 60):
        raise ChallengeRefused


def _solved(keys: Keys, payload: str) -> _Solved | None:
    if len(payload) > _LONGEST or not altcha.verify_solution(payload, _secret(keys)).verified:
        return None
    # The signature is ours, so the members exist.
    return msgspec.convert(json.loads(base64.b64decode(payload))["challenge"]["parameters"], _Solved)


def _secret(keys: Keys) -> bytes:
    return hmac.digest(keys.token_key, b"sign-in challenge", "sha256")
