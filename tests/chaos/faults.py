"""The schedule of faults: part, kind, time and duration, all derived from the seed. Pure."""

from collections.abc import Iterator
from random import Random
from typing import Literal, NamedTuple

Part = Literal["api", "worker", "postgres", "redis"]
Kind = Literal[
    "kill_api",
    "kill_api_worker",
    "pause_api_worker",
    "kill_worker",
    "pause_worker",
    "kill_postgres",
    "restart_postgres",
    "kill_backend",
    "pause_postgres",
    "pause_backend",
    "kill_redis",
    "restart_redis",
    "pause_redis",
    "empty_redis",
    "roll_back_redis",
]

# The affected part, and the range of seconds of a pause or an outage.
KINDS: dict[Kind, tuple[Part, float, float]] = {
    "kill_api": ("api", 0, 1.5),
    "kill_api_worker": ("api", 0, 0),
    "pause_api_worker": ("api", 0.5, 6),
    "kill_worker": ("worker", 0, 3),
    "pause_worker": ("worker", 1, 6),
    "kill_postgres": ("postgres", 0, 2),
    "restart_postgres": ("postgres", 0, 1),
    "kill_backend": ("postgres", 0, 0),
    "pause_postgres": ("postgres", 1, 9),
    "pause_backend": ("postgres", 2, 9),
    "kill_redis": ("redis", 0, 3),
    "restart_redis": ("redis", 0, 1),
    "pause_redis": ("redis", 0.5, 5),
    "empty_redis": ("redis", 0, 0),
    "roll_back_redis": ("redis", 0, 1),
}

_FIRST_SECONDS = 2.0
_APART_SECONDS = (0.7, 5.0)
# The last faults end within the run, as far as a pause is concerned.
_QUIET_SECONDS = 10.0


class Fault(NamedTuple):
    """A fault of one part, in seconds after the start of the load."""

    at: float
    kind: Kind
    lasts: float
    pick: float  # 0 to 1: selects one of several processes.

    @property
    def part(self) -> Part:
        """The affected part."""
        return KINDS[self.kind][0]


def schedule(seed: int, seconds: float) -> list[Fault]:
    """The faults of a run in their order; the same for the same seed, and a longer run begins as a shorter one does."""
    chance = Random(seed)
    faults: list[Fault] = []
    at = _FIRST_SECONDS
    for kind in _kinds(chance):
        _, shortest, longest = KINDS[kind]
        fault = Fault(round(at, 3), kind, round(chance.uniform(shortest, longest), 3), chance.random())
        at += chance.uniform(*_APART_SECONDS)
        if fault.at > seconds - _QUIET_SECONDS:
            break
        faults.append(fault)
    return faults


def _kinds(chance: Random) -> Iterator[Kind]:
    # In rounds, so that a minute contains nearly all kinds.
    while True:
        kinds = list(KINDS)
        chance.shuffle(kinds)
        yield from kinds
