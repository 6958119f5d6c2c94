"""Sign-in by phone, for installations without another issuer: a code by SMS, then tokens that are signed with our own key."""

import base64
import hashlib
import hmac
import re
import secrets
import time

import msgspec

from feed.accounts import departure_store as departures
from feed.accounts import session_store as sessions
from feed.accounts import sign_in_store as store
from feed.accounts import store as accounts
from feed.accounts.known_device import SignInClient, is_known, issue_device_token
from feed.accounts.model import AccountId
from feed.accounts.otp_quotas import network_hash
from feed.accounts.phone import seal_phone
from feed.audit import store as audit
from feed.auth.tokens import LOCAL_ISSUER, issue_token
from feed.errors import FieldError, Invalid, NotFound, Unauthenticated
from feed.keys.store import Keys
from feed.limits.model import RateLimited
from feed.names.skeleton import name_skeleton
from feed.phones import normalise_phone
from feed.postgres import Connection, Pool, transaction
from feed.sms import store as messages
from feed.sms.model import Purpose
from feed.sms.quotas import wait_for_code
from feed.sms.registry import code_windows
from feed.texts import as_typed

CODE_MINUTES = 5
CODE_TRIES = 5
# Six digits with separators and invisible characters in between.
CODE_LONGEST = 40
_CODE = re.compile(r"[0-9]{6}")
_SEPARATORS = re.compile(r"[ \-]")
ACCESS_SECONDS = 3600
REFRESH_DAYS = 30
# A client that lost the response repeats its refresh within this time and gets the same successor.
REPEAT_SECONDS = 60

_UNKNOWN = SignInClient()


class CodeRefused(Unauthenticated):
    """The code is wrong, used, expired, tried too often, or was never sent: the response is the same."""


class RefreshRefused(Unauthenticated):
    """A refresh token that is unknown, expired, revoked or used already."""


class SessionNotFound(NotFound):
    """The account has no such sign-in."""


class SignedIn(msgspec.Struct, frozen=True):
    """The tokens of a successful sign-in; `family` is the sign-in that they belong to."""

    account_id: AccountId
    family: int
    access_token: str
    refresh_token: str
    device_token: str | None
    expires_in: int = ACCESS_SECONDS


async def request_code(
    pool: Pool, keys: Keys, phone: str, client: SignInClient = _UNKNOWN, *, provider: str = "file"
) -> None:
    """Sends a code to a phone, whether or not it has an account. Raises RateLimited, and Invalid for an invalid number.

    The rate limit is that of `provider`: a code that the provider would reject is rejected here, where the caller gets a response.
    """
    number = normalise_phone(phone)
    person = keys.person_of(number)
    code = f"{secrets.randbelow(1_000_000):06d}"
    async with transaction(pool) as conn:
        await store.lock_person(conn, person)
        if wait := await wait_for_number(conn, keys, person, client, provider=provider):
            raise RateLimited(retry_after=wait)
        added = await store.add_code(
            conn,
            person,
            _code_hash(keys, person, code),
            requested_from=_network_hash(keys, client),
            minutes=CODE_MINUTES,
            tries=CODE_TRIES,
        )
        await messages.enqueue(
            conn,
            keys=keys,
            purpose=Purpose.SIGN_IN_CODE,
            phone=number,
            params={"code": code, "minutes": str(CODE_MINUTES)},
            once_key=f"code:{added.id}",
            expires_at=added.expires_at,
        )


async def wait_for_number(conn: Connection, keys: Keys, person: bytes, client: SignInClient, *, provider: str) -> int:
    """Seconds until the client may request another code for the number; 0 for now.

    A device that has signed in with the number may use all of the number's quota, others half of it.
    """
    ages = await store.list_code_ages(conn, person)
    known = is_known(keys, person, client, now=time.time())
    return wait_for_code(ages, code_windows(provider, known=known))


def read_code(raw: str) -> str:
    """The six digits of a code as it was typed or pasted: in any script and width, with spaces or hyphens in between.

    Raises Invalid for anything else, which is no attempt: it cannot be a code.
    """
    code = _SEPARATORS.sub("", as_typed(raw)) if len(raw) <= CODE_LONGEST else ""
    if _CODE.fullmatch(code) is None:
        raise Invalid(FieldError("code", "invalid_code" if raw.strip() else "required"))
    return code


async def exchange_code(pool: Pool, keys: Keys, phone: str, code: str, client: SignInClient = _UNKNOWN) -> SignedIn:
    """Signs in with a code that has not expired; the first time creates the account. Raises Invalid, CodeRefused."""
    number, code = _read_phone_and_code(phone, code)
    person = keys.person_of(number)
    async with transaction(pool) as conn:
        signed_in = await _try_code(conn, keys, number, person, code, client)
    # Raised after the transaction, so that a wrong try is committed.
    if signed_in is None:
        raise CodeRefused
    return signed_in


def _read_phone_and_code(phone: str, code: str) -> tuple[str, str]:
    try:
        number = normalise_phone(phone)
    except Invalid as error:
        problems = list(error.errors)
        try:
            read_code(code)
        except Invalid as other:
            problems += other.errors
        raise Invalid(*problems) from None
    return number, read_code(code)


async def _try_code(
    conn: Connection, keys: Keys, number: str, person: bytes, code: str, client: SignInClient
) -> SignedIn | None:
    open_codes = await store.lock_open_codes(conn, person)
    network = _network_hash(keys, client)
    known = is_known(keys, person, client, now=time.time())
    # Strangers cannot use up the tries of the owner: a device that is known, or that is where the code was requested.
    own = [each for each in open_codes if known or each.requested_from == network]
    other = [each for each in open_codes if not (known or each.requested_from == network)]
    own, other = [each for each in own if each.tries_left], [each for each in other if each.other_tries_left]
    code_hash = _code_hash(keys, person, code)
    right = [each.id for each in (*own, *other) if hmac.compare_digest(code_hash, each.code_hash)]
    if not right:
        await store.mark_failed_try(conn, [each.id for each in own], [each.id for each in other])
        return None
    await store.mark_code_used(conn, right[0])
    # A name that reveals nothing of the number.
    name = f"读者{secrets.randbelow(10_000):04d}"
    account_id = await accounts.find_or_add(
        conn, iss=LOCAL_ISSUER, sub=f"phone:{person.hex()}", name=name, name_key=keys.name_key(name_skeleton(name))
    )
    # Signing in takes a requested deletion back.
    await departures.lock_departure(conn, account_id)
    if await departures.take_back(conn, account_id):
        await audit.add(conn, account_id, "account.take_back_deletion", "account", account_id)
    sealed = seal_phone(keys, account_id, number)
    await accounts.change_phone(conn, account_id, person=person, phone_sealed=sealed)
    refresh_token = secrets.token_urlsafe(32)
    family = await _add_refresh_token(conn, refresh_token, account_id, client, family=None)
    return await _sign_in(conn, keys, account_id, refresh_token, family)


async def refresh(pool: Pool, keys: Keys, refresh_token: str, client: SignInClient = _UNKNOWN) -> SignedIn:
    """New tokens for a refresh token. A repetition within a minute gets the same next refresh token, unless that was used.

    Any other second use ends the whole sign-in. Raises RefreshRefused.
    """
    async with transaction(pool) as conn:
        signed_in = await _try_refresh(conn, keys, refresh_token, client)
    if signed_in is None:
        raise RefreshRefused
    return signed_in


async def sign_out(pool: Pool, refresh_token: str, *, everywhere: bool = False) -> None:
    """Ends the sign-in that the refresh token belongs to; with `everywhere` all sign-ins of the person.

    A token that is unknown or whose sign-in has ended changes nothing.
    """
    token_hash = _token_hash(refresh_token)
    async with transaction(pool) as conn:
        await store.lock_accounts_of_token(conn, token_hash)
        token = await store.find_refresh_token(conn, token_hash, grace_seconds=REPEAT_SECONDS)
        if token is None or token.ended:
            return
        if everywhere:
            await store.revoke_sign_ins(conn, token.account_id)
        else:
            await store.revoke_family(conn, token.family)


async def end_session(pool: Pool, account_id: AccountId, family: int) -> None:
    """Ends one sign-in of the account; a second time changes nothing. Raises SessionNotFound."""
    async with transaction(pool) as conn:
        await store.lock_account(conn, account_id)
        if not await sessions.end_sign_in(conn, account_id, family):
            raise SessionNotFound


async def _try_refresh(conn: Connection, keys: Keys, refresh_token: str, client: SignInClient) -> SignedIn | None:
    token_hash = _token_hash(refresh_token)
    await store.lock_accounts_of_token(conn, token_hash)
    token = await store.find_refresh_token(conn, token_hash, grace_seconds=REPEAT_SECONDS)
    if token is None or token.ended:
        return None
    successor = _successor(keys, refresh_token)
    if not token.used:
        await store.mark_token_used(conn, token_hash)
        await _add_refresh_token(conn, successor, token.account_id, client, family=token.family)
        return await _sign_in(conn, keys, token.account_id, successor, token.family)
    following = await store.find_refresh_token(conn, _token_hash(successor), grace_seconds=REPEAT_SECONDS)
    if token.just_used and following is not None and not following.used and not following.ended:
        return await _sign_in(conn, keys, token.account_id, successor, token.family)
    # The token was copied: the request may be from its owner or from a thief.
    await store.revoke_family(conn, token.family)
    return None


async def _add_refresh_token(
    conn: Connection, token: str, account_id: AccountId, client: SignInClient, *, family: int | None
) -> int:
    family = await store.add_refresh_token(conn, _token_hash(token), account_id, days=REFRESH_DAYS, family=family)
    await sessions.mark_used(conn, family, account_id, device=client.device, region=client.region)
    return family


async def _sign_in(
    conn: Connection, keys: Keys, account_id: AccountId, refresh_token: str, family: int
) -> SignedIn | None:
    account = await accounts.find_account(conn, account_id)
    if account is None:
        return None
    # The account has its phone already, so the token need not contain it.
    access_token = issue_token(
        keys.token_key, sub=account.sub, name=account.name, session=family, seconds=ACCESS_SECONDS
    )
    device_token = issue_device_token(keys, account.person, now=time.time()) if account.person else None
    return SignedIn(account_id, family, access_token, refresh_token, device_token)


def _network_hash(keys: Keys, client: SignInClient) -> bytes | None:
    return None if client.network is None else network_hash(keys, client.network)


def _code_hash(keys: Keys, person: bytes, code: str) -> bytes:
    # Keyed: without the key, a million codes could be tried at once.
    return hmac.digest(keys.token_key, b"sign-in code\0" + person + b"\0" + code.encode(errors="replace"), "sha256")


def _successor(keys: Keys, refresh_token: str) -> str:
    """The next token, derived, so that it can be given again without being stored. Only the key makes it from the former one."""
    digest = hmac.digest(keys.token_key, b"next refresh token\0" + refresh_token.encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
