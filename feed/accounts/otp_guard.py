"""Protects sign-in codes by SMS: quotas, and a proof of work where codes are requested often."""

import base64
import hmac
import json
import time
from typing import Any, Literal

import altcha
import msgspec
from redis.asyncio import Redis

from feed.accounts import otp_quotas, sign_in_store
from feed.errors import Forbidden
from feed.keys.store import Keys
from feed.phones import normalise_phone
from feed.postgres import Pool

CHALLENGE_SECONDS = 600

# How many codes of a day need no challenge.
CODES_WITHOUT_CHALLENGE_PER_PHONE = 2
CODES_WITHOUT_CHALLENGE_PER_ADDRESS = 4

# About 256 derivations: half a second on a phone, three milliseconds on the server.
_ALGORITHM = "PBKDF2/SHA-256"
_COST = 5000
_LONGEST = 4096

ChallengeMode = Literal["auto", "always", "never"]


class ChallengeRequired(Forbidden):
    """A code is sent only with a solved challenge: get one at /v1/auth/challenge, solve it, and repeat the request with it."""


class ChallengeRefused(Forbidden):
    """The challenge is not solved, expired, used, or not from this server: get another one."""


class CodeRequestRules(msgspec.Struct, frozen=True):
    """The settings of the operator."""

    challenge: ChallengeMode
    site_per_day: int


def make_challenge(keys: Keys) -> dict[str, Any]:
    """A new challenge in the format of altcha's widget; nothing is stored until it is used."""
    made = altcha.create_challenge(
        _ALGORITHM, _COST, hmac_secret=_secret(keys), expires_at=int(time.time()) + CHALLENGE_SECONDS
    )
    return dict(made.to_dict())


async def check_code_request(
    pool: Pool,
    redis: Redis,
    keys: Keys,
    rules: CodeRequestRules,
    *,
    phone: str,
    address: str | None,
    challenge: str | None,
) -> None:
    """Checks and counts a request for a code; without an address it is exempt. The result does not depend on whether the phone has an account.

    Raises Invalid, ChallengeRequired, ChallengeRefused, RateLimited, CodesExhausted, LimitsAway.
    """
    person = keys.person_of(normalise_phone(phone))
    key = None if address is None else otp_quotas.address_key(keys, address)
    if await _requires_challenge(pool, redis, rules.challenge, person, key):
        if not challenge:
            raise ChallengeRequired
        # Before the count, so that a request with an invalid challenge is not counted.
        nonce = solved_nonce(keys, challenge)
        if nonce is None or not await otp_quotas.mark_challenge_used(redis, nonce, seconds=CHALLENGE_SECONDS + 60):
            raise ChallengeRefused
    await otp_quotas.count_code(redis, key, site_per_day=rules.site_per_day)


async def _requires_challenge(pool: Pool, redis: Redis, mode: ChallengeMode, person: bytes, key: str | None) -> bool:
    if mode != "auto":
        return mode == "always"
    if key is not None and await otp_quotas.count_recent_codes(redis, key) >= CODES_WITHOUT_CHALLENGE_PER_ADDRESS:
        return True
    async with pool.acquire() as conn:
        today = await sign_in_store.list_code_ages(conn, person)
    return len(today) >= CODES_WITHOUT_CHALLENGE_PER_PHONE


def solved_nonce(keys: Keys, payload: str) -> str | None:
    """The nonce that identifies a solved challenge, the same for each of its solutions; None if it is not solved."""
    if len(payload) > _LONGEST or not altcha.verify_solution(payload, _secret(keys)).verified:
        return None
    # The signature is ours, so the member exists.
    nonce: str = json.loads(base64.b64decode(payload))["challenge"]["parameters"]["nonce"]
    return nonce


def _secret(keys: Keys) -> bytes:
    return hmac.digest(keys.token_key, b"sign-in challenge", "sha256")
