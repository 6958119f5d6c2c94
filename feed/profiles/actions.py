"""Changes of the own profile, and what admins decide about names: the official badge and the list of protected names."""

from msgspec import UNSET, UnsetType

from feed.accounts import name_store
from feed.accounts import store as accounts
from feed.accounts.approvals import require_right
from feed.accounts.model import BIO, NAME, AccountId
from feed.audit import store as audit
from feed.errors import FieldError, Invalid
from feed.ids import parse_id
from feed.keys.store import Keys
from feed.names.skeleton import name_skeleton, skeleton
from feed.postgres import Connection, Pool, transaction
from feed.profiles import avatars, store
from feed.profiles.changes import own_profile, propose
from feed.profiles.model import (
    BADGE,
    RESERVED_MOST,
    NamePolicy,
    ProfileChange,
    ReservedNameId,
    ReservedNameNotFound,
    ReservedNamesFull,
    Scope,
)
from feed.profiles.naming import Naming, check_name, list_protected, neutral_name
from feed.profiles.store import ReservedNameRow
from feed.screening.model import PASSED
from feed.texts import require_text, require_texts


async def change_profile(pool: Pool, naming: Naming, account_id: AccountId, change: ProfileChange) -> None:
    """Changes the account's own name, bio or picture, or queues the change where it has to be approved first.

    Raises Invalid, MediaNotReady, MediaInUse, Banned, Muted, AccountNotFound.
    """
    avatar_id = _avatar_id(change)
    given = {} if change.name is UNSET else {"name": (change.name, NAME)}
    if change.bio is not UNSET:
        given["bio"] = ((change.bio or "").strip(), BIO)
    texts = require_texts(given)
    name, bio = texts.get("name"), texts.get("bio")
    checked = {field: naming.check(text, field) for field, text in (("name", name), ("bio", bio)) if text}  # type: ignore[arg-type]
    problems = [FieldError(field, "text_blocked") for field, result in checked.items() if result.verdict == "block"]
    if problems:
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        (await accounts.get_standing(conn, account_id)).require_write_access()
        await name_store.lock_profile(conn, account_id)
        account = await accounts.get_account(conn, account_id)
        if name is not None and name != account.name:
            person = await name_store.get_person(conn, account_id)
            status = await check_name(conn, naming, name, person=person, account_id=account_id)
            problem = status.problem_for(has_badge=account.badge is not None)
            if problem is not None:
                raise Invalid(FieldError("name", problem))
            shown = naming.policy.review == "publish_first" and checked["name"].verdict == "pass"
            await propose(
                conn,
                account,
                "name",
                name,
                naming=naming,
                machine=checked["name"],
                shown=shown,
                is_protected=status.is_protected,
            )
        if bio is not None and bio != account.bio:
            result = checked.get("bio", PASSED)
            shown = naming.policy.review == "publish_first" and result.verdict == "pass"
            await propose(conn, account, "bio", bio, naming=naming, machine=result, shown=shown)
        if avatar_id is not UNSET:
            # After everything else: the locks of media come last.
            value = "" if avatar_id is None else await avatars.use_as_avatar(conn, account, avatar_id)
            if value != (account.avatar_url or ""):
                shown = naming.policy.review == "publish_first"
                await propose(conn, account, "avatar", value, naming=naming, machine=PASSED, shown=shown)


def _avatar_id(change: ProfileChange) -> int | UnsetType | None:
    given = change.avatar_media_id
    if given is UNSET or given is None:
        return given
    media_id = parse_id(given)
    if media_id is None:
        raise Invalid(FieldError("avatar_media_id", "not_found"))
    return media_id


async def give_badge(pool: Pool, admin_id: AccountId, account_id: AccountId, badge: str) -> str:
    """Gives the account the official badge, and returns its text. Raises Invalid, AccountNotFound, RoleMissing, Banned."""
    badge = require_text("badge", badge, BADGE)
    async with transaction(pool) as conn:
        await require_right(conn, admin_id, ("admin",))
        account = await own_profile(conn, await accounts.get_account(conn, account_id))
        if account.badge != badge:
            await name_store.change_badge(conn, account_id, badge)
            await audit.add(conn, admin_id, "badge.give", "account", account_id, {"badge": badge})
    return badge


async def take_badge(pool: Pool, policy: NamePolicy, admin_id: AccountId, account_id: AccountId) -> None:
    """Takes the badge from the account, and with it a name that only a badge allows. Raises AccountNotFound, RoleMissing, Banned."""
    async with transaction(pool) as conn:
        await require_right(conn, admin_id, ("admin",))
        await name_store.lock_profile(conn, account_id)
        account = await own_profile(conn, await accounts.get_account(conn, account_id))
        if account.badge is None:
            return
        await name_store.change_badge(conn, account_id, None)
        renamed = (await list_protected(conn, policy)).protects(account.name)
        if renamed:
            await name_store.change_name(conn, account_id, neutral_name(), name_key=None, is_unique=False)
        await audit.add(conn, admin_id, "badge.take", "account", account_id, {"renamed": renamed})


async def put_reserved_name(pool: Pool, admin_id: AccountId, name: str, scope: Scope) -> ReservedNameRow:
    """Protects a name, or sets it free of a protected one that it contains. Repeating it changes nothing.

    Raises Invalid, ReservedNamesFull, RoleMissing, Banned.
    """
    name = require_text("name", name, NAME)
    if len(skeleton(name)) < 2:
        # A single character would protect most names, and a name of symbols none.
        raise Invalid(FieldError("name", "too_short"))
    async with transaction(pool) as conn:
        await require_right(conn, admin_id, ("admin",))
        row = await store.put_reserved(conn, name, scope, by=admin_id)
        if row is not None:
            if await store.count_reserved(conn) > RESERVED_MOST:
                raise ReservedNamesFull
            await _record(conn, admin_id, "reserved_name.put", row)
        found = row or await store.get_reserved(conn, name)
    assert found is not None
    return found


async def remove_reserved_name(pool: Pool, admin_id: AccountId, id_: ReservedNameId) -> None:
    """Removes a name from the admins' list. Raises ReservedNameNotFound, RoleMissing, Banned."""
    async with transaction(pool) as conn:
        await require_right(conn, admin_id, ("admin",))
        if not await store.remove_reserved(conn, id_):
            raise ReservedNameNotFound
        await audit.add(conn, admin_id, "reserved_name.remove", "reserved_name", id_)


async def _record(conn: Connection, admin_id: AccountId, action: str, row: ReservedNameRow) -> None:
    await audit.add(conn, admin_id, action, "reserved_name", row.id, {"scope": row.scope})


async def add_missing_name_keys(pool: Pool, keys: Keys) -> bool:
    """Computes the keys of names that have none: of accounts of an earlier version, and seeded ones. False when none is left."""
    async with transaction(pool) as conn:
        names = await name_store.list_without_key(conn, 500)
        await name_store.add_keys(
            conn, {account_id: keys.name_key(name_skeleton(name)) for account_id, name in names.items()}
        )
    return bool(names)
