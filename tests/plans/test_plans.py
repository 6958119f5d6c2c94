"""By which way Postgres comes to its rows, on a database of some size: for the values that are given, and for any values.

The plans are those of the statements that the code runs, so a statement that is changed is guarded as it is then.
"""

import pytest

from tests.plans.cases import CASES, Case
from tests.plans.guard import MODES, complaints
from tests.plans.plans import Mode, Plan, Stage, stage

# Another index serves nearly as well, here at least: that theirs is missing shows in nothing but its name.
SERVED_OTHERWISE = frozenset(
    {
        "own of a rare state",
        "viewer states of the latest page",
        "viewer states of the hottest page",
        "viewer states of several pages",
        "comments, hot",
        "kept apart",
        "unread",
        "read",
        "bodies of pushes",
        "entries for boards",
        "entered",
        "leaderboard from Postgres",
        "entries that may be hot",
        "entering",
        "entries engaged by some",
        "telling of likes",
        "pushes to send",
        "likes of comments",
    }
)


async def plans_of(case: Case, there: Stage) -> list[Plan]:
    """The plans of all that the case asks, which asks something."""
    await there.plans()
    await case.run(there)
    plans = await there.plans()
    assert plans
    return plans


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CASES)
async def test_it_is_read_by_its_index_and_in_few_pages(town_database: str, name: str, mode: Mode) -> None:
    async with stage(town_database, mode) as there:
        plans = await plans_of(CASES[name], there)
    assert complaints(CASES[name], plans) == [], "\n".join(plan.text for plan in plans)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.indexes])
async def test_without_its_index_the_guard_complains(town_database: str, name: str) -> None:
    case = CASES[name]
    async with stage(town_database, "force_generic_plan") as there:
        for index in case.indexes[0].split("|"):
            await drop(there, index)
        said = complaints(case, await plans_of(case, there))
    assert said
    assert any(each.startswith("reads") for each in said) == (name not in SERVED_OTHERWISE), said


async def drop(there: Stage, index: str) -> None:
    """Drops an index, with the constraint that it stands for."""
    table = await there.conn.fetchval(
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE conindid = $1::text::regclass AND contype = ANY ('{p,u}')",
        index,
    )
    if table is None:
        await there.conn.execute(f"DROP INDEX {index}")
    else:
        await there.conn.execute(f"ALTER TABLE {table} DROP CONSTRAINT {index} CASCADE")
