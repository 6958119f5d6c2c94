"""An account's phone: sealed to its row, opened for a message to its owner."""

from feed.accounts.model import Account, AccountId
from feed.keys.store import Keys


def seal_phone(keys: Keys, account_id: AccountId, phone: str) -> bytes:
    """The number as the row keeps it; it opens in no other account's."""
    return keys.seal(phone.encode(), aad=_seal_of(account_id))


def phone_of(account: Account, keys: Keys) -> str | None:
    """The account's verified number in E.164; None without one."""
    if account.phone_sealed is None:
        return None
    return keys.open(account.phone_sealed, aad=_seal_of(account.id)).decode()


def _seal_of(account_id: AccountId) -> bytes:
    return f"account:{account_id}".encode()
