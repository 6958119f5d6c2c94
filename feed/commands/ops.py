"""`feed token`, `feed grant`, `feed doctor`: commands for operators."""

import argparse
import asyncio
import hashlib
import sys
from functools import partial

from feed.accounts import store as accounts
from feed.accounts.model import ROLES, AccountId, AccountNotFound, Role
from feed.accounts.roles import change_role_by_hand
from feed.auth.tokens import LOCAL_ISSUER, issue_token
from feed.commands.installation import add_data_option, find_settings
from feed.doctor.checks import run_checks
from feed.ids import parse_id
from feed.keys.store import open_keys
from feed.phones import normalise_phone
from feed.postgres import Connection, Pool, open_pool, transaction, with_retries
from feed.settings import Settings
from feed.terminal import print_lines
from feed.texts import has_controls, line, require_text

# One day.
TOKEN_SECONDS = 86_400
# As long as the subject of a token may be.
USER = line(255)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    token = subparsers.add_parser(
        "token",
        help="签发测试令牌 · a token for a test user",
        description="Prints a token of this installation's own key, good for a day. For tests and embedded use only: "
        "the phone counts as verified; in embedded mode the roles are granted at the first request.",
    )
    add_data_option(token)
    token.add_argument("--user", required=True, metavar="NAME", help="whose; the same name is the same account")
    token.add_argument("--role", action="append", choices=ROLES, default=[], help="may be repeated")
    token.add_argument("--phone", metavar="P", help="default: a test number of the user's own")
    token.set_defaults(run=run_token)

    grant = subparsers.add_parser(
        "grant", help="授予角色 · give an account a role", description="Gives an account a role, or takes it away."
    )
    add_data_option(grant)
    grant.add_argument("who", metavar="USER", help="the account's id, or its `sub` at our own issuer")
    grant.add_argument("role", choices=ROLES)
    grant.add_argument("--revoke", action="store_true", help="take the role away")
    grant.set_defaults(run=run_grant)

    doctor = subparsers.add_parser(
        "doctor",
        help="检查各部分 · look at every part",
        description="Looks at keys, Postgres, Redis and the worker's backlog. Exit status 1 when something is wrong.",
    )
    add_data_option(doctor)
    doctor.set_defaults(run=run_doctor)


def run_token(arguments: argparse.Namespace) -> int:
    settings = find_settings(arguments.data)
    keys = open_keys(settings.keys_dir, create=False)
    user = require_text("user", arguments.user, USER)
    phone = normalise_phone(arguments.phone or phone_for(user))
    roles = tuple(role for role in ROLES if role in arguments.role)
    if roles and not settings.embedded:
        print_lines(
            "令牌中的角色只在内置模式下有效，请用 feed grant。",
            "Roles in a token count in embedded mode only: use `feed grant`.",
            to=sys.stderr,
        )
    print_lines(issue_token(keys.token_key, sub=user, name=user, phone=phone, roles=roles, seconds=TOKEN_SECONDS))
    return 0


def phone_for(user: str) -> str:
    """A phone number for a test user, derived from the name."""
    number = int.from_bytes(hashlib.sha256(user.encode()).digest()[:8], "big") % 100_000_000
    return f"+86199{number:08d}"


def run_grant(arguments: argparse.Namespace) -> int:
    settings = find_settings(arguments.data)
    return asyncio.run(change_role(settings, arguments.who, arguments.role, revoke=arguments.revoke))


async def change_role(settings: Settings, who: str, role: Role, *, revoke: bool = False) -> int:
    """Grants or revokes a role and prints the result. Returns the exit status. Raises AccountNotFound."""
    pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
    try:
        account_id, changed = await with_retries(partial(_change_role, pool, who, role, revoke=revoke))
    finally:
        await pool.close()
    done = ("已收回 revoked" if revoke else "已授予 granted") if changed else "没有变化 nothing to do"
    print_lines(f"{done}: {role}, {account_id}")
    return 0


async def _change_role(pool: Pool, who: str, role: Role, *, revoke: bool) -> tuple[int, bool]:
    async with transaction(pool) as conn:
        account_id = await _get_account_id(conn, who)
        return account_id, await change_role_by_hand(conn, account_id, role, revoke=revoke)


async def _get_account_id(conn: Connection, who: str) -> AccountId:
    # Ids are tried first: they are long numbers, which no `sub` is in practice.
    id_ = parse_id(who)
    if id_ is not None and (account := await accounts.find_account(conn, id_)):
        return account.id
    # Bytes that are not UTF-8 are lone surrogates in an argument.
    account_id = None if has_controls(who) else await accounts.find_by_sub(conn, iss=LOCAL_ISSUER, sub=who)
    if account_id is None:
        raise AccountNotFound(
            f"没有此用户。\nNo account has the id or sub {who!r}; an account is made at its first request."
        )
    return account_id


def run_doctor(arguments: argparse.Namespace) -> int:
    return asyncio.run(print_findings(find_settings(arguments.data)))


async def print_findings(settings: Settings) -> int:
    """Runs the checks and prints the findings. Returns the exit status: 1 if something is wrong."""
    failed = False
    async for finding in run_checks(settings):
        failed |= finding.wrong
        first, *more = finding.says.split("\n")
        print_lines(
            f"{'WRONG' if finding.wrong else 'ok':7}{finding.about:16}{first}", *(f"{'':23}{line}" for line in more)
        )
    return int(failed)
