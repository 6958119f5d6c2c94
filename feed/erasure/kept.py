"""What stays after an erasure, and for how long, in words for the person who asks for it."""

from typing import Literal, NamedTuple

# How long tokens from before an erasure create no account.
SUBJECT_DAYS = 30
# As 《规范促销行为暂行规定》 asks of the records of a prize promotion.
PRIZE_RECORD_DAYS = 730

KeptKind = Literal[
    "access_logs",
    "prize_records",
    "claims",
    "likes",
    "sanctions",
    "campaigns",
    "sign_in",
    "names",
    "open_cases",
    "decisions",
    "backups",
]


class Kept(NamedTuple):
    """Something that stays: for `days`, or, without, until what the words say."""

    kind: KeptKind
    days: int | None
    chinese: str
    english: str


def kept_after_erasure(
    *, access_log_days: int, claims_days: int, names_days: int, backup_days: int
) -> tuple[Kept, ...]:
    """Everything that stays, with the days of this site."""
    return (
        Kept(
            "access_logs",
            access_log_days,
            "访问日志（时间、网络地址和端口），依《网络安全法》留存，不少于六个月",
            "Access logs (times, network addresses and ports), as the Cybersecurity Law requires: six months at least",
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
            "likes",
            None,
            "对他人内容的点赞及其时间，只计数、不署名，与该内容一同保留",
            "Likes of what others wrote, with their times, as those of a number without a name: as long as the item",
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
            "sign_in",
            SUBJECT_DAYS,
            "登录标识的加密摘要，防止注销前的登录凭证再建账号；处罚尚未到期的，保留到处罚结束",
            "An encrypted digest of the sign-in, so that former tokens create no account; while a sanction is in force, until it ends",
        ),
        Kept(
            "names",
            names_days,
            "用过的名称的加密摘要，防止他人冒用",
            "Encrypted digests of the names, so that no other account takes them",
        ),
        Kept(
            "open_cases",
            None,
            "正在处理的举报、申诉和异议所涉内容不再公开，保留到处理完毕",
            "Contents that an open report, appeal or objection is about: out of sight, until it is decided",
        ),
        Kept(
            "decisions",
            None,
            "审核、处罚记录和操作日志，只有编号，不含姓名和内容，长期保留",
            "Verdicts, sanctions and the audit log, by number, without names and contents: for good",
        ),
        Kept(
            "backups",
            backup_days,
            "数据库备份，到期自动删除",
            "Backups of the database, until the oldest is deleted",
        ),
    )
