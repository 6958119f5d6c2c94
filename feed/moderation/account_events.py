"""Events of the app about its accounts: renamed, banned, unbanned, erased. One transaction each."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from feed.accounts import departure_store, erasure_store, event_store, roles
from feed.accounts import store as accounts
from feed.accounts.authentication import ClaimedName, seed_name
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.auth.tokens import Subject
from feed.errors import FieldError, Invalid
from feed.keys.store import Keys
from feed.moderation.model import ADVERSE_REASONS, adverse_reason_problems
from feed.moderation.sanctions import impose_on_account, lift_from_account
from feed.postgres import Connection, Pool, transaction
from feed.profiles.changes import erase_profile
from feed.profiles.naming import Naming
from feed.profiles.registration import change_claimed_name
from feed.texts import among, has_controls
from feed.times import Instant

EventType = Literal["account.renamed", "account.banned", "account.unbanned", "account.erased"]

# `repeated`: the event was applied before. `outdated`: a newer one was applied before. `unknown`: no such account.
Outcome = Literal["applied", "repeated", "outdated", "unknown"]


class AppAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account of an event, by the `sub` of the app's tokens, and the fields that its type needs."""

    sub: Subject
    name: ClaimedName | msgspec.UnsetType | None = msgspec.UNSET
    until: Instant | None = None
    reason_code: Annotated[str, among(ADVERSE_REASONS)] | None = None

    @property
    def reason(self) -> str:
        """The code of the reason of a ban; `other` without one."""
        return self.reason_code or "other"


class AppEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event of an account of the app, which happened at `timestamp`."""

    type: EventType
    timestamp: Instant
    data: AppAccount


def event_problems(event: AppEvent, now: datetime) -> list[FieldError]:
    """The problems of an event's fields."""
    problems = [FieldError(f"data.{each.field}", each.code, each.params) for each in _data_problems(event)]
    # An event from the future would make all later ones outdated.
    if (event.timestamp - now).total_seconds() > 300:
        problems.append(FieldError("timestamp", "invalid_value"))
    return problems


def _data_problems(event: AppEvent) -> list[FieldError]:
    data = event.data
    problems: list[FieldError] = []
    if not data.sub or has_controls(data.sub):
        problems.append(FieldError("sub", "invalid_value" if data.sub else "required"))
    if event.type == "account.renamed" and data.name is msgspec.UNSET:
        problems.append(FieldError("name", "required"))
    if event.type == "account.banned":
        problems += adverse_reason_problems(data.reason)
    return problems


async def apply_event(pool: Pool, naming: Naming, iss: str, event_id: str, event: AppEvent, now: datetime) -> Outcome:
    """Applies the event once, unless a newer one of its kind was applied before. Raises Invalid."""
    if problems := event_problems(event, now):
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        if not await event_store.add_event(conn, event_id):
            return "repeated"
        if event.type == "account.erased":
            return await _erase(conn, naming.keys, iss, event)
        account_id = await accounts.find_by_sub(conn, iss=iss, sub=event.data.sub)
        if account_id is None:
            return "unknown"
        if event.type == "account.renamed":
            return await _rename(conn, naming, account_id, event)
        return await _ban(conn, account_id, event)


async def _erase(conn: Connection, keys: Keys, iss: str, event: AppEvent) -> Outcome:
    subject = keys.subject_of(iss, event.data.sub)
    account_id = await accounts.find_by_sub(conn, iss=iss, sub=event.data.sub)
    if account_id is None:
        # So that a token that was issued before creates no account.
        return "applied" if await erasure_store.add_subject(conn, subject) else "repeated"
    former = await erasure_store.find_subject(conn, subject)
    if former is not None and event.timestamp <= former.erased_at:
        # The same erasure once more, while the subject has a new account.
        return "outdated"
    return "applied" if await erase_account(conn, keys, account_id, by="app") else "repeated"


async def erase_account(conn: Connection, keys: Keys, account_id: AccountId, *, by: str) -> bool:
    """Erases the row of an account, with its access and its roles; everything else of it is erased by jobs.

    `by`: `app` or `owner`. False if it was erased before.
    """
    # Locked before the account, as everywhere.
    departure = await departure_store.lock_departure(conn, account_id)
    profile = await departure_store.find_profile(conn, account_id)
    # Cases are locked before the account, as by verdicts.
    await erase_profile(conn, account_id)
    identity = await erasure_store.lock_identity(conn, account_id)
    if identity is None:
        return False
    # Responses of the last day may contain the name, unless the account was leaving for longer.
    named_lately = departure is None or departure.step == "returning" or departure.is_recent
    await erasure_store.erase_row(
        conn,
        account_id,
        keys.subject_of(identity.iss, identity.sub),
        swept_name=(identity.name if profile is None else profile.name) if named_lately else None,
    )
    await erasure_store.end_access(conn, account_id)
    await roles.revoke_roles_of_erased(conn, account_id)
    await audit.add(conn, None, "account.erase", "account", account_id, {"by": by})
    return True


async def _rename(conn: Connection, naming: Naming, account_id: AccountId, event: AppEvent) -> Outcome:
    if not await event_store.mark_applied(conn, account_id, "name", event.timestamp):
        return "outdated"
    # Locked before the account, as everywhere.
    await departure_store.lock_departure(conn, account_id)
    await change_claimed_name(conn, naming, account_id, seed_name(event.data.name or ""))
    await audit.add(conn, None, "account.rename", "account", account_id, {"by": "app"})
    return "applied"


async def _ban(conn: Connection, account_id: AccountId, event: AppEvent) -> Outcome:
    if not await event_store.mark_applied(conn, account_id, "ban", event.timestamp):
        return "outdated"
    if event.type == "account.unbanned":
        # A ban by our moderators has its own reason and is lifted by them.
        await lift_from_account(conn, account_id, ["ban"], by=None)
    else:
        data = event.data
        await impose_on_account(conn, account_id, kind="ban", reason_code=data.reason, until=data.until, by=None)
    return "applied"
