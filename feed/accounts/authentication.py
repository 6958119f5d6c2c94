"""Letting people in: a verified token becomes a viewer, and at its first sight an account."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from feed.accounts import erasure_store, store
from feed.accounts.model import NAME_LONGEST, ROLES, AccountId, AccountNotFound, KnownAccount, Viewer
from feed.accounts.phone import seal_phone
from feed.auth.jwks import RefreshRequired
from feed.auth.tokens import LOCAL_ISSUER, Claims, TokenInvalid, TokenVerifier
from feed.batching import Batcher
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.phones import normalise_phone
from feed.postgres import DOWN, Pool, retried, transaction
from feed.texts import clean_text, text_problem

log = structlog.get_logger("feed.accounts")

_REMEMBERED = 20_000

# How long an erased account may go on reading where it is remembered; writes look at the row.
_LOOK_SECONDS = 2.0
_LOOK_BACK_SECONDS = 60


async def register_account(pool: Pool, keys: Keys, claims: Claims) -> AccountId:
    """The account of a token's subject, made at its first request, with the phone and the rights it proves.

    A role in a token is recorded as a right: who was staff at some instant must be answerable later. Which roles count is
    the verifier's to say; those of the app's tokens end with the token that no longer has them. Raises AccountNotFound for
    an erased account.
    """
    phone = _phone_of(claims)
    own = claims.iss == LOCAL_ISSUER
    async with transaction(pool) as conn:
        name = seed_name(claims.name) or "读者"
        account_id = await store.find_or_add(conn, iss=claims.iss, sub=claims.sub, name=name)
        if await store.find_account(conn, account_id) is None:
            raise AccountNotFound
        if phone:
            sealed = seal_phone(keys, account_id, phone)
            await store.change_phone(conn, account_id, person=keys.person_of(phone), phone_sealed=sealed)
        for role in ROLES:
            if role in claims.roles:
                await store.grant_role(conn, account_id, role, by=None, by_claim=not own)
        if not own:
            await store.revoke_unclaimed_roles(conn, account_id, claims.roles)
    return account_id


class Authenticator:
    """Remembers whom it has let in, so that a known token costs no query.

    Whoever asks for the same of everybody who comes in may be told by `introduce`, which saves a second query.
    """

    def __init__(
        self,
        pool: Pool,
        keys: Keys,
        verifier: TokenVerifier,
        on_known_account: Callable[[KnownAccount], None] | None = None,
    ) -> None:
        self._pool = pool
        self._introduce = on_known_account
        self._keys = keys
        self._verifier = verifier
        self._known: OrderedDict[Claims, Viewer] = OrderedDict()
        self._arrivals: Batcher[Claims, AccountId | None] = Batcher(self._recognise)
        self._gone: set[AccountId] = set()
        self._looked_at = time.monotonic()
        self._looking: asyncio.Task[None] | None = None

    async def authenticate(self, token: str) -> Viewer:
        """The viewer behind a token. Raises TokenInvalid, TokenExpired, IssuerAway."""
        try:
            claims = self._verifier.verify(token)
        except RefreshRequired:
            claims = await self._verifier.verify_with_refresh(token)
        viewer = self._known.get(claims)
        if viewer is None:
            try:
                account_id = await self._arrivals.submit(claims)
                if account_id is None:
                    account_id = await retried(lambda: register_account(self._pool, self._keys, claims))
            except AccountNotFound:
                raise TokenInvalid from None
            viewer = Viewer(account_id)
            self._known[claims] = viewer
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        elif time.monotonic() - self._looked_at > _LOOK_SECONDS:
            self._look()
        if viewer.account_id in self._gone:
            self._known.pop(claims, None)
            raise TokenInvalid
        return viewer

    async def _recognise(self, arriving: Sequence[Claims]) -> list[AccountId | None]:
        """The accounts of those of whom their tokens tell nothing new: everybody, on the day after a first one."""
        async with self._pool.acquire() as conn:
            known = await store.list_known_accounts(conn, list({(claims.iss, claims.sub) for claims in arriving}))
        return [self._unchanged(claims, known.get((claims.iss, claims.sub))) for claims in arriving]

    def _unchanged(self, claims: Claims, known: KnownAccount | None) -> AccountId | None:
        if known is None or claims.roles or known.has_claimed_roles:
            return None
        phone = _phone_of(claims)
        if phone is not None and self._keys.person_of(phone) != known.person:
            return None
        if self._introduce is not None:
            self._introduce(known)
        return known.id

    def _look(self) -> None:
        """Learns, beside the requests, who has been erased since: one small query per process and moment."""
        if self._looking is None:
            # As far back as nobody has looked, and further for transactions that were open then.
            since = int(time.monotonic() - self._looked_at) + _LOOK_BACK_SECONDS
            self._looking = asyncio.create_task(self._forget(since), name="forget the erased")
            self._looking.add_done_callback(self._looked)

    def _looked(self, _: "asyncio.Task[None]") -> None:
        self._looking = None

    async def _forget(self, seconds: int) -> None:
        begun = time.monotonic()
        try:
            async with self._pool.acquire() as conn:
                self._gone.update(await erasure_store.list_recently_erased(conn, seconds=seconds))
        except DOWN as error:
            log.warning("erased accounts not read", error=type(error).__name__)
            return
        self._looked_at = begun


def _phone_of(claims: Claims) -> str | None:
    """The verified phone; a landline, or what the issuer calls a phone and nobody could send a message to, proves no person."""
    try:
        return normalise_phone(claims.phone) if claims.phone else None
    except Invalid:
        return None


def seed_name(said: str) -> str | None:
    """What an issuer calls somebody, cut to what a name may be; None when it cannot be one."""
    try:
        name = clean_text(said).strip()[:NAME_LONGEST].strip()
    except ValueError:
        return None
    return name if name and text_problem(name, shortest=1, longest=NAME_LONGEST) is None else None
