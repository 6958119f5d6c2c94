"""Authentication: from a verified token or the secret of a browser to a viewer, and at the first request to an account."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, NamedTuple

import structlog

from feed.accounts import erasure_store, session_store, store, web_sessions
from feed.accounts.known_device import SignInClient
from feed.accounts.model import AGE_BANDS, NAME, AccountId, AccountNotFound, AgeBand, KnownAccount, Viewer
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

# A session of a browser is read again after so long: it may expire, and the use of its sign-in is recorded.
_BROWSER_BYTES = 12_000_000
_BROWSER_SECONDS = 600.0

# How long a cached account may read after its erasure, and a token or the session of a browser be used after its sign-in was
# ended; writes check the account.
_ENDED_MAX_AGE_SECONDS = 2.0
# After a pause without requests, in which nothing is read, the first request waits for the read.
_ENDED_LONGEST_AGE_SECONDS = 30.0
_ENDED_WAIT_SECONDS = 1.0
_ENDED_OVERLAP_SECONDS = 60


class _Ended(NamedTuple):
    """The accounts that were erased recently, and the sign-ins that have ended recently."""

    accounts: frozenset[AccountId] = frozenset()
    sessions: frozenset[int] = frozenset()


class _Browser(NamedTuple):
    """The viewer of a browser's session, known until then by the monotonic clock."""

    viewer: Viewer
    until: float


class Authenticator:
    """Caches the viewers of verified tokens and of browsers' sessions, so that a cached one costs no query.

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
        self._browsers: BoundedCache[str, _Browser] = BoundedCache(
            max_bytes=_BROWSER_BYTES, seconds=_BROWSER_SECONDS, size=lambda secret, _: 200 + len(secret)
        )
        self._lookups: Batcher[Claims, AccountId | None] = Batcher(self._find_unchanged, writes=False)
        # As of the last read.
        self._ended = _Ended()
        self._ended_read_at = time.monotonic()
        self._ended_task: asyncio.Task[None] | None = None

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
            viewer = Viewer(account_id, claims.session)
            self._viewers.put(claims, viewer)
        else:
            await self._follow_ended()
        if self._has_ended(viewer):
            self._viewers.pop(claims)
            raise TokenInvalid
        return viewer

    async def find_browser(self, secret: str, client: Callable[[], SignInClient]) -> Viewer | None:
        """The viewer of the session with this secret; None if it is unknown, or has ended.

        One that was ended by another process may read for two seconds more.
        """
        known = self._browsers.get(secret)
        if known is None or known.until <= time.monotonic():
            known = await self._read_browser(secret, client())
        else:
            await self._follow_ended()
        if known is None or self._has_ended(known.viewer):
            self._browsers.pop(secret)
            return None
        return known.viewer

    async def read_browser(self, secret: str, client: Callable[[], SignInClient]) -> Viewer | None:
        """The same as of now, as writes require it."""
        self._browsers.pop(secret)
        return await self.find_browser(secret, client)

    def forget_browsers(self, account_id: AccountId) -> None:
        """Has the sessions of an account read again: one of them has been ended here."""
        self._browsers.drop(lambda known: known.viewer.account_id == account_id)

    async def _read_browser(self, secret: str, client: SignInClient) -> _Browser | None:
        read_at = time.monotonic()
        async with self._pool.acquire() as conn:
            found = await web_sessions.find_session(conn, secret, client)
        if found is None:
            return None
        viewer = Viewer(found.account_id, found.family)
        known = _Browser(viewer, read_at + min(found.seconds_left, _BROWSER_SECONDS))
        self._browsers.put(secret, known)
        return known

    def _has_ended(self, viewer: Viewer) -> bool:
        return viewer.account_id in self._ended.accounts or viewer.session in self._ended.sessions

    async def _follow_ended(self) -> None:
        """Has what has ended read again where that was more than two seconds ago; waits for it after a pause."""
        age = time.monotonic() - self._ended_read_at
        if age > _ENDED_MAX_AGE_SECONDS:
            reading = self._refresh_ended()
            if age > _ENDED_LONGEST_AGE_SECONDS:
                # The first request after a pause. Without a database reads go on, as they do without a pause.
                await asyncio.wait([reading], timeout=_ENDED_WAIT_SECONDS)

    async def _find_unchanged(self, batch: Sequence[Claims]) -> list[AccountId | AccountNotFound | None]:
        """For each token the account, if the token contains nothing new, as is usual after a first request; None otherwise.

        AccountNotFound for a token whose sign-in has ended.
        """
        families = [claims.session for claims in batch if claims.session is not None]
        async with self._pool.acquire() as conn:
            known = await store.list_known_accounts(conn, list({(claims.iss, claims.sub) for claims in batch}))
            ended = await session_store.list_ended(conn, families) if families else set()
        return [
            AccountNotFound()
            if claims.session in ended
            else self._unchanged(claims, known.get((claims.iss, claims.sub)))
            for claims in batch
        ]

    def _unchanged(self, claims: Claims, known: KnownAccount | None) -> AccountId | None:
        if known is None or claims.roles or known.has_claimed_roles:
            return None
        phone = phone_of_claims(claims)
        if phone is not None and self._keys.person_of(phone) != known.person:
            return None
        if (band := age_band_of(claims)) is not None and band != known.age_band:
            return None
        if self._on_known_account is not None:
            self._on_known_account(known)
        return known.id

    def _refresh_ended(self) -> "asyncio.Task[None]":
        """Reads in the background which accounts and sign-ins have ended: two small queries at a time per process."""
        if self._ended_task is None:
            # Back to the last read, and further for transactions that were open then.
            since = int(time.monotonic() - self._ended_read_at) + _ENDED_OVERLAP_SECONDS
            self._ended_task = asyncio.create_task(self._read_ended(since), name="read ended accounts")
            self._ended_task.add_done_callback(self._ended_task_done)
        return self._ended_task

    def _ended_task_done(self, _: "asyncio.Task[None]") -> None:
        self._ended_task = None

    async def _read_ended(self, seconds: int) -> None:
        started_at = time.monotonic()
        try:
            async with self._pool.acquire() as conn:
                accounts = frozenset(await erasure_store.list_recently_erased(conn, seconds=seconds))
                sessions = frozenset(await session_store.list_recently_ended(conn, seconds=seconds))
        except UNAVAILABLE as error:
            log.warning("ended accounts not read", error=type(error).__name__)
            return
        # Not cached any more, a token is looked up at each request and not found.
        if accounts - self._ended.accounts or sessions - self._ended.sessions:
            self._viewers.drop(lambda viewer: viewer.account_id in accounts or viewer.session in sessions)
        self._ended = _Ended(accounts, sessions)
        self._ended_read_at = started_at


def _size_of(claims: Claims, _: Viewer) -> int:
    return 300 + 4 * (len(claims.sub) + len(claims.name) + sum(map(len, claims.roles)))


def phone_of_claims(claims: Claims) -> str | None:
    """The verified phone in E.164. None for a landline or an invalid number, which identifies no person."""
    try:
        return normalise_phone(claims.phone) if claims.phone else None
    except Invalid:
        return None


def age_band_of(claims: Claims) -> AgeBand | None:
    """The band of ages in the token; None if it does not say, or says another thing."""
    return next((band for band in AGE_BANDS if band == claims.age_band), None)


def seed_name(claimed: str) -> str:
    """The name in a token or event, made a valid name: without what a name must not contain, and cut.

    A neutral name if nothing visible is left: no account is rejected for the name that another system has given it.
    """
    # What a system that cut a character in two leaves of it.
    return fitted_line(claimed.replace("\ufffd", ""), NAME.longest) or _NEUTRAL_NAME
