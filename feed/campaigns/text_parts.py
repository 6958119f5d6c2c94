"""Helpers of several paragraphs of the rules text."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

# Printed in place of a field that is not filled in yet.
BLANK = "【待填写】"
_SHENZHEN = ZoneInfo("Asia/Shanghai")


def local_time(at: datetime, *, ends: bool = False) -> str:
    """The local time in Shenzhen, in Chinese. With `ends`, midnight is printed as 24:00 of the day before.

    Seconds are printed unless they are zero: the text must not differ from what is executed.
    """
    local = at.astimezone(_SHENZHEN)
    if ends and local.time() == time.min:
        day = local - timedelta(days=1)
        return f"{day.year}年{day.month}月{day.day}日24:00"
    seconds = f":{local:%S}" if local.second or local.microsecond else ""
    parts = f".{local:%f}".rstrip("0") if local.microsecond else ""
    return f"{local.year}年{local.month}月{local.day}日{local:%H:%M}{seconds}{parts}"
