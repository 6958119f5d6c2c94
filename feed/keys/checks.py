"""Checks of a key store against the fingerprints in the database, before anything is sealed or opened."""

import asyncio
from collections.abc import Collection

from feed.keys import fingerprint_store as store
from feed.keys.files import KeysMissing, KeyStoreError
from feed.keys.fingerprints import (
    ADVICE,
    Difference,
    Recorded,
    campaign_name,
    compare,
    explain,
    require_same,
    unusable,
)
from feed.keys.store import KeyDestroyed, Keys
from feed.postgres import Connection, Pool, transaction


async def record_and_compare(pool: Pool, keys: Keys, *, record: bool = True) -> dict[str, Difference]:
    """Records the keys that the database does not know yet, trusting the first process that holds them. Returns what differs."""
    held = keys.fingerprints()
    async with transaction(pool) as conn:
        if record:
            await store.record_keys(conn, held)
        recorded = await store.list_recorded(conn)
    return compare(held, recorded, keys.destroyed())


async def find_differences(conn: Connection, keys: Keys) -> dict[str, Difference]:
    """What differs, without recording anything."""
    return compare(keys.fingerprints(), await store.list_recorded(conn), keys.destroyed())


async def compare_keys(pool: Pool, keys: Keys) -> dict[str, Difference]:
    """The site's own keys that differ, as the process holds them; those of campaigns are checked when they are used."""
    async with pool.acquire() as conn:
        recorded = await store.list_recorded(conn)
    own = {name: known for name, known in recorded.items() if not name.startswith("campaign/")}
    return compare(keys.own_fingerprints(), own, ())


async def accept_keys(pool: Pool, keys: Keys, names: Collection[str]) -> dict[str, Difference]:
    """Records the keys of this store that differ, of these names or all, and forgets those that it lacks. Returns what has changed.

    A key that was destroyed stays so: its file is to be deleted. Raises KeyStoreError for a name that neither side knows.
    """
    held = keys.fingerprints()
    async with transaction(pool) as conn:
        recorded = await store.list_recorded(conn)
        if unknown := sorted(set(names) - held.keys() - recorded.keys()):
            raise KeyStoreError("\n".join(f"{name} 没有这个密钥 · is no key of this installation" for name in unknown))
        found: dict[str, Difference] = {
            name: difference
            for name, difference in compare(held, recorded, keys.destroyed()).items()
            if difference != "kept" and (not names or name in names)
        }
        await store.replace_keys(
            conn, {name: held[name] for name, found_here in found.items() if found_here == "other"}
        )
        await store.remove_keys(conn, [name for name, found_here in found.items() if found_here == "missing"])
    return found


def require_own_keys(differences: dict[str, Difference]) -> None:
    """Raises KeyStoreError if the site's own keys differ: such a process must not start. A campaign's key concerns only that campaign."""
    wrong = [explain(name, found) for name, found in differences.items() if not name.startswith("campaign/")]
    if wrong:
        raise KeyStoreError("\n".join([*wrong, ADVICE]))


async def load_campaign_key(
    keys: Keys, campaign_id: int, known: Recorded | None, *, create: bool = False
) -> tuple[bytes, str]:
    """The campaign's key and its fingerprint. Not in a transaction: with a KMS it is a call over the network.

    With `create` it is created, unless the database knows one. Raises KeyDestroyed, KmsAway, KeysMissing without `create`
    where none is known, and KeysUnusable for a key that the database does not know or that is missing here.
    """
    name = campaign_name(campaign_id)
    if known is not None and known.is_destroyed:
        raise KeyDestroyed(f"the key of campaign {campaign_id} was destroyed")
    try:
        key = await asyncio.to_thread(keys.campaign_key, campaign_id, create=create and known is None)
        fingerprint = keys.campaign_fingerprint(campaign_id)
    except KeysMissing:
        if known is None:
            raise
        raise unusable(name, "missing") from None
    if known is not None:
        require_same(name, fingerprint, known)
    return key, fingerprint


async def require_recorded(conn: Connection, campaign_id: int, fingerprint: str) -> None:
    """Records the key with which this transaction has sealed something. Raises KeysUnusable if another process came first with another key."""
    known = await store.find_campaign_key(conn, campaign_id)
    if known is None:
        await store.record_keys(conn, {campaign_name(campaign_id): fingerprint})
        known = await store.find_campaign_key(conn, campaign_id)
    assert known is not None
    if known.is_destroyed:
        raise KeyDestroyed(f"the key of campaign {campaign_id} was destroyed")
    require_same(campaign_name(campaign_id), fingerprint, known)
