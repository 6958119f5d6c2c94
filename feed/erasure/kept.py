"""What stays after an erasure, and for how long, in words for the person who asks for it."""

from typing import Literal, NamedTuple

# Article 21 of the Cybersecurity Law: at least six months.
ACCESS_LOG_DAYS = 183
# As 《规范促销行为暂行规定》 asks of the records of a prize promotion.
PRIZE_RECORD_DAYS = 730

KeptKind = Literal["access_logs", "prize_records", "claims", "sanctions", "campaigns", "open_cases", "backups"]


class Kept(NamedTuple):
    """Something that stays: for `days`, or, without, until what the words say."""

    kind: KeptKind
    days: int | None
    chinese: str
    english: str


def kept_after_erasure(*, claims_days: int, backup_days: int) -> tuple[Kept, ...]:
    """Everything that stays, with the days of this site."""
    return (
        Kept(
            "access_logs",
            ACCESS_LOG_DAYS,
            "访问日志（时间、网络地址和端口），依《网络安全法》留存六个月",
            "Access logs (times, network addresses and ports): six months, as the Cybersecurity Law requires",
        ),
        Kept(
            "prize_records",
            PRIZE_RECORD_DAYS,
            "已结束活动的评选和中奖记录，依《规范促销行为暂行规定》留存两年，其中只有账号编号，不含姓名和内容",
            "Records of finished campaigns and prizes: two years, as the rules on promotions require, with the account's "
            "number only, without names and contents",
        ),
        Kept(
            "claims",
            claims_days,
            "已领取奖品的收货信息，在活动结果最终确定后按活动规则规定的天数保留，之后销毁",
            "Delivery details of prizes that were claimed: for the days that the campaign's rules state, counted from its final result",
        ),
        Kept(
            "sanctions",
            None,
            "处分尚未到期的，保留手机号的加密摘要，直到处分结束",
            "While a sanction is in force: an encrypted digest of the phone number, until it ends",
        ),
        Kept(
            "campaigns",
            None,
            "活动尚未结束的，保留手机号的加密摘要，直到结果最终确定，用于保证一人只计一次",
            "While campaigns are running: an encrypted digest of the phone number, until their results are final, so that a person "
            "counts once",
        ),
        Kept(
            "open_cases",
            None,
            "正在处理的举报、申诉和异议所涉内容不再公开，保留到处理完毕",
            "Contents that an open report, appeal or objection is about: out of sight, until it is decided",
        ),
        Kept(
            "backups",
            backup_days,
            "数据库备份，到期自动删除",
            "Backups of the database, until the oldest is deleted",
        ),
    )
