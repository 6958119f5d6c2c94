"""Authentication: from a verified token to a viewer, and at its first request to an account."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import structlog

from feed.accounts import erasure_store, store
from feed.accounts.model import NAME, AccountId, AccountNotFound, KnownAccount, Viewer
from feed.auth.jwks import RefreshRequired
from feed.auth.tokens import Claims, TokenInvalid, TokenVerifier
from feed.batching import Batcher
from feed.bounded_cache import BoundedCache
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.phones import normalise_phone
from feed.postgres import UNAVAILABLE, Pool, with_retries
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


class Authenticator:
    """Caches the viewers of verified tokens, so that a cached token costs no query.

    `register` finds or creates the account of a token that contains something new.
    `on_known_account` is called with each account that is read from the database, which saves another query for the same fields.
    """

    def __init__(
        self,
        pool: Pool,
        keys: Keys,
        verifier: TokenVerifier,
        register: Callable[[Claims], Awaitable[AccountId]],
        on_known_account: Callable[[KnownAccount], None] | None = None,
    ) -> None:
        self._pool = pool
        self._on_known_account = on_known_account
        self._keys = keys
        self._verifier = verifier
        self._register = register
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
                    account_id = await with_retries(lambda: self._register(claims))
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
        phone = phone_of_claims(claims)
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


def phone_of_claims(claims: Claims) -> str | None:
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
