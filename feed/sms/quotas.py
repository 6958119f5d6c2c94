"""How much one phone and the whole site get: what a provider would refuse anyhow, and what must not be paid for."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import msgspec

from feed.sms.model import SHANGHAI, Purpose, QuietHours, Wait, Waiting, earliest_send


class Caps(msgspec.Struct, frozen=True):
    """Of notices, in a day of Shanghai. Codes have quotas of their own, where they are asked for."""

    per_phone: int
    per_day: int


# What nobody counts: a worker of a test.
UNCAPPED = Caps(per_phone=2**31 - 1, per_day=2**31 - 1)

_MINUTE, _DAY = 60, 86_400
# Of one phone: seconds, and how many codes within them. A provider that is stricter registers its own.
CODE_WINDOWS = ((10 * _MINUTE, 5), (_DAY, 20))


def wait_for_code(ages: Sequence[float], windows: Sequence[tuple[int, int]]) -> int:
    """In how many seconds another code may go to a phone that got some so many seconds ago; 0 for now."""
    newest_first = sorted(ages)
    waits = [
        seconds - newest_first[quota - 1]
        for seconds, quota in windows
        if len(newest_first) >= quota and newest_first[quota - 1] < seconds
    ]
    return int(max(waits, default=-1)) + 1


def next_day(message: Waiting, quiet: QuietHours | None) -> Wait:
    """Until the first moment of the next day in Shanghai at which the message may go."""
    here = message.now.astimezone(SHANGHAI)
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
    return Wait(earliest_send(Purpose(message.purpose), midnight, quiet) - message.now)
