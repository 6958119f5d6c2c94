"""From when to when a post was visible to others, and what hid it: intervals from the recorded changes. Pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.cases.holds import Hold, State, is_visible, shown_state


class StateChange(msgspec.Struct, frozen=True):
    """A change of a post's state or holds, with both as they were before."""

    at: datetime
    state_before: State
    state: State
    holds_before: int
    holds: int


class StateInterval(msgspec.Struct, frozen=True):
    """A time in which state and holds of a post stayed the same; `until` None: they are so now."""

    since: datetime
    until: datetime | None
    state: State
    holds: int

    @property
    def is_visible(self) -> bool:
        """Whether others saw the post."""
        return is_visible(self)

    @property
    def shown_state(self) -> State:
        """The state that its author and staff were shown."""
        return shown_state(self)

    @property
    def reasons(self) -> list[str]:
        """What held the post."""
        return [hold.name.lower() for hold in Hold if self.holds & hold and hold.name]


def state_intervals(
    created_at: datetime, state: State, holds: int, changes: Sequence[StateChange]
) -> list[StateInterval]:
    """The intervals of a post with this state and these holds now, from its changes in their order."""
    if not changes:
        return [StateInterval(created_at, None, state, holds)]
    found = [StateInterval(created_at, changes[0].at, changes[0].state_before, changes[0].holds_before)]
    ends = [*(change.at for change in changes[1:]), None]
    found += [
        StateInterval(change.at, until, change.state, change.holds) for change, until in zip(changes, ends, strict=True)
    ]
    return found


def state_at(intervals: Sequence[StateInterval], at: datetime) -> StateInterval | None:
    """The interval of this time; None before the post existed."""
    return next((each for each in intervals if each.since <= at and (each.until is None or at < each.until)), None)
