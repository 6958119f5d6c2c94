"""Authentication: from a verified token to a viewer, and at its first request to an account."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Annotated

import structlog

from feed.accounts import erasure_store, roles, store
from feed.accounts.model import NAME, AccountId, AccountNotFound, KnownAccount, Viewer
from feed.accounts.phone import seal_phone
from feed.auth.jwks import RefreshRequired
from feed.auth.tokens import LOCAL_ISSUER, Claims, TokenInvalid, TokenVerifier
from feed.batching import Batcher
from feed.bounded_cache import BoundedCache
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.phones import normalise_phone
from feed.postgres import UNAVAILABLE, Pool, transaction, with_retries
from feed.texts import fitted_line, opaque

# A name as the app knows it: it is never rejected, but made to fit. The bound is that of a body.
ClaimedName = Annotated[str, opaque(256 * 1024)]

_NEUTRAL_NAME = "读者"

log = structlog.get_logger("feed.accounts")

# The claims are those of the cached tokens: a viewer costs its entry only, as long as both are cached.
_CACHE_BYTES = 12_000_000
_CACHE_SECONDS = 3600.0

# How long a cached account may read after its erasure; writes check the row.
_ERASED_MAX_AGE_SECONDS = 2.0
_ERASED_OVERLAP_SECONDS = 60


async def register_account(pool: Pool, keys: Keys, claims: Claims) -> AccountId:
    """The account of a token's subject, created at its first request, with the phone and the roles of the token.

    A role in a token is recorded as a right, so that later it is known who was staff at any instant. The verifier decides which
    roles count. Raises AccountNotFound for a token that was issued before its subject's account was erased; a later one creates a
    new account, for which a running sanction of the former one holds too.
    """
    phone = _phone_of(claims)
    async with transaction(pool) as conn:
        former = await erasure_store.find_subject(conn, keys.subject_of(claims.iss, claims.sub))
        is_next = former is not None and await store.find_by_sub(conn, iss=claims.iss, sub=claims.sub) is None
        if former is not None and is_next and (claims.issued_after or 0) <= former.erased_at.timestamp():
            raise AccountNotFound
        account_id = await store.find_or_add(conn, iss=claims.iss, sub=claims.sub, name=seed_name(claims.name))
        if await store.find_account(conn, account_id) is None:
            raise AccountNotFound
        if phone:
            sealed = seal_phone(keys, account_id, phone)
            await store.change_phone(conn, account_id, person=keys.person_of(phone), phone_sealed=sealed)
        if former is not None and is_next and former.account_id is not None:
            await erasure_store.carry_sanctions(conn, former.account_id, account_id)
        await roles.follow_token(
            conn, account_id, claims.roles, issued_after=claims.issued_after, by_app=claims.iss != LOCAL_ISSUER
        )
    return account_id


class Authenticator:
    """Caches the viewers of verified tokens, so that a cached token costs no query.

    `on_known_account` is called with each account that is read from the database, which saves another query for the same fields.
    """

    def __init__(
        self,
        pool: Pool,
        keys: Keys,
        verifier: TokenVerifier,
        on_known_account: Callable[[KnownAccount], None] | None = None,
    ) -> None:
        self._pool = pool
        self._on_known_account = on_known_account
        self._keys = keys
        self._verifier = verifier
        self._viewers: BoundedCache[Claims, Viewer] = BoundedCache(
            max_bytes=_CACHE_BYTES, seconds=_CACHE_SECONDS, size=_size_of
        )
        self._lookups: Batcher[Claims, AccountId | None] = Batcher(self._find_unchanged, writes=False)
        self._erased: frozenset[AccountId] = frozenset()  # Recently, as of the last read.
        self._erased_read_at = time.monotonic()
        self._erased_task: asyncio.Task[None] | None = None

    async def authenticate(self, token: str) -> Viewer:
        """The viewer of a token. Raises TokenInvalid, TokenExpired, IssuerAway."""
        try:
            claims = self._verifier.verify(token)
        except RefreshRequired:
            claims = await self._verifier.verify_with_refresh(token)
        viewer = self._viewers.get(claims)
        if viewer is None:
            try:
                account_id = await self._lookups.submit(claims)
                if account_id is None:
                    account_id = await with_retries(lambda: register_account(self._pool, self._keys, claims))
            except AccountNotFound:
                raise TokenInvalid from None
            viewer = Viewer(account_id)
            self._viewers.put(claims, viewer)
        elif time.monotonic() - self._erased_read_at > _ERASED_MAX_AGE_SECONDS:
            self._refresh_erased()
        if viewer.account_id in self._erased:
            self._viewers.pop(claims)
            raise TokenInvalid
        return viewer

    async def _find_unchanged(self, batch: Sequence[Claims]) -> list[AccountId | None]:
        """For each token the account, if the token contains nothing new, as is usual after a first request; None otherwise."""
        async with self._pool.acquire() as conn:
            known = await store.list_known_accounts(conn, list({(claims.iss, claims.sub) for claims in batch}))
        return [self._unchanged(claims, known.get((claims.iss, claims.sub))) for claims in batch]

    def _unchanged(self, claims: Claims, known: KnownAccount | None) -> AccountId | None:
        if known is None or claims.roles or known.has_claimed_roles:
            return None
        phone = _phone_of(claims)
        if phone is not None and self._keys.person_of(phone) != known.person:
            return None
        if self._on_known_account is not None:
            self._on_known_account(known)
        return known.id

    def _refresh_erased(self) -> None:
        """Reads recently erased accounts in the background: one small query at a time per process."""
        if self._erased_task is None:
            # Back to the last read, and further for transactions that were open then.
            since = int(time.monotonic() - self._erased_read_at) + _ERASED_OVERLAP_SECONDS
            self._erased_task = asyncio.create_task(self._read_erased(since), name="read erased accounts")
            self._erased_task.add_done_callback(self._erased_task_done)

    def _erased_task_done(self, _: "asyncio.Task[None]") -> None:
        self._erased_task = None

    async def _read_erased(self, seconds: int) -> None:
        started_at = time.monotonic()
        try:
            async with self._pool.acquire() as conn:
                erased = frozenset(await erasure_store.list_recently_erased(conn, seconds=seconds))
        except UNAVAILABLE as error:
            log.warning("erased accounts not read", error=type(error).__name__)
            return
        # Not cached any more, an account is looked up at each request and not found.
        if fresh := erased - self._erased:
            self._viewers.drop(lambda viewer: viewer.account_id in fresh)
        self._erased = erased
        self._erased_read_at = started_at


def _size_of(claims: Claims, _: Viewer) -> int:
    return 300 + 4 * (len(claims.sub) + len(claims.name) + sum(map(len, claims.roles)))


def _phone_of(claims: Claims) -> str | None:
    """The verified phone in E.164. None for a landline or an invalid number, which identifies no person."""
    try:
        return normalise_phone(claims.phone) if claims.phone else None
    except Invalid:
        return None


def seed_name(claimed: str) -> str:
    """The name in a token or event, made a valid name: without what a name must not contain, and cut.

    A neutral name if nothing visible is left: no account is rejected for the name that another system has given it.
    """
    # What a system that cut a character in two leaves of it.
    return fitted_line(claimed.replace("\ufffd", ""), NAME.longest) or _NEUTRAL_NAME
