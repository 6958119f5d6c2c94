"""The score sheet as a table that a spreadsheet opens: comma-separated (RFC 4180), UTF-8 with its mark."""

import csv
import io

from feed.screens.prizes.settlement import SheetCard, SheetLine
from feed.sms.model import SHANGHAI

_HEAD = (
    "名次 rank",
    "得分 score",
    "作品 post_id",
    "用户 user_id",
    "昵称 name",
    "参与时间 entered_at",
    "质量分 quality",
    "有效点赞 likes_counted",
    "有效评论人数 commenters_counted",
    "未入选原因 reason_code",
    "不计入 excluded",
)


def csv_of(sheet: SheetCard) -> bytes:
    """The table, times in Shanghai's clock. Excel takes a file for UTF-8 only with the mark at its start."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(_HEAD)
    writer.writerows(_cells(line) for line in sheet.items)
    return table.getvalue().encode("utf-8-sig")


def _cells(line: SheetLine) -> list[object]:
    return [
        line.rank,
        line.score,
        f"#{line.post_id}",  # A number of nineteen digits would lose the last four.
        f"#{line.user['id']}",
        _harmless(line.user["name"]),
        line.entered_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        line.quality,
        line.likes_counted,
        line.commenters_counted,
        line.reason_code,
        "; ".join(f"{each['kind']} {each['reason_code']} ×{each['count']}" for each in line.excluded),
    ]


def _harmless(name: str) -> str:
    """A name that a spreadsheet does not run as a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
