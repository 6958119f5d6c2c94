"""The deletion of an account by its owner: requested, hidden at once, taken back or carried out after its time."""

from datetime import datetime

from feed.accounts import departure_store as departures
from feed.accounts import store as accounts
from feed.accounts.model import AccountId, AccountNotFound, StaffCannotLeave
from feed.audit import store as audit
from feed.cases.holds import Hold
from feed.changes.store import Announce, announce_nothing
from feed.comments import erasure_store as comments
from feed.comments.hide_show import change_holds_of as change_comment_holds
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.keys.store import Keys
from feed.moderation.account_events import erase_account
from feed.postgres import Connection, Pool, transaction
from feed.posts import erasure_store as posts
from feed.posts.hide_show import change_holds_of as change_post_holds
from feed.profiles import avatars

# Items that one transaction hides or shows: their likes wait meanwhile.
_ITEMS = 100
# Twice the longest transaction of an API process, so that what was being written at the request is found.
_GRACE_SECONDS = 10


async def request_deletion(pool: Pool, account_id: AccountId, *, days: int) -> datetime:
    """Requests the deletion of the account, and returns when it will be erased; a second time changes nothing.

    The profile is neutral at once and the account may only read; its posts and comments are hidden by `hide_some`.
    Raises AccountNotFound, StaffCannotLeave.
    """
    async with transaction(pool) as conn:
        await departures.lock_departure(conn, account_id)
        if await accounts.list_roles(conn, account_id):
            raise StaffCannotLeave
        if await departures.add_departure(conn, account_id, days=days):
            await avatars.purge_of_leaving(conn, account_id)
            await audit.add(conn, account_id, "account.request_deletion", "account", account_id, {"days": days})
        erase_at = await departures.find_erase_at(conn, account_id)
        if erase_at is None:
            raise AccountNotFound
    return erase_at


async def take_back_deletion(pool: Pool, account_id: AccountId, request: KeyedRequest | None = None) -> None:
    """Takes the requested deletion of the account back; without one nothing changes. A job shows its posts and comments again."""
    async with idempotent_transaction(pool, account_id, request) as (conn, _):
        await departures.lock_departure(conn, account_id)
        if await departures.take_back(conn, account_id):
            await audit.add(conn, account_id, "account.take_back_deletion", "account", account_id)


async def move_some_items(pool: Pool, account_id: AccountId, *, announce: Announce = announce_nothing) -> bool:
    """Hides some posts and comments of an account that leaves, or shows some of one that has returned. False when none is left."""
    async with transaction(pool) as conn:
        departure = await departures.lock_departure(conn, account_id)
        moved = set() if departure is None else await _move_items(conn, departure)
    announce(moved)
    return bool(moved)


async def follow_next_departure(pool: Pool, keys: Keys) -> bool:
    """Does the next step for one account that leaves or has returned: hides or shows items, or erases it. False when there is none."""
    async with transaction(pool) as conn:
        departure = await departures.lock_next(conn)
        if departure is None:
            return False
        account_id = departure.account_id
        if departure.step != "returning" and departure.is_due:
            await erase_account(conn, keys, account_id, by="owner")
        elif not await _move_items(conn, departure):
            if departure.step == "returning":
                await departures.remove_departure(conn, account_id)
            else:
                await departures.mark_hidden(conn, account_id, after_seconds=_GRACE_SECONDS)
    return True


async def _move_items(conn: Connection, departure: departures.Departure) -> set[int]:
    """Returns the posts whose visibility, or that of their comments, has changed."""
    leaves = departure.step != "returning"
    add, remove = (Hold.LEAVING, Hold(0)) if leaves else (Hold(0), Hold.LEAVING)
    post_ids = await posts.list_by_hold(conn, departure.account_id, Hold.LEAVING, held=not leaves, limit=_ITEMS)
    if post_ids:
        await change_post_holds(conn, post_ids, add=add, remove=remove)
        return set(post_ids)
    found = await comments.list_by_hold(conn, departure.account_id, Hold.LEAVING, held=not leaves, limit=_ITEMS)
    if found:
        await change_comment_holds(conn, [each.comment_id for each in found], add=add, remove=remove)
    return {each.post_id for each in found}
