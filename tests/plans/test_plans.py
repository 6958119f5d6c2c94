"""Plans of hot statements on a filled database, with custom plans (for the given parameters) and generic ones (for any).

The plans are those of the statements that the code runs, so a changed statement is checked as it is.
"""

import pytest

from tests.plans.cases import CASES, Case
from tests.plans.guard import MODES, violations
from tests.plans.plans import Mode, Plan, PlanRecorder, record_plans

# Cases in which another index serves nearly as well: without theirs only the name of the used index differs.
SIMILAR_INDEX = frozenset(
    {
        "own of a rare state",
        "queue",
        "lease",
        "viewer states of the latest page",
        "viewer states of the hottest page",
        "viewer states of several pages",
        "comments, hot",
        "kept apart",
        "unread",
        "what pages show of their users",
        "read",
        "bodies of pushes",
        "entries for boards",
        "entered",
        "leaderboard from Postgres",
        "entries that may be hot",
        "entering",
        "entries engaged by some",
        "notifications of likes",
        "pushes to send",
        "likes of comments",
    }
)


async def run_case(case: Case, recorder: PlanRecorder) -> list[Plan]:
    """The plans of all statements of the case; at least one."""
    await recorder.plans()
    await case.run(recorder)
    plans = await recorder.plans()
    assert plans
    return plans


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CASES)
async def test_each_case_uses_its_indexes_and_few_pages(filled_database: str, name: str, mode: Mode) -> None:
    async with record_plans(filled_database, mode) as recorder:
        plans = await run_case(CASES[name], recorder)
    assert violations(CASES[name], plans) == [], "\n".join(plan.text for plan in plans)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.indexes])
async def test_the_guard_fails_without_the_index(filled_database: str, name: str) -> None:
    case = CASES[name]
    async with record_plans(filled_database, "force_generic_plan") as recorder:
        for index in case.indexes[0].split("|"):
            await drop_index(recorder, index)
        problems = violations(case, await run_case(case, recorder))
    assert problems
    assert any(each.startswith("reads") for each in problems) == (name not in SIMILAR_INDEX), problems


async def drop_index(recorder: PlanRecorder, index: str) -> None:
    """Drops an index, or the constraint that it belongs to."""
    table = await recorder.conn.fetchval(
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE conindid = $1::text::regclass AND contype = ANY ('{p,u}')",
        index,
    )
    if table is None:
        await recorder.conn.execute(f"DROP INDEX {index}")
    else:
        await recorder.conn.execute(f"ALTER TABLE {table} DROP CONSTRAINT {index} CASCADE")
