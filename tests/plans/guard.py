"""What a plan must not do."""

from collections.abc import Sequence

from tests.plans.cases import Case
from tests.plans.fill import GROWING
from tests.plans.plans import Mode, Plan

MODES: tuple[Mode, ...] = ("force_custom_plan", "force_generic_plan")


def complaints(case: Case, plans: Sequence[Plan]) -> list[str]:
    """What is wrong with these plans."""
    used = {index for plan in plans for index in plan.indexes}
    said = [f"does not use {either}" for either in case.indexes if used.isdisjoint(either.split("|"))]
    for plan in plans:
        said += [f"reads all of {table}" for table in sorted(plan.scanned & GROWING - set(case.through))]
    if (pages := sum(plan.buffers for plan in plans)) > case.pages:
        said.append(f"reads {pages} pages")
    return said
