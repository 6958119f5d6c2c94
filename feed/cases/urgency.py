"""By when a case is to be decided, which is also its place in the queue: the earliest due comes first. Pure.

Risk, age and reach are multiplied. A case is due when risk × age × reach has grown to what its kind allows, so the order by that time
is the order in which the products get there, and it needs no recomputation while a case waits:

    due = created + allowance of the kind / (weight of the risk × weight of the reach)

The risk is that of the machine check, 0 to 100, and weighs 1 to 5. The reach is the number of likes and comments of the post, which
stands for how many have seen it; it weighs 1 without any, 2 with 10, 4 with 70, and 8 at most. A campaign's settlement waits for its
entries, so they are due a day before its end at the latest: the nearer the end, the earlier their place, also before cases that wait for longer.
"""

import math
from datetime import datetime, timedelta

from feed.cases.model import Kind

# Minutes from the creation of a case that is as harmless as possible.
ALLOWANCES: dict[str, int] = {
    "report": 15,
    "post": 30,
    "comment": 30,
    "name": 60,
    "bio": 60,
    "avatar": 60,
    "appeal": 1440,
}
DEADLINE_LEAD_HOURS = 24
_RISK_MOST = 100
_RISK_WEIGHT_MOST = 5
_REACH_WEIGHT_MOST = 8
_REACH_UNIT = 10


def allowed_minutes(kind: Kind, *, risk: int = 0, reach: int = 0) -> int:
    """How many minutes after its creation a case of this kind is due, from 1; without regard to a campaign."""
    risk_weight = 1 + (_RISK_WEIGHT_MOST - 1) * min(max(risk, 0), _RISK_MOST) / _RISK_MOST
    reach_weight = min(1 + math.log2(1 + max(reach, 0) / _REACH_UNIT), _REACH_WEIGHT_MOST)
    return math.ceil(ALLOWANCES[kind] / (risk_weight * reach_weight))


def due_at(
    kind: Kind, created_at: datetime, *, risk: int = 0, reach: int = 0, deadline: datetime | None = None
) -> datetime:
    """When the case is due. `deadline`: the earliest end of the campaigns that wait for it."""
    due = created_at + timedelta(minutes=allowed_minutes(kind, risk=risk, reach=reach))
    return due if deadline is None else min(due, deadline - timedelta(hours=DEADLINE_LEAD_HOURS))
