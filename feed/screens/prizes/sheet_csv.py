"""The score sheet as a table for spreadsheets."""

from feed.screens.prizes.settlement import SheetCard, SheetLine
from feed.sms.model import SHANGHAI
from feed.spreadsheets import encode_table

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
    """The CSV file, with times of Asia/Shanghai."""
    return encode_table(_HEAD, [_cells(line) for line in sheet.items]).encode()


def _cells(line: SheetLine) -> list[object]:
    return [
        line.rank,
        line.score,
        _entry(line),
        f"#{line.user['id']}",
        line.user["name"],
        line.entered_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        line.quality,
        line.likes_counted,
        line.commenters_counted,
        line.reason_code,
        "; ".join(f"{each['kind']} {each['reason_code']} ×{each['count']}" for each in line.excluded),
    ]


def _entry(line: SheetLine) -> str:
    """The id of the post or comment, as text: as a number it would lose its last four of nineteen digits. A like has none."""
    entry = line.post_id or line.comment_id
    return "" if entry is None else f"#{entry}"
