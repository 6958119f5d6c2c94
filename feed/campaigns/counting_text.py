"""Which likes and comments count, in words: what `counting` executes, so that nobody has to guess what was left out, and why."""

from collections.abc import Mapping

from feed.campaigns.model import Rules

# Every reason of the counting, in its order. A test holds the two together: nothing is left out unsaid.
LEFT_OUT: Mapping[str, str] = {
    "own": "作者本人的（包括其以其他账号作出的）",
    "not_verified": "截止前未验证手机号的",
    "staff": "截止时在本平台有审核、编辑或管理权限的工作人员的",
    "juror": "本活动评委（包括已退出的）的",
    "banned": "截止时处于封禁中的",
    "too_new": "截止时账号注册未满{days}天的",
    "voided": "以雇佣、程序、多账号等方式取得，经主办方记录理由认定无效（针对账号或者整件作品）的",
    "same_person": "同一人以其他账号重复作出的",
}


def counting_text(rules: Rules) -> str:
    """The paragraph of a campaign in which engagement counts."""
    days = rules.eligibility.min_account_age_days
    left_out = "；".join(
        f"（{number}）{LEFT_OUT[reason].format(days=days)}"
        for number, reason in enumerate([each for each in LEFT_OUT if each != "too_new" or days], 1)
    )
    return (
        "有效点赞和评论：截止前作出且截止时未撤回的点赞，以及截止前发表、截止时未被发表者删除且评定时公开可见的评论（含回复），"
        "按不同的人计算：同一手机号验证的各账号为同一人，一人对一件作品的点赞、评论各只计一次，不论条数。"
        f"下列点赞和评论不计入：{left_out}。"
        "工作人员、评委、封禁以及对账号的无效认定，及于同一人的全部账号。"
        "手机验证、工作人员身份、封禁和注册时间一律以截止时刻为准，此后的变化不影响；"
        "评委身份、认定无效和评论是否公开以评定时为准。截止后作出、撤回或者由发表者删除的，不影响计数。"
    )
