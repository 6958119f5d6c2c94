"""The codes of reasons that editors and reviewers give, and the words of every reason code, in both languages. Pure.

Codes that the server finds itself are declared beside the rules that find them; their words are here as well.
"""

from typing import Literal, get_args

import msgspec

# The order is that in which they are offered.
_Fault = Literal[
    "spam",
    "abuse",
    "illegal",
    "porn",
    "violence",
    "false_information",
    "fraud",
    "privacy",
    "minors",
    "copyright",
    "off_topic",
    "cheating",
]
VerdictReason = Literal["fine", _Fault, "mistaken", "other"]
# What hides a subject or restricts an account, whose owner reads it: no reason in favour.
AdverseReason = Literal[_Fault, "other"]
# Given by readers who report something.
ReportReason = Literal[_Fault, "other"]
VoidReason = Literal["bought", "automated", "multiple_accounts", "cheating", "spam", "ineligible", "other"]
DisqualificationReason = Literal[
    "copied",
    "plagiarism",
    "copyright",
    "published_before",
    "duplicate",
    "off_topic",
    "ai_undeclared",
    "false_information",
    "unlawful",
    "spam",
    "bought",
    "cheating",
    "ineligible",
    "by_request",
    "other",
]
ReplacementReason = Literal[
    "copied",
    "plagiarism",
    "published_before",
    "unlawful",
    "bought",
    "automated",
    "multiple_accounts",
    "cheating",
    "ineligible",
    "miscounted",
    "by_request",
    "other",
]
# Why the cases that a reviewer has approved are opened again.
RequeueReason = Literal["role_lost", "careless", "biased", "other"]
ReinstatementReason = Literal["mistaken", "checked", "appeal", "fine", "other"]


# What a verdict's reason is given for, and about what.
ReasonSubject = Literal["post", "comment", "topic", "user"]
VerdictName = Literal["approve", "reject", "remove", "restore", "dismiss", "escalate"]


class Use(msgspec.Struct, frozen=True):
    """Which verdicts a reason is one of, and about which subjects."""

    verdicts: tuple[VerdictName, ...]
    subjects: tuple[ReasonSubject, ...] = get_args(ReasonSubject)


_HIDING = Use(("reject", "remove", "escalate"))
# Reasons of verdicts that are not named hide anything.
_USES: dict[VerdictReason, Use] = {
    "fine": Use(("approve", "dismiss")),
    "off_topic": Use(_HIDING.verdicts, ("post", "comment")),
    "cheating": Use(_HIDING.verdicts, ("post", "comment", "user")),
    "mistaken": Use(("approve", "restore", "dismiss")),
    "other": Use(get_args(VerdictName)),
}


def use_of(code: VerdictReason) -> Use:
    """What the reason of a verdict is given for."""
    return _USES.get(code, _HIDING)


class Words(msgspec.Struct, frozen=True):
    """The words of a reason, as the person reads them whom it concerns: after `原因：` and "Reason: "."""

    zh: str
    en: str


OTHER = Words("其他原因", "Another reason")
WORDS = {
    # Given by reviewers and editors.
    "fine": Words("内容正常", "Nothing wrong with it"),
    "spam": Words("广告或刷屏", "Advertising or flooding"),
    "abuse": Words("辱骂攻击他人", "Abuse of others"),
    "illegal": Words("违反法律法规", "Against the law"),
    "porn": Words("色情低俗", "Pornographic or vulgar"),
    "violence": Words("血腥暴力", "Violence"),
    "false_information": Words("不实信息", "False information"),
    "fraud": Words("诈骗或诱导", "Fraud"),
    "privacy": Words("泄露他人隐私", "Another's private data"),
    "minors": Words("不利于未成年人", "Harmful to minors"),
    "copyright": Words("侵犯著作权", "Another's copyright"),
    "off_topic": Words("与话题或活动主题无关", "Has nothing to do with the topic"),
    "cheating": Words("刷赞或作弊", "Bought likes or cheating"),
    "mistaken": Words("此前判定有误", "The former decision was wrong"),
    "bought": Words("购买点赞或评论", "Likes or comments that were paid for"),
    "automated": Words("使用程序或虚假账号", "Made by a program or by fake accounts"),
    "multiple_accounts": Words("同一人使用多个账号", "Several accounts of one person"),
    "copied": Words("转载他人内容", "Copied from another author"),
    "plagiarism": Words("抄袭或搬运他人内容", "Plagiarism"),
    "published_before": Words("此前已公开发表", "Published before"),
    "duplicate": Words("重复发布", "Entered twice"),
    "ai_undeclared": Words("未按要求标明由人工智能生成", "Made by AI and not declared as such"),
    "unlawful": Words("违法违规", "Against the law or the rules of the site"),
    "ineligible": Words("不符合参与条件", "Does not meet the conditions of participation"),
    "miscounted": Words("结果计算有误", "The result was computed wrongly"),
    "by_request": Words("应本人要求退出", "Withdrawn at the participant's request"),
    "role_lost": Words("审核资格已取消", "The reviewer may not review any more"),
    "careless": Words("审核不够仔细", "The reviews were careless"),
    "biased": Words("审核有失公正", "The reviews were not impartial"),
    "checked": Words("经核查符合要求", "Checked and found in order"),
    "appeal": Words("申诉成立", "The appeal was upheld"),
    "other": OTHER,
    # Found by the server: why a like, a comment or an entry does not count.
    "own": Words("作者本人的点赞或评论", "The author's own like or comment"),
    "not_verified": Words("截止时账号未验证手机号", "No verified phone at the end"),
    "staff": Words("工作人员", "A member of staff"),
    "juror": Words("本活动的评委", "A juror of this campaign"),
    "banned": Words("截止时账号处于封禁状态", "Banned at the end"),
    "too_new": Words("账号注册时间晚于活动要求", "The account is newer than the rules allow"),
    "voided": Words("经核查不予计入", "Excluded after a check"),
    "same_person": Words("同一人的其他账号已计入", "Another account of the same person counts already"),
    "withdrawn": Words("内容已删除或账号已注销", "Deleted by the author, or the account is erased"),
    "removed": Words("内容已被移除", "Removed by a reviewer"),
    "rejected": Words("内容未通过审核", "Rejected by a reviewer"),
    "disqualified": Words("已被取消参与资格", "Disqualified by the organiser"),
    "topic_edited_out": Words("修改后不再带有活动话题", "Edited, and without the topic since"),
    "media_missing": Words("缺少活动要求的图片或视频", "Without the picture or video that the rules require"),
    "media_processing": Words("图片或视频尚在处理", "Its pictures or videos were still being processed"),
    "media_failed": Words(
        "截止前提交的图片或视频无法处理", "A picture or video that was sent in time could not be processed"
    ),
    "awaiting_review": Words("尚未审核", "Its review was not finished"),
    "not_eligible": Words("本人不符合参与条件", "The person does not meet the conditions of participation"),
    # Why a public number of a draw was corrected.
    "misread": Words("录入的数字或时间有误", "The number or its time was entered wrongly"),
    "wrong_issue": Words("录入的期号有误", "The number of another issue was entered"),
    "publisher_corrected": Words("发布机构作出更正", "The publisher has corrected it"),
    # Why a photo or a video cannot be shown.
    "unsupported_type": Words("不支持这种文件格式", "Not a photo or video of a known format"),
    "truncated": Words("文件不完整", "The end of the file is missing"),
    "corrupt": Words("文件已损坏，无法打开", "The file is damaged"),
    "polyglot": Words("文件中混有其他类型的内容", "The file is a document of another kind as well"),
    "too_many_pixels": Words("图片尺寸过大", "Too many pixels"),
    "too_many_frames": Words("动图帧数过多", "Too many frames"),
    "too_long": Words("视频超过 5 分钟", "A video of more than five minutes"),
    "no_video": Words("文件中只有声音，没有画面", "Sound without a picture"),
    "unsupported_codec": Words("不支持这种视频编码", "A video codec that is not supported"),
    "size_mismatch": Words("收到的文件大小与原文件不符", "Another size than was announced"),
    "checksum_mismatch": Words("收到的文件内容与原文件不符", "Other bytes than were announced"),
    "upload_expired": Words("上传未在规定时间内完成", "The upload was not completed in time"),
    "took_too_long": Words("处理时间过长", "Processing took too long"),
    "processing_crashed": Words("文件无法处理", "Processing has crashed each time"),
    "not_processed": Words("未能及时处理，请重新上传", "Not processed in time: please upload it again"),
    "taken_down": Words("该图片已被停止展示", "The picture was taken down"),
}


def reason_words(code: str) -> Words:
    """The words of the code; those of `other` for a code of an earlier version, which allowed any."""
    return WORDS.get(code, OTHER)


def listed(code: str, kind: object) -> str:
    """The code, if it is one of this type's; else `other`: how a code of an earlier version is published."""
    return code if code in get_args(kind) else "other"
