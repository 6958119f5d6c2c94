"""`feed audit`: verifies the audit log, and acknowledges what a verification has found."""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg

from feed.audit import store as audit
from feed.audit.checkpoint import Checkpoint, CheckpointUnreadable
from feed.audit.findings import ACKNOWLEDGED, KEYS_PER_ROW, acknowledgement
from feed.audit.months import MonthKept, drop_month
from feed.audit.outside import read_outside, write_outside
from feed.audit.seal_store import find_last_seal
from feed.audit.sealing import seal_audit
from feed.audit.verification import Progress, Report, verify_audit
from feed.commands.audit_messages import words_of
from feed.commands.installation import add_data_option, find_settings
from feed.commands.verify_lines import Line, printed
from feed.embedded.processes import CannotStart
from feed.keys.signatures import KeysUnreadable, PublicKey, read_public_keys
from feed.keys.store import Keys, open_keys
from feed.postgres import Connection, open_pool, prepare_connection, transaction
from feed.settings import Settings
from feed.terminal import print_lines
from feed.texts import line, require_text

# Findings that are printed; the others are counted.
_SHOWN = 100
_PROGRESS_SECONDS = 2.0
_REASON = line(300)
_DROP_SECONDS = 600.0


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "audit",
        help="审计记录 · the audit log: verify it, acknowledge what was found",
        description="核对审计记录，或确认已查明的问题。· Verifies the audit log, or acknowledges what was found.",
    )
    inner = parser.add_subparsers(metavar="ACTION", required=True)
    verify = inner.add_parser(
        "verify",
        help="核对审计记录 · recompute every hash, batch and signature",
        description="Recomputes every row, number, batch and signature of the audit log, and compares it with the checkpoints that were kept "
        "outside of the database. It only reads; it also works on a restored dump. Exit status 1 when anything is not as it was "
        "sealed, 2 when it cannot be checked.",
    )
    _add_verify_options(verify)
    verify.set_defaults(run=run_verify)
    acknowledge = inner.add_parser(
        "acknowledge",
        help="确认已查明的问题 · acknowledge what was found, so that later findings stand out",
        description="Verifies as `feed audit verify` does, and writes a signed row that names each finding and the reason. Later "
        "verifications list these apart; anything new is found as before. The copy of the checkpoint is then replaced by the newest one.",
    )
    _add_verify_options(acknowledge)
    acknowledge.add_argument("--reason", required=True, metavar="TEXT", help="what has happened, without personal data")
    acknowledge.set_defaults(run=run_acknowledge)
    drop = inner.add_parser(
        "drop",
        help="删除一个月的记录 · drop a whole month that is older than three years",
        description="Verifies the log, drops all rows of a month that is older than three years, and records that in a signed row. The numbers and "
        "hashes of the rows stay, so what is left is verified as before. It connects as FEED_DATABASE_OWNER_URL.",
    )
    _add_verify_options(drop)
    drop.add_argument("month", metavar="MONTH", type=_read_month, help="such as 2023-01")
    drop.add_argument("--reason", required=True, metavar="TEXT", help="by which rule, without personal data")
    drop.set_defaults(run=run_drop)


def _add_verify_options(parser: argparse.ArgumentParser) -> None:
    add_data_option(parser)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint that was kept elsewhere; may be repeated (default: the copy of the worker on this host)",
    )
    parser.add_argument(
        "--since", type=_read_since, metavar="DATE", help="trust what was sealed before, such as 2026-11-01"
    )
    parser.add_argument(
        "--key", metavar="K", help="the site's public keys, a file or base64 (default: those of the key store)"
    )
    parser.add_argument(
        "--lang", choices=("zh", "en", "both"), default="both", help="language of the findings (default both)"
    )


def _read_since(text: str) -> datetime:
    try:
        return (
            datetime.fromisoformat(text).astimezone(UTC) if "T" in text else datetime.fromisoformat(f"{text}T00:00:00Z")
        )
    except ValueError:
        raise argparse.ArgumentTypeError(f"不是日期 · no date: {text[:40]!r}") from None


def _read_month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"不是月份 · no month: {text[:40]!r}") from None


def run_verify(arguments: argparse.Namespace) -> int:
    settings = find_settings(arguments.data)
    report = asyncio.run(_verify(settings, arguments))
    print_lines(*printed(report_lines(report), arguments.lang))
    return 0 if report.is_intact else 1


def run_acknowledge(arguments: argparse.Namespace) -> int:
    reason = require_text("reason", arguments.reason, _REASON)
    settings = find_settings(arguments.data)
    report = asyncio.run(_acknowledge(settings, arguments, reason))
    print_lines(*printed(report_lines(report), arguments.lang))
    count = len(report.findings)
    print_lines(
        f"已确认 {count} 处 · acknowledged: {count}" if count else "没有需要确认的问题 · nothing to acknowledge"
    )
    if report.more:
        print_lines(f"还有 {report.more} 处未确认，请再次运行 · {report.more} more are not acknowledged: run it again")
    return 0


async def _verify(settings: Settings, arguments: argparse.Namespace) -> Report:
    keys = _public_keys(settings, arguments.key)
    checkpoints = _checkpoints(settings, arguments.checkpoint)
    try:
        async with _snapshot(settings) as conn:
            return await verify_audit(conn, keys, checkpoints=checkpoints, since=arguments.since, progress=_progress())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        print_lines(f"无法核对 · cannot be verified: {error or type(error).__name__}", to=sys.stderr)
        raise SystemExit(2) from None


async def _acknowledge(settings: Settings, arguments: argparse.Namespace, reason: str) -> Report:
    keys = open_keys(settings.keys_dir, create=False)
    report = await _verify(settings, arguments)
    # Also after an interruption, when all is acknowledged and the copy is not replaced.
    if report.findings or report.acknowledged:
        await _write_acknowledgement(settings, keys, sorted({each.key for each in report.findings}), reason)
    return report


def run_drop(arguments: argparse.Namespace) -> int:
    reason = require_text("reason", arguments.reason, _REASON)
    settings = find_settings(arguments.data)
    report = asyncio.run(_verify(settings, arguments))
    if not report.is_intact:
        print_lines(*printed(report_lines(report), arguments.lang))
        return 1
    rows = asyncio.run(_drop(settings, arguments.month, reason))
    print_lines(f"已删除 {arguments.month:%Y-%m} 的 {rows} 条记录 · {rows} rows of {arguments.month:%Y-%m} are dropped")
    return 0


async def _drop(settings: Settings, month: date, reason: str) -> int:
    keys = open_keys(settings.keys_dir, create=False)
    pool = await open_pool(settings.owner_url, size=1, statement_seconds=_DROP_SECONDS)
    try:
        return await drop_month(pool, keys, month, reason)
    except MonthKept as error:
        raise CannotStart(str(error)) from None
    finally:
        await pool.close()


async def _write_acknowledgement(settings: Settings, keys: Keys, findings: Sequence[str], reason: str) -> None:
    pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
    try:
        async with transaction(pool) as conn:
            for start in range(0, len(findings), KEYS_PER_ROW):
                detail = acknowledgement(keys.sign, findings[start : start + KEYS_PER_ROW], reason)
                await audit.add(conn, None, ACKNOWLEDGED, "audit", None, detail)
        # Checking resumes from here: the copy outside becomes a checkpoint that the log contains.
        while await seal_audit(pool, keys):
            pass
        async with pool.acquire() as conn:
            newest = await find_last_seal(conn)
        if newest is not None:
            write_outside(settings.audit_checkpoint_path, newest.document)
    finally:
        await pool.close()


@asynccontextmanager
async def _snapshot(settings: Settings) -> AsyncIterator[Connection]:
    """One snapshot for the whole verification, read only, without a time limit."""
    conn = await asyncpg.connect(settings.direct_url, timeout=10, server_settings={"application_name": "feed audit"})
    try:
        await prepare_connection(conn)
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            yield conn
    finally:
        await conn.close()


def _public_keys(settings: Settings, given: str | None) -> tuple[PublicKey, ...]:
    if given is None:
        return open_keys(settings.keys_dir, create=False).public_keys().keys
    path = Path(given)
    try:
        return read_public_keys(path.read_text(encoding="utf-8") if path.is_file() else given)
    except (KeysUnreadable, OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"公钥无法读取。\n--key names no file of keys and is no key: {error}") from None


def _checkpoints(settings: Settings, given: Sequence[Path]) -> list[Checkpoint]:
    found: list[Checkpoint] = []
    for path in given or [settings.audit_checkpoint_path]:
        try:
            read = read_outside(path)
        except (OSError, CheckpointUnreadable) as error:
            raise CannotStart(f"检查点无法读取：{path}\n{path} is no checkpoint: {error}") from None
        if given and not read:
            raise CannotStart(f"没有这个文件：{path}\n{path} does not exist")
        found += read
    return found


def _progress() -> Progress:
    """Prints how far the verification is, on a terminal's stderr, every two seconds."""
    shown = time.monotonic()

    def show(rows: int, batches: int, last: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - shown > _PROGRESS_SECONDS:
            shown = time.monotonic()
            print_lines(
                f"已核对 {rows} 条，{batches}/{last} 批 · {rows} rows, batch {batches} of {last}", to=sys.stderr
            )

    return show


def report_lines(report: Report) -> list[Line]:
    """The printed lines of a report: what was checked, what was found, what cannot be known, and last the verdict."""
    lines = [
        Line(
            f"已核对 {report.rows} 条记录、{report.batches} 批封存，{report.waiting} 条等待封存",
            f"checked {report.rows} rows and {report.batches} sealed batches; {report.waiting} rows wait for a seal",
        )
    ]
    lines += [Line(*words_of(each), "[✗]") for each in report.findings[:_SHOWN]]
    if more := len(report.findings[_SHOWN:]) + report.more:
        lines.append(Line(f"    还有 {more} 处", f"    and {more} more"))
    lines += [
        Line(f"{words[0]}（已确认）", f"{words[1]} (acknowledged)", "[?]")
        for words in map(words_of, report.acknowledged[:_SHOWN])
    ]
    if more := len(report.acknowledged[_SHOWN:]) + report.more_acknowledged:
        lines.append(Line(f"    还有 {more} 处（已确认）", f"    and {more} more (acknowledged)"))
    for month in report.dropped_months:
        lines.append(Line(f"{month} 已按规定整月删除", f"{month} was dropped as a whole month, as recorded", "[?]"))
    if report.compared:
        numbers = ", ".join(map(str, report.compared))
        lines.append(Line(f"与库外检查点比对：批次 {numbers}", f"compared with checkpoints outside: batch {numbers}"))
    else:
        lines.append(
            Line(
                "没有库外检查点可比对，无从知道结尾是否被截去（--checkpoint）",
                "no checkpoint from outside was compared: whether the end was cut off is not known (--checkpoint)",
                "[?]",
            )
        )
    if report.last is not None:
        last = report.last
        lines.append(
            Line(
                f"最新检查点：批次 {last.number}，{last.root[:16]}…，{last.sealed_at:%Y-%m-%dT%H:%M:%SZ}",
                f"newest checkpoint: batch {last.number}, {last.root[:16]}…, {last.sealed_at:%Y-%m-%dT%H:%M:%SZ}",
            )
        )
    if report.is_intact:
        return [*lines, Line("结论：完整", "VERDICT: intact", "[✓]")]
    return [*lines, Line("结论：被改动，见标有 [✗] 的各行", "VERDICT: tampered with; see the lines with [✗]")]
