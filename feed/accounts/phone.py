"""Encryption of an account's phone number, bound to its row."""

from feed.accounts.model import Account, AccountId
from feed.keys.store import Keys


def seal_phone(keys: Keys, account_id: AccountId, phone: str) -> bytes:
    """The encrypted number, which can be decrypted with this account's id only."""
    return keys.seal(phone.encode(), aad=_associated_data(account_id))


def phone_of(account: Account, keys: Keys) -> str | None:
    """The account's verified number in E.164; None without one."""
    if account.phone_sealed is None:
        return None
    return keys.open(account.phone_sealed, aad=_associated_data(account.id)).decode()


def _associated_data(account_id: AccountId) -> bytes:
    return f"account:{account_id}".encode()
