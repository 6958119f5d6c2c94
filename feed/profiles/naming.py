"""What stands against giving a name: the paper's own words, the staff, and where names are unique every other account."""

import secrets
from collections.abc import Callable
from typing import NamedTuple

from feed.accounts import name_store
from feed.keys.store import Keys
from feed.names.protected import ProtectedNames, protected_names
from feed.names.skeleton import name_skeleton
from feed.postgres import Connection
from feed.profiles import store
from feed.profiles.model import RESERVED_MOST, NamePolicy, NameStatus
from feed.screening.model import PASSED, MachineResult, TextKind
from feed.settings import Settings


def pass_all(text: str, kind: TextKind) -> MachineResult:
    """The machine check that lets every text pass."""
    return PASSED


Check = Callable[[str, TextKind], MachineResult]


class Naming(NamedTuple):
    """What giving a name takes: the rules of the site, the machine check, and the key that names are looked up with."""

    keys: Keys
    policy: NamePolicy
    check: Check = pass_all

    def key_of(self, name: str) -> bytes:
        """What a name is looked up by."""
        return self.keys.name_key(name_skeleton(name))


def naming_of(keys: Keys, settings: Settings | None, check: Check = pass_all) -> Naming:
    """What the settings say of names; without settings the defaults."""
    if settings is None:
        return Naming(keys, NamePolicy(protected_names()), check)
    of_site = [each.strip() for each in settings.protected_names.split(",")]
    policy = NamePolicy(
        protected_names(filter(None, of_site)),
        unique=settings.unique_names,
        review=settings.review_profiles,
        reserved_days=settings.names_reserved_days,
    )
    return Naming(keys, policy, check)


async def list_protected(conn: Connection, policy: NamePolicy) -> ProtectedNames:
    """The protected names of the site with those of the admins' list."""
    listed = await store.list_reserved(conn, RESERVED_MOST)
    return policy.protected.with_names(
        store.of_scope(listed, "contained"), store.of_scope(listed, "whole"), store.of_scope(listed, "free")
    )


async def check_name(
    conn: Connection, naming: Naming, name: str, *, person: bytes | None, account_id: int | None
) -> NameStatus:
    """What stands against the name for an account of this person. Where names are unique, the name is locked until the end."""
    policy = naming.policy
    key = naming.key_of(name)
    if policy.unique:
        await name_store.lock_name(conn, key)
    use = await name_store.find_use(conn, key, person=person, reserved_days=policy.reserved_days)
    taken = policy.unique and (use.taken or await store.is_waiting_elsewhere(conn, key, account_id or 0))
    protected = await list_protected(conn, policy)
    return NameStatus(is_protected=protected.protects(name), is_of_staff=use.of_staff, is_taken=taken)


def neutral_name() -> str:
    """A name that says nothing: for an account whose own name cannot be shown."""
    return f"用户{secrets.randbelow(100_000_000):08d}"
