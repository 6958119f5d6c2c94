"""Parts shared by several paragraphs of the rules text."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

# Printed in place of a field that is not filled in yet.
BLANK = "【待填写】"
_HERE = ZoneInfo("Asia/Shanghai")


def local_time(at: datetime, *, ends: bool = False) -> str:
    """A time in Shenzhen as a newspaper prints it; midnight as an end is the 24:00 of the day before.

    Seconds are printed unless they are zero: the text must not differ from what is executed.
    """
    here = at.astimezone(_HERE)
    if ends and here.time() == time.min:
        day = here - timedelta(days=1)
        return f"{day.year}年{day.month}月{day.day}日24:00"
    seconds = f":{here:%S}" if here.second or here.microsecond else ""
    parts = f".{here:%f}".rstrip("0") if here.microsecond else ""
    return f"{here.year}年{here.month}月{here.day}日{here:%H:%M}{seconds}{parts}"
