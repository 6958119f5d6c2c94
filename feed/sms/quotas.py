"""Quotas of codes and notices per phone and for the whole site, below the limits of providers and budget."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import msgspec

from feed.sms.model import SHANGHAI, HeldBy, Purpose, QueuedMessage, QuietHours, Wait, earliest_send


class Caps(msgspec.Struct, frozen=True):
    """Maximum notices per day in Shanghai time. Codes have their own quotas, checked when they are requested."""

    per_phone: int
    per_day: int

    def __str__(self) -> str:
        return f"{self.per_phone} per phone, {self.per_day}"


# No limits, for tests.
UNCAPPED = Caps(per_phone=2**31 - 1, per_day=2**31 - 1)

_MINUTE, _DAY = 60, 86_400
# Windows for one phone: (seconds, codes). A provider with stricter limits registers its own.
CODE_WINDOWS = ((10 * _MINUTE, 10), (_DAY, 40))


def for_unknown_devices(windows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Half of each quota: the other half is for devices that have signed in with the number, whatever strangers request."""
    return [(seconds, (quota + 1) // 2) for seconds, quota in windows]


def wait_for_code(ages: Sequence[float], windows: Sequence[tuple[int, int]]) -> int:
    """Seconds until another code may be sent to a phone; 0 for now.

    `ages` are the seconds since each code that it was sent, `windows` pairs of seconds and quota.
    """
    newest_first = sorted(ages)
    waits = [
        seconds - newest_first[quota - 1]
        for seconds, quota in windows
        if len(newest_first) >= quota and newest_first[quota - 1] < seconds
    ]
    return int(max(waits, default=-1)) + 1


def next_day(message: QueuedMessage, quiet: QuietHours | None) -> Wait:
    """The wait until the message may be sent on the next day in Shanghai, outside of the quiet hours."""
    here = message.now.astimezone(SHANGHAI)
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
    return Wait(earliest_send(Purpose(message.purpose), midnight, quiet) - message.now, HeldBy.QUOTA)
