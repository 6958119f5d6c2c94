"""A changed name, bio or picture within a transaction: shown or held, with its case, and what a verdict makes of it."""

import msgspec

from feed.accounts import departure_store, name_store
from feed.accounts.model import Account
from feed.cases import profile_store as cases
from feed.cases.holds import State
from feed.cases.model import CaseStale
from feed.postgres import Connection
from feed.profiles import avatars, store
from feed.profiles.model import Change, ProfileField
from feed.profiles.naming import Naming, neutral_name
from feed.screening.model import MachineResult

# How soon a reviewer is to look at a change.
_DUE_MINUTES = 120


class ChangeNotApplicable(Exception):
    """The change cannot be shown: the name takes a badge that the account has not, or another account has it now."""


async def propose(
    conn: Connection,
    account: Account,
    field: ProfileField,
    value: str,
    *,
    naming: Naming,
    machine: MachineResult,
    shown: bool,
    is_protected: bool = False,
) -> None:
    """Opens the case of a change, or puts the change into the one that is open; with `shown` it is public at once.

    The caller holds `lock_profile`. A bio that is removed needs no review.
    """
    case_id = await store.find_open_case(conn, account.id, field)
    if case_id is not None and not await cases.lock_open_case(conn, case_id):
        case_id = None
    if not value:
        if case_id is not None:
            await cases.close_profile_case(conn, case_id)
        await _show(conn, account.id, field, value, None, is_unique=False)
        return
    is_name = field == "name"
    former = _current(account, field)
    state: State = "published" if shown else "pending"
    if case_id is None:
        case_id = await cases.add_profile_case(
            conn, field, account.id, due_minutes=_DUE_MINUTES, machine=machine.stored()
        )
    else:
        await cases.renew_profile_case(conn, case_id, machine=machine.stored())
    await store.add_change(
        conn,
        Change(
            id=0,
            account_id=account.id,
            case_id=case_id,
            field=field,
            former=former,
            value=value,
            former_key=naming.key_of(former) if is_name and former else None,
            value_key=naming.key_of(value) if is_name else None,
            is_protected=is_protected,
            is_unique=is_name and naming.policy.unique,
            state=state,
        ),
    )
    if shown:
        await _show(
            conn,
            account.id,
            field,
            value,
            naming.key_of(value) if is_name else None,
            is_unique=is_name and naming.policy.unique,
        )


async def own_profile(conn: Connection, account: Account) -> Account:
    """The account with its own profile, also while it leaves and shows a neutral one."""
    kept = await departure_store.find_profile(conn, account.id)
    return account if kept is None else msgspec.structs.replace(account, **msgspec.structs.asdict(kept))


async def apply_verdict(conn: Connection, case_id: int, account: Account | None, state: State) -> None:
    """Shows or hides the change of a locked case. None: the account is erased since, and nothing is shown.

    A rejected value gives way to the former one, or to a neutral name. Raises CaseStale if there is a later change,
    ChangeNotApplicable.
    """
    change = await store.lock_change(conn, case_id)
    if change is None or not await store.is_latest(conn, change):
        raise CaseStale
    await store.mark_state(conn, change.id, state)
    if account is None:
        return
    account = await own_profile(conn, account)
    if state == "published":
        await _require_free(conn, change, account)
        await _show(conn, account.id, change.field, change.value, change.value_key, is_unique=change.is_unique)
        if change.field == "avatar":
            await avatars.remove_unused(conn, account.id, decided=case_id)
    elif _current(account, change.field) == change.value:
        await _show_former(conn, change)


async def erase_profile(conn: Connection, account_id: int) -> None:
    """Of an erased account: gives up the name, and removes the texts of all changes; their open cases are closed."""
    for case_id in await store.list_cases_of(conn, account_id):
        if await cases.lock_open_case(conn, case_id):
            await cases.close_profile_case(conn, case_id)
    await store.remove_changes(conn, account_id)
    await name_store.give_up_name(conn, account_id)


async def _require_free(conn: Connection, change: Change, account: Account) -> None:
    if change.field != "name" or change.value == account.name:
        return
    if change.is_protected and account.badge is None:
        raise ChangeNotApplicable
    if change.is_unique and change.value_key is not None:
        await name_store.lock_name(conn, change.value_key)
        person = await name_store.get_person(conn, account.id)
        use = await name_store.find_use(conn, change.value_key, person=person, reserved_days=0)
        if use.taken:
            raise ChangeNotApplicable


async def _show_former(conn: Connection, change: Change) -> None:
    """Shows what the change replaced; a neutral name if that is the same, or is another account's by now."""
    if change.field != "name":
        await _show(conn, change.account_id, change.field, change.former or "", None, is_unique=False)
        return
    free = change.former is not None and change.former != change.value
    if free and change.is_unique and change.former_key is not None:
        await name_store.lock_name(conn, change.former_key)
        person = await name_store.get_person(conn, change.account_id)
        free = not (await name_store.find_use(conn, change.former_key, person=person, reserved_days=0)).taken
    if free:
        assert change.former is not None
        await _show(conn, change.account_id, "name", change.former, change.former_key, is_unique=change.is_unique)
    else:
        await _show(conn, change.account_id, "name", neutral_name(), None, is_unique=False)


async def _show(
    conn: Connection, account_id: int, field: ProfileField, value: str, key: bytes | None, *, is_unique: bool
) -> None:
    if field == "name":
        await name_store.change_name(conn, account_id, value, name_key=key, is_unique=is_unique)
    elif field == "bio":
        await name_store.change_bio(conn, account_id, value)
    else:
        former = await store.find_avatar(conn, account_id)
        # A former one may be removed by now.
        kept = bool(value) and await store.has_avatar(conn, account_id, value)
        await name_store.change_avatar(conn, account_id, value if kept else None)
        await avatars.settle_avatars(conn, account_id, former)


def _current(account: Account, field: ProfileField) -> str | None:
    if field == "name":
        return account.name
    return account.bio if field == "bio" else account.avatar_url
