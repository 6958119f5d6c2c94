"""`feed token`, `feed grant`, `feed doctor`: commands for operators."""

import argparse
import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from functools import partial

import asyncpg

from feed import readiness
from feed import redis as feed_redis
from feed.accounts import store as accounts
from feed.accounts.model import ROLES, AccountId, AccountNotFound, Role
from feed.accounts.roles import change_role_by_hand
from feed.auth.tokens import LOCAL_ISSUER, issue_token
from feed.cases.chain import read_site_chain
from feed.commands.database_checks import Finding, check_database
from feed.commands.installation import add_data_option, find_settings
from feed.ids import parse_id
from feed.keys.files import KeyStoreError
from feed.keys.kms import KmsAway
from feed.keys.store import open_keys
from feed.keys.vault import open_kms
from feed.migrations import MigrationError, find_missing, list_migrations
from feed.phones import normalise_phone
from feed.postgres import UNAVAILABLE, Connection, Pool, open_pool, transaction, with_retries
from feed.screens.prizes.overdue import DESCRIPTIONS, list_overdue
from feed.screens.staff.chains import list_short_chains
from feed.screens.staff.doctor import Backlog, read_applied, read_backlog
from feed.settings import Settings
from feed.sms.model import SHANGHAI
from feed.sms.registry import get_registration
from feed.terminal import print_lines
from feed.texts import has_controls, line, require_text

# One day.
TOKEN_SECONDS = 86_400
# As long as the subject of a token may be.
_USER = line(255)


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
    user = require_text("user", arguments.user, _USER)
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


async def run_checks(settings: Settings) -> AsyncIterator[Finding]:
    """Runs the checks one after the other and yields their findings."""
    yield _check_keys(settings)
    yield _check_provider(settings)
    yield _check_access_log(settings)
    async for finding in check_database(settings):
        yield finding
    async for finding in _check_postgres(settings):
        yield finding
    async for finding in _check_redis(settings):
        yield finding


def _check_provider(settings: Settings) -> Finding:
    """Describes the SMS provider. Its settings were checked before."""
    if not get_registration(settings.sms_provider).sends:
        says = f"{settings.sms_provider}：只写下来，手机收不到短信 · written down, no phone gets anything"
        return Finding("sms", says, wrong=not settings.embedded)
    receipts = "有回执 · with receipts" if settings.sms_receipt_token else "无回执 · without receipts"
    return Finding("sms", f"{settings.sms_provider}，{receipts}")


def _check_access_log(settings: Settings) -> Finding:
    """Describes the access log, without which a public site does not keep what the law asks for."""
    if not settings.access_log_dir:
        says = "未开启，法律要求留存六个月，请设置 FEED_ACCESS_LOG_DIR · off; the law asks for six months: set FEED_ACCESS_LOG_DIR"
        return Finding("access log", says, wrong=not settings.embedded)
    return Finding(
        "access log",
        f"{settings.access_log_dir}，保留 {settings.access_log_days} 天 · kept {settings.access_log_days} days",
    )


def _describe_waiting(backlog: Backlog) -> str:
    """Messages that wait as they should: for the end of the quiet hours or for the next day's quota."""
    waiting = [
        (count, zh, en)
        for count, zh, en in (
            (backlog.quiet_messages, "静默时段", "quiet hours"),
            (backlog.over_quota_messages, "限额", "a quota"),
        )
        if count
    ]
    if not waiting or backlog.held_until is None:
        return ""
    until = f"{backlog.held_until.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    zh = "，".join(f"因{zh}暂缓 {count}" for count, zh, _ in waiting)
    en = " and ".join(f"{count} held by {en}" for count, _, en in waiting)
    return f"; {zh}，至北京时间 {until} · {en} until {until} Shanghai time"


def _check_keys(settings: Settings) -> Finding:
    try:
        open_keys(settings.keys_dir, create=False)
    except KeyStoreError as error:
        return Finding("keys", str(error), wrong=True)
    kms = open_kms(settings)
    if kms is None:
        return Finding("keys", f"齐全 · present in {settings.keys_dir}")
    try:
        kms.check()
    except KmsAway as error:
        return Finding("keys", error.__notes__[0], wrong=True)
    return Finding(
        "keys",
        f"齐全，活动密钥由 KMS 加密 · present in {settings.keys_dir}, those of campaigns wrapped by {settings.kms_url}",
    )


async def _check_postgres(settings: Settings) -> AsyncIterator[Finding]:
    try:
        conn = await asyncpg.connect(settings.direct_url, timeout=5, command_timeout=20)
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        yield Finding("postgres", f"{' · '.join(readiness.FAULTS['down'])}: {type(error).__name__}", wrong=True)
        return
    site = read_site_chain(settings)
    try:
        yield Finding("postgres", conn.get_settings().server_version, wrong=conn.get_server_version().major < 15)
        try:
            missing = find_missing(list_migrations(), await read_applied(conn))
        except MigrationError as error:
            yield Finding("migrations", str(error), wrong=True)
            return
        if missing:
            names = ", ".join(migration.name for migration in missing)
            yield Finding(
                "migrations", f"尚未执行，请运行 feed migrate · not applied: {names} (run: feed migrate)", wrong=True
            )
            return
        yield Finding("migrations", "全部执行 · all applied")
        try:
            backlog = await read_backlog(conn)
            short = await list_short_chains(conn, site_stages=max(site.posts, site.comments))
            stuck = await list_overdue(conn, kept_days=settings.claims_kept_days)
        except UNAVAILABLE as error:  # With a full disk some statements still work.
            yield Finding("change log", f"无法读取 · cannot be read: {type(error).__name__}", wrong=True)
            return
    finally:
        await conn.close()
    yield Finding(
        "change log",
        f"未编号 {backlog.unnumbered}，最久 {backlog.unnumbered_seconds:.0f} 秒 · "
        f"{backlog.unnumbered} without a number, the oldest for {backlog.unnumbered_seconds:.0f} s",
        wrong=backlog.unnumbered_seconds > 10,
    )
    yield Finding(
        "messages",
        f"卡住 {backlog.stuck_messages}，结果不明 {backlog.unknown_messages}，失败 {backlog.failed_messages}，"
        f"未送达 {backlog.undelivered_messages}，推迟 {backlog.held_messages} · "
        f"{backlog.stuck_messages} stuck, {backlog.unknown_messages} unknown, {backlog.failed_messages} failed, "
        f"{backlog.undelivered_messages} undelivered, {backlog.held_messages} put off"
        + (f" ({backlog.held_by})" if backlog.held_by else "")
        + _describe_waiting(backlog),
        wrong=bool(
            backlog.stuck_messages or backlog.unknown_messages or backlog.failed_messages or backlog.held_messages
        ),
    )
    yield Finding(
        "review chains",
        f"七天内缺审核即公开 {backlog.chain_violations} · "
        f"{backlog.chain_violations} visible without their approvals in seven days",
        wrong=backlog.chain_violations > 0,
    )
    for chain in short:
        zh, en = {"site": ("全站", "of the site"), "topic": ("话题", "of topic"), "campaign": ("活动", "of campaign")}[
            chain.kind
        ]
        named = "" if chain.id is None else f" {chain.id}"
        yield Finding(
            "review chains",
            f"{zh}{named}需{chain.stages}人审核，只有{chain.persons}人可以审核 · "
            f"{en}{named}: {chain.stages} stages, {chain.persons} persons",
            wrong=True,
        )
    if not stuck:
        yield Finding("prizes", "没有待人处理的事 · nothing waits for a person")
    for each in stuck:
        since = f", since {each.since:%Y-%m-%d %H:%M} UTC" if each.since else ""
        zh, en = DESCRIPTIONS[each.kind]
        yield Finding("prizes", f"{zh} · campaign {each.campaign_id} {en} ({each.count}{since})", wrong=True)
    yield Finding(
        "jobs", f"逾期 {backlog.overdue_jobs} · {backlog.overdue_jobs} overdue", wrong=backlog.overdue_jobs > 0
    )


async def _check_redis(settings: Settings) -> AsyncIterator[Finding]:
    client = feed_redis.connect(settings.redis_url)
    try:
        fault = await feed_redis.find_fault(client)
        if fault is not None:
            yield Finding("redis", " · ".join(feed_redis.FAULTS[fault]), wrong=True)
        server = await client.info("server")
        memory = await client.info("memory")
    except feed_redis.UNREACHABLE as error:
        if fault is None:
            yield Finding("redis", f"{' · '.join(feed_redis.FAULTS['down'])}: {type(error).__name__}", wrong=True)
        return
    finally:
        await client.aclose()
    if fault is None:
        yield Finding("redis", str(server.get("redis_version", "?")))
    # Managed servers forbid CONFIG; INFO contains it too.
    policy = str(memory.get("maxmemory_policy", "unknown"))
    keeps = policy in ("noeviction", "unknown") or policy.startswith("volatile-")
    says = (
        policy
        if keeps
        else f"{policy} 内存不足时会丢榜单，请设为 noeviction · loses boards when memory is short; set noeviction"
    )
    yield Finding("redis eviction", says, wrong=not keeps)
