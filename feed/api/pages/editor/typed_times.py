"""Times that are typed into pages of the console: in Shanghai time, wherever the browser is. Pure."""

import re
from datetime import datetime, timedelta

from feed.api.html.formats import SHANGHAI

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(\.\d+)?")


def typed_instant(text: str) -> str:
    """The time of a `datetime-local` field as the API reads it. Another text is returned as it is: the operation says what is wrong."""
    text = text.strip()
    found = _LOCAL.fullmatch(text)
    if found is None:
        return text
    return f"{text if found[1] else text + ':00'}+08:00"


def local_value(at: datetime, *, ahead: timedelta = timedelta()) -> str:
    """A time as the value of a `datetime-local` field, to the minute."""
    return f"{(at + ahead).astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"
