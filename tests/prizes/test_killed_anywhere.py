"""SIGKILL before and after every side effect of every step of the stories: the final rows equal those of an undisturbed run."""

import ast
import contextlib
import importlib
import inspect
import json
import os
import pkgutil
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import feed.campaigns
import feed.prizes
from feed import idempotency, postgres
from feed.errors import FeedError
from feed.idempotency import KeyedRequest
from feed.keys.store import Keys
from feed.postgres import Connection, Pool
from tests.support.databases import wait_for_transactions
from tests.support.forks import Forks
from tests.support.kill_points import watched
from tests.support.prize_stories import STORIES, Run, Step, prepare

# The modules of `campaigns` whose transactions belong to the end of a campaign, like all of `prizes`.
ENDING = ["feed.campaigns.cancellation", "feed.campaigns.entries.shortlist"]
# Changes of a shortlist by an editor happen before the end: tests/campaigns/jury/test_actions.py. Delivery data that an earlier
# version left behind is removed in one transaction: tests/prizes/claims/test_fulfilment.py.
ELSEWHERE = {
    *(f"feed.campaigns.entries.shortlist.{name}" for name in ("fill_shortlist", "shortlist_entry", "unlist_entry")),
    "feed.prizes.claims.shredding.remove_next_delivery_data",
}
OPENERS = {"transaction", "idempotent_transaction", "act_on_next"}
# Not compared: queued jobs, one for each attempt (the rows of messages show the outcome), and the SMS quota by day, because the
# stories date attempts back by an hour, which soon after midnight is the day before.
NOT_COMPARED = {"jobs.pgqueuer", "jobs.pgqueuer_log", "jobs.pgqueuer_statistics", "public.message_days"} | {
    # Written when the API starts.
    "public.media_base"
}
# An attempt that did not reach the provider is followed by another one; a claim that is repeated counts as changed.
CHANGED_BY_RETRY = {"attempt", "asks", "asked_at", "provider_id", "changed_at"}
# Actions with one more audit entry after a kill, because each read of details and each repeated claim is recorded.
REPEATED_ACTIONS = {"reveal_claim", "export_claims", "change_claim", "grant_claim_access"}
# Ids, and the names that `make` counts.
_NUMBERS = re.compile(r"\d{7,}|\bp\d+\b")
_HASHES = re.compile(r"[0-9a-f]{32,}")
_TIMES = re.compile(r"\d+月\d+日\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d(:?\d\d)?)?")


@pytest.fixture
def environ(database: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    given = {
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": redis_url,
        "FEED_KEYS_DIR": str(tmp_path / "keys"),
        "FEED_SMS_OUTBOX": str(tmp_path / "outbox.jsonl"),
    }
    os.environ["FEED_REDIS_URL"] = redis_url
    return given


async def _begin(pool: Pool, keys: Keys, tmp_path: Path, story: str) -> Run:
    return Run(pool, keys, tmp_path / "outbox.jsonl", await STORIES[story].begin(pool, keys))


async def _run(run: Run, steps: tuple[Step, ...]) -> list[int]:
    """The number of kill points of each step."""
    seen: list[int] = []
    for step in steps:
        await prepare(run, step)
        seen.append(await _count(run, step))
    return seen


async def _count(run: Run, step: Step) -> int:
    points: list[str] = []

    def record(name: str, over: bool) -> None:
        if not over:
            points.append(name)

    with watched(record):
        await step.act(run)
    return len(points)


async def _reset(pool: Pool, outbox: Path) -> None:
    rows = await pool.fetch(
        """
        SELECT schemaname || '.' || tablename AS name FROM pg_tables
        WHERE schemaname IN ('public', 'jobs') AND tablename <> 'schema_migrations' AND NOT EXISTS (
            -- Tables whose rows a migration has inserted.
            SELECT FROM information_schema.columns
            WHERE table_schema = schemaname AND table_name = tablename AND column_name IN ('single', 'epoch', 'worked_seconds')
        )
        """
    )
    await pool.execute(f"TRUNCATE {', '.join(row['name'] for row in rows)} RESTART IDENTITY CASCADE")
    outbox.unlink(missing_ok=True)


async def _read_rows(pool: Pool, outbox: Path, *, drawn: bool) -> dict[str, Counter[str]]:
    """Every row of every table and every sent message, without ids, times, and encrypted or random values."""
    tables = await pool.fetch(
        """
        SELECT relnamespace::regnamespace || '.' || relname AS name FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace)
        """
    )
    rows_by_table: dict[str, Counter[str]] = {}
    left_out = CHANGED_BY_RETRY | ({"rank"} if drawn else set())
    for table in (row["name"] for row in tables if row["name"] not in NOT_COMPARED):
        rows = await pool.fetch(f"SELECT * FROM {table}")
        rows_by_table[table] = Counter(
            _normalized({name: row[name] for name in {*row.keys()} - left_out}) for row in rows
        )
    sent = outbox.read_text().splitlines() if outbox.exists() else []
    rows_by_table["outbox"] = Counter(
        _normalized({name: json.loads(line)[name] for name in ("purpose", "text")}) for line in sent
    )
    return rows_by_table


def _normalized(row: dict[str, Any]) -> str:
    def plain(value: Any) -> Any:
        match value:
            case bytes():
                return "bytes" if value else "no bytes"
            case dict():
                return {name: plain(each) for name, each in value.items()}
            case list() | tuple():
                return [plain(each) for each in value]
            case None | bool():
                return value
            case _:
                return _NUMBERS.sub("number", _HASHES.sub("hash", _TIMES.sub("time", str(value))))

    return json.dumps(plain(row), sort_keys=True, ensure_ascii=False)


def _differences(undisturbed: dict[str, Counter[str]], rows_by_table: dict[str, Counter[str]]) -> dict[str, Any]:
    return {
        table: {"missing": list(undisturbed[table] - rows_by_table[table]), "more": more}
        for table in undisturbed
        if (
            more := [
                each for each in rows_by_table[table] - undisturbed[table] if not _is_extra_audit_entry(table, each)
            ]
        )
        or undisturbed[table] - rows_by_table[table]
    }


def _is_extra_audit_entry(table: str, row_text: str) -> bool:
    return table == "public.audit" and json.loads(row_text)["action"] in REPEATED_ACTIONS


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("story", STORIES)
async def test_killed_at_any_point_the_final_rows_equal_those_of_an_undisturbed_run(
    pool: Pool,
    keys: Keys,
    forks: Forks,
    environ: dict[str, str],
    tmp_path: Path,
    story: str,
    when: str,
) -> None:
    steps = STORIES[story].steps
    run = await _begin(pool, keys, tmp_path, story)
    kill_points = await _run(run, steps)
    assert all(kill_points), [number for number, count in enumerate(kill_points) if not count]
    undisturbed = await _read_rows(pool, run.outbox, drawn=STORIES[story].drawn)
    for nth in range(1, max(kill_points) + 1):
        await _reset(pool, run.outbox)
        run = await _begin(pool, keys, tmp_path, story)
        for number, step in enumerate(steps):
            await prepare(run, step)
            if nth <= kill_points[number]:
                died = forks.run(
                    "tests.support.kill_points", when, nth, story, number, json.dumps(run.ids), environ=environ
                ).status
                assert died == -signal.SIGKILL, (story, number, nth, died)
                await wait_for_transactions(environ["FEED_DATABASE_URL"])
            # A retry by the same person or worker. It may fail with the error for a step that is done already.
            with contextlib.suppress(FeedError):
                await step.act(run)
        differing = _differences(undisturbed, await _read_rows(pool, run.outbox, drawn=STORIES[story].drawn))
        assert differing == {}, json.dumps([when, nth, differing], ensure_ascii=False, indent=1)


async def test_every_transaction_of_the_end_of_a_campaign_is_in_a_story(
    pool: Pool, keys: Keys, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: set[str] = set()
    written: set[str] = set()

    def caller() -> str:
        frame = sys._getframe(2)
        return f"{frame.f_globals['__name__']}.{frame.f_code.co_name}"

    def transaction(pool: Pool) -> Any:
        opened.add(caller())
        return postgres.transaction(pool)

    def idempotent_transaction(pool: Pool, account_id: int | None, request: KeyedRequest | None) -> Any:
        opened.add(caller())
        return idempotency.idempotent_transaction(pool, account_id, request)

    def act_on_next(pool: Pool, list_due: Any, act: Any) -> Any:
        name = caller()

        async def noted(conn: Connection, item: Any) -> bool:
            opened.add(name)
            return bool(await act(conn, item))

        return postgres.act_on_next(pool, list_due, noted)

    for module in _modules():
        written |= {f"{module.__name__}.{name}" for name in _with_transactions(module)}
        for opener in (transaction, idempotent_transaction, act_on_next):
            if hasattr(module, opener.__name__):
                monkeypatch.setattr(module, opener.__name__, opener)
    assert written >= ELSEWHERE
    for story in STORIES:
        await _run(await _begin(pool, keys, tmp_path, story), STORIES[story].steps)
    assert written - opened - ELSEWHERE == set()


def _modules() -> Iterator[ModuleType]:
    found = [each.name for each in pkgutil.walk_packages(feed.prizes.__path__, "feed.prizes.") if not each.ispkg]
    yield from map(importlib.import_module, [*found, *ENDING])


def _with_transactions(module: ModuleType) -> Iterator[str]:
    for each in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(each, ast.AsyncFunctionDef) and any(
            isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in OPENERS
            for call in ast.walk(each)
        ):
            yield each.name
