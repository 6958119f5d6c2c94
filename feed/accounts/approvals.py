"""Acts that need two people: the first approves, the second carries out.

An approval is of one account, made with the rights of its roles, for one state. It counts while another person acts, while the
account has kept one of these rights without a break and is neither banned nor erased, and while the state is the same.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal, get_args

import rfc8785

from feed.accounts import approval_store
from feed.accounts import store as accounts
from feed.accounts.model import AccountId, Banned, Role, RoleMissing, SecondPersonRequired
from feed.postgres import Connection

# `withdraw`: undoing a settlement after its announcement. The numbers are entered by two, and agree or not.
Act = Literal[
    "announce", "cancel", "change_jurors", "correct_number", "enter_number", "replace", "set_fact_aside", "withdraw"
]
ACTS: tuple[Act, ...] = get_args(Act)
# Those on a campaign without a result, which are possible again when it is undone: their approvals end with the freeze.
ACTS_BEFORE_THE_RESULT: tuple[Act, ...] = ("cancel", "set_fact_aside")
# The roles that give the right to all of them.
ROLES_OF_ACTS: tuple[Role, ...] = ("editor", "admin")


async def approve(
    conn: Connection, act: Act, subject_id: int, state: Sequence[str], *, by: AccountId
) -> AccountId | None:
    """The account of another person whose approval is in force: `by` is the second and may carry out the act.

    None when `by` is the first, whose approval is recorded. `state` is what both have to approve; any change of it makes a new
    first of the next. The caller holds the lock of the subject, and calls `approval_store.remove_approvals` when the act is done.
    Raises SecondPersonRequired if the person has approved this state before, Banned, RoleMissing.
    """
    roles = await require_right(conn, by)
    state_sha256 = _sha256_of(state)
    earlier = await approval_store.list_in_force(conn, act, subject_id, state_sha256)
    for account_id in earlier:
        if not await accounts.are_one_person(conn, account_id, by):
            return account_id
    if earlier:
        raise SecondPersonRequired
    await approval_store.add_approval(conn, act, subject_id, by, roles=roles, state_sha256=state_sha256)
    return None


async def record_approval(conn: Connection, act: Act, subject_id: int, state: Sequence[str], *, by: AccountId) -> None:
    """Records an approval in place of the account's earlier one, whether or not another person has approved.

    Raises Banned, RoleMissing.
    """
    roles = await require_right(conn, by)
    await approval_store.add_approval(conn, act, subject_id, by, roles=roles, state_sha256=_sha256_of(state))


async def require_right(conn: Connection, account_id: AccountId, roles: Sequence[Role] = ROLES_OF_ACTS) -> list[Role]:
    """Those of the roles that the account has and may make use of now. Raises Banned, RoleMissing.

    Read in the transaction of the act, because the right may have ended since the request was let in.
    """
    if held := [role for role in await accounts.list_rights(conn, account_id) if role in roles]:
        return held
    if any(role in roles for role in await accounts.list_roles(conn, account_id)):
        raise Banned
    raise RoleMissing


def _sha256_of(state: Sequence[str]) -> bytes:
    return hashlib.sha256(rfc8785.dumps(list(state))).digest()
