"""Leasing and judging while 100,000 cases are open: milliseconds of the actions, whose time is almost all the database's."""

import statistics
import time

from bench.report import Verdict
from feed.accounts.model import AccountId
from feed.cases.model import CaseFilter, CaseId
from feed.moderation.actions import judge_case, lease_cases
from feed.moderation.model import NewVerdict
from feed.postgres import Pool

OPEN_CASES = 100_000
_GOAL_MS = 20.0
_ROUNDS = 30
_LEASED = 10


async def measure_long_queue(pool: Pool, *, open_cases: int = OPEN_CASES) -> list[Verdict]:
    """The median of a lease of ten cases and of one verdict. The cases that are made for it are removed afterwards."""
    reviewer = AccountId(
        await pool.fetchval(
            """
            WITH made AS (
                INSERT INTO accounts (iss, sub, name) VALUES ('bench', 'reviewer', 'reviewer')
                ON CONFLICT (iss, sub) DO UPDATE SET name = excluded.name
                RETURNING id
            ), granted AS (
                INSERT INTO staff_rights (account_id, role) SELECT id, 'reviewer' FROM made ON CONFLICT DO NOTHING
            )
            SELECT id FROM made
            """
        )
    )
    first = await pool.fetchval("SELECT next_id()")
    await _add_cases(pool, open_cases)
    leases, verdicts = [], []
    try:
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            leased = await lease_cases(pool, reviewer, CaseFilter(kind="post"), count=_LEASED)
            leases.append(time.perf_counter() - start)
            start = time.perf_counter()
            await judge_case(pool, reviewer, CaseId(leased[0]), NewVerdict("approve", 1))
            verdicts.append(time.perf_counter() - start)
            await pool.execute("UPDATE cases SET leased_by = NULL, leased_until = NULL WHERE leased_by = $1", reviewer)
    finally:
        for table in ("verdicts", "case_leases"):
            await pool.execute(_REMOVALS[table], first)
        await pool.execute("DELETE FROM cases WHERE id > $1", first)
    return [
        Verdict(
            name=f"{name} with {open_cases:,} open cases",
            what=f"median of {_ROUNDS}",
            measured=statistics.median(seconds) * 1000,
            unit="ms",
            wanted=_GOAL_MS,
        )
        for name, seconds in ((f"lease of {_LEASED}", leases), ("verdict", verdicts))
    ]


_REMOVALS = {
    "verdicts": "DELETE FROM verdicts WHERE case_id > $1",
    "case_leases": "DELETE FROM case_leases WHERE case_id > $1",
}


async def _add_cases(pool: Pool, number: int) -> None:
    """Cases of all visible posts that have none, and of invented comments for the rest."""
    await pool.execute(
        """
        INSERT INTO cases (kind, author_id, post_id, revision, due_at)
        SELECT 'post', author_id, id, revision, now() + make_interval(secs => row_number() OVER ())
        FROM visible_posts
        ORDER BY id
        LIMIT $1
        ON CONFLICT DO NOTHING
        """,
        number,
    )
    await pool.execute(
        """
        INSERT INTO cases (kind, author_id, post_id, comment_id, due_at)
        SELECT 'comment', 1, 1, next_id(), now() + make_interval(secs => n)
        FROM generate_series(1, $1 - (SELECT count(*) FROM cases WHERE state = 'open')) AS n
        """,
        number,
    )
    await pool.execute("ANALYZE cases")
