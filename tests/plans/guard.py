"""Checks of recorded plans: required indexes, no sequential scan of a growing table, a limit of pages."""

from collections.abc import Sequence

from tests.plans.cases import Case
from tests.plans.fill import GROWING
from tests.plans.plans import Mode, Plan

MODES: tuple[Mode, ...] = ("force_custom_plan", "force_generic_plan")


def violations(case: Case, plans: Sequence[Plan]) -> list[str]:
    """What the plans violate, one text for each; empty if they are as the case requires."""
    used = {index for plan in plans for index in plan.indexes}
    problems = [f"does not use {either}" for either in case.indexes if used.isdisjoint(either.split("|"))]
    for plan in plans:
        problems += [f"reads all of {table}" for table in sorted(plan.scanned & GROWING - set(case.through))]
    if (pages := sum(plan.buffers for plan in plans)) > case.pages:
        problems.append(f"reads {pages} pages")
    return problems
