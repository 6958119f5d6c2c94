"""`feed sign-in`: a link that signs a browser in to the pages, for tests and embedded use."""

import argparse
import asyncio
import sys

import httpx

from feed.accounts import store as accounts
from feed.accounts import web_sessions
from feed.accounts.model import ROLES, AccountId
from feed.auth.tokens import LOCAL_ISSUER, issue_token
from feed.commands.installation import add_data_option, find_settings
from feed.commands.ops import USER, phone_for
from feed.keys.store import open_keys
from feed.links import local_path
from feed.postgres import Pool, open_pool
from feed.settings import Settings
from feed.terminal import print_lines
from feed.texts import require_text

# As long as a person needs to copy it; the app's own tickets last a minute.
LINK_SECONDS = 600


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's arguments."""
    parser = subparsers.add_parser(
        "sign-in",
        help="浏览器登录链接 · a link that signs a browser in",
        description="Prints a link that signs a browser in once, within ten minutes. For tests and embedded use only. "
        "A user that does not exist is made, with a verified test phone; roles are granted as by `feed token`.",
    )
    add_data_option(parser)
    parser.add_argument("--user", required=True, metavar="NAME", help="who; the same name is the same account")
    parser.add_argument("--role", action="append", choices=ROLES, default=[], help="may be repeated")
    parser.add_argument(
        "--to", default="/", metavar="PATH", help="the page to open: /, /console, /campaigns/1; default /"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints the link. Returns 2 outside of embedded mode, and for a page of another site. Raises Invalid for a name that is none."""
    settings = find_settings(arguments.data)
    if not settings.embedded:
        print_lines(
            "登录链接只用于内置模式和测试；正式环境请用短信登录或由 App 打开。",
            "Links like this are for embedded mode and tests: sign in by SMS, or from the app.",
            to=sys.stderr,
        )
        return 2
    path = local_path(arguments.to, "")
    if not path:
        print_lines(
            "--to 是本站页面的路径，例如 /console。", "--to is the path of a page, like /console.", to=sys.stderr
        )
        return 2
    user = require_text("user", arguments.user, USER)
    roles = tuple(role for role in ROLES if role in arguments.role)
    print_lines(asyncio.run(make_link(settings, user, roles, path)))
    return 0


async def make_link(settings: Settings, user: str, roles: tuple[str, ...], path: str) -> str:
    """A link that signs a browser in as the user and opens `path`, once within LINK_SECONDS."""
    pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
    try:
        account_id = await _find(pool, user)
        if account_id is None or roles:
            await _arrive(settings, user, roles)
            account_id = await _find(pool, user)
        assert account_id is not None, user
        ticket = await web_sessions.issue_ticket(pool, account_id, path, seconds=LINK_SECONDS)
    finally:
        await pool.close()
    return web_sessions.ticket_address(settings.public_url, ticket)


async def _find(pool: Pool, user: str) -> AccountId | None:
    async with pool.acquire() as conn:
        return await accounts.find_by_sub(conn, iss=LOCAL_ISSUER, sub=user)


async def _arrive(settings: Settings, user: str, roles: tuple[str, ...]) -> None:
    """The first request of a token makes the account, and grants its roles."""
    keys = open_keys(settings.keys_dir, create=False)
    token = issue_token(keys.token_key, sub=user, name=user, phone=phone_for(user), roles=roles, seconds=60)
    async with httpx.AsyncClient(base_url=settings.public_url, trust_env=False, timeout=30) as client:
        (await client.get("/v1/me", headers={"authorization": f"Bearer {token}"})).raise_for_status()
