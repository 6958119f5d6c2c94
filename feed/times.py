"""Times of requests, stored rules and result files, bounded while they are read. Pure."""

from abc import ABC
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from feed.errors import InvalidValue

# Times near the calendar's limits cannot be converted between time zones, nor be the start of a period.
EARLIEST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_INSTANT = datetime(9000, 1, 1, tzinfo=UTC)
# Date, time, nine decimals and an offset are 35 characters.
_LONGEST = 40

if TYPE_CHECKING:
    Instant = datetime
else:

    class Instant(ABC):  # noqa: B024 - datetimes are registered as its instances
        """The type of a time in a body or a stored document: decoding checks it with `read_instant`.

        The values are plain datetimes with a time zone. The decoder would convert a field of type datetime without a range.
        """

    Instant.register(datetime)


def read_instant(value: Any) -> datetime:
    """A time from its RFC 3339 text, with a time zone. Raises InvalidValue: `not_time`, `no_time_zone`, `out_of_range`."""
    if isinstance(value, str) and len(value) <= _LONGEST:
        try:
            value = msgspec.convert(value, datetime)
        except msgspec.ValidationError:
            raise InvalidValue("not_time") from None
    if not isinstance(value, datetime):
        raise InvalidValue("not_time")
    if value.tzinfo is None:
        raise InvalidValue("no_time_zone")
    if not EARLIEST_INSTANT <= value < LATEST_INSTANT:
        raise InvalidValue("out_of_range", least=str(EARLIEST_INSTANT.date()), most=str(LATEST_INSTANT.date()))
    return value
