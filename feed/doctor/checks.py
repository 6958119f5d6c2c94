"""What `feed doctor` and the console look at, one check after the other: settings, keys, storage, Postgres, Redis and the backlog."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg

from feed import readiness
from feed import redis as feed_redis
from feed.cases.chain import read_site_chain
from feed.doctor.database import check_database
from feed.doctor.media import check_ffmpeg, check_sandbox, describe_media
from feed.doctor.model import Finding
from feed.keys.files import KeyStoreError
from feed.keys.kms import KmsAway
from feed.keys.store import open_keys
from feed.keys.vault import open_kms
from feed.media.watch import get_media_health
from feed.migrations import MigrationError, find_missing, list_migrations
from feed.postgres import UNAVAILABLE
from feed.screens.prizes.overdue import DESCRIPTIONS, list_overdue
from feed.screens.staff.chains import list_short_chains
from feed.screens.staff.doctor import Backlog, read_applied, read_backlog
from feed.settings import Settings
from feed.sms.model import SHANGHAI
from feed.sms.registry import get_registration
from feed.storage.opening import open_storage
from feed.storage.protocol import StorageMisconfigured, StorageUnavailable


async def run_checks(settings: Settings) -> AsyncIterator[Finding]:
    """Runs the checks one after the other and yields their findings."""
    yield await asyncio.to_thread(_check_keys, settings)
    yield _check_provider(settings)
    yield _check_access_log(settings)
    yield await _check_storage(settings)
    yield await asyncio.to_thread(check_sandbox)
    yield await asyncio.to_thread(check_ffmpeg)
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


async def _check_storage(settings: Settings) -> Finding:
    """Whether media can be written to and read from their storage."""
    place = settings.media_store if settings.media_store.startswith("s3://") else str(settings.media_path)
    try:
        await open_storage(settings, b"").check()
    except StorageMisconfigured as error:
        return Finding("media storage", f"无法使用，请检查设置 · cannot be used: {error}", wrong=True)
    except StorageUnavailable:
        says = f"{place} 无法连接，图片视频暂不可用 · cannot be reached: no uploads and no media until it can"
        return Finding("media storage", says, wrong=True)
    return Finding("media storage", f"{place} 可读写 · takes and returns objects")


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
            media = await get_media_health(conn)
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
    for finding in describe_media(media, purges=bool(settings.cdn_purge_url)):
        yield finding
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
