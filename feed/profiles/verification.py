"""Who has a verified phone, which the law asks of all who publish."""

from feed.accounts import store as accounts
from feed.accounts.model import AccountId, KnownAccount, PhoneNotVerified
from feed.bounded_cache import BoundedCache
from feed.postgres import Pool
from feed.profiles import store

_CACHE_BYTES = 4_000_000
# A verified phone is replaced, and never removed.
_CACHE_SECONDS = 3600.0


class VerifiedAccounts:
    """Knows the accounts with a verified phone, so that asking for most of them costs no query."""

    def __init__(self, pool: Pool, *, required: bool) -> None:
        """`required`: accounts without one may not write."""
        self._pool = pool
        self._required = required
        self._verified: BoundedCache[AccountId, bool] = BoundedCache(
            max_bytes=_CACHE_BYTES, seconds=_CACHE_SECONDS, size=lambda _, __: 40
        )

    def note(self, known: KnownAccount) -> None:
        """Notes an account that was read for another reason."""
        if known.verified:
            self._verified.put(known.id, True)

    async def require(self, account_id: AccountId) -> None:
        """Raises PhoneNotVerified, or Banned or Muted, for an account without a verified phone, where one is required."""
        if not self._required or self._verified.get(account_id):
            return
        async with self._pool.acquire() as conn:
            if not await store.is_verified(conn, account_id):
                # A ban is said first: a phone would not end it.
                (await accounts.get_standing(conn, account_id)).require_write_access()
                raise PhoneNotVerified
        self._verified.put(account_id, True)
