"""The words for codes in notifications, in Chinese and English."""

from feed.reasons import reason_words

Labels = dict[str, tuple[str, str]]

SUBJECTS: Labels = {
    "post": ("动态", "post"),
    "comment": ("评论", "comment"),
    "name": ("昵称", "name"),
    "bio": ("简介", "bio"),
    "avatar": ("头像", "picture"),
}
REPORT_TARGETS: Labels = {key: SUBJECTS[key] for key in ("post", "comment")} | {
    "user": ("用户", "user"),
    "topic": ("话题", "topic"),
}
# What an appeal is against.
DECIDED: Labels = {
    "remove": ("移除", "The removal"),
    "reject": ("不予通过", "The rejection"),
    "mute": ("禁言", "The mute"),
    "ban": ("封禁", "The ban"),
    "takedown": ("下架", "The takedown"),
}
# What a person takes part in a draw with.
ENTRIES: Labels = {"post": ("动态", "post"), "comment": ("评论", "comment"), "like": ("点赞", "like")}
STAGES: Labels = {
    "1": ("一审", "first review"),
    "2": ("二审", "second review"),
    "3": ("三审", "third review"),
}
SANCTIONS: Labels = {"mute": ("禁言", "muted"), "ban": ("封禁", "banned")}
EFFECTS: Labels = {
    "mute": ("禁言期间不能发布动态和评论，也不能修改资料", "You cannot post, comment or change your profile"),
    "ban": ("封禁期间只能浏览", "You can read and nothing else"),
}
BLOCKS_RANKED: Labels = {
    "entry_waits": ("待审作品，请审核", "entries to review"),
    "media_processing": ("图片或视频仍在处理的作品，请稍候", "entries whose photos or videos are being processed"),
    "comment_waits": ("待审评论，请审核", "comments to review"),
    "mark_missing": (
        "入围作品未满所需打分份数（quorum），请提醒评委",
        "shortlisted entries without the marks they need (quorum); please remind the jury",
    ),
    "other": ("其他事项", "other things"),
}
BLOCKS_DRAW: Labels = {
    "announcement_hidden": (
        "公告动态未公开，请恢复",
        "announcement post that is not visible; please restore it",
    ),
    "entry_waits": ("待审动态，请审核", "posts to review"),
    "media_processing": ("图片或视频仍在处理的动态，请稍候", "posts whose photos or videos are being processed"),
    "comment_waits": ("待审评论，请审核", "comments to review"),
    "other": ("其他事项", "other things"),
}
ENDED_RANKED: Labels = {
    "post_deleted": ("获奖者删除了获奖作品", "The winner has deleted the winning entry"),
    "post_removed": ("获奖作品被移除", "The winning entry was removed"),
    "erased": ("获奖者已注销账号", "The winner's account is closed"),
    "other": ("获奖者失去资格", "The winner does not qualify any more"),
}
ENDED_DRAW: Labels = {
    "post_deleted": ("中奖者删除了参与抽奖的动态", "The winner has deleted the post that took part in the draw"),
    "post_removed": ("中奖者参与抽奖的动态被移除", "The post that took part in the draw was removed"),
    "comment_deleted": ("中奖者删除了参与抽奖的评论", "The winner has deleted the comment that took part in the draw"),
    "comment_removed": ("中奖者参与抽奖的评论被移除", "The comment that took part in the draw was removed"),
    "erased": ("中奖者已注销账号", "The winner's account is closed"),
    "other": ("中奖者失去资格", "The winner does not qualify any more"),
}
# Why a winner was replaced: an upheld objection by its kind, or two editors without a reason that is published.
_WHY_BOTH: Labels = {
    "objection_counts": (
        "关于点赞和评论计数的异议经复核成立",
        "an objection to the counts of likes and comments was upheld",
    ),
    "objection_eligibility": ("关于参与资格的异议经复核成立", "an objection to the eligibility was upheld"),
    "objection_other": ("公示期内的异议经复核成立", "an objection to the result was upheld"),
}
WHY_RANKED: Labels = _WHY_BOTH | {
    "objection_marks": ("关于打分的异议经复核成立", "an objection to the marks was upheld"),
    "objection_winner": ("关于获奖者的异议经复核成立", "an objection to the winner was upheld"),
    "replaced": (
        "公示期内经两位编辑复核，你不符合获奖条件",
        "two editors have checked the result: the conditions for winning are not met",
    ),
}
WHY_DRAW: Labels = _WHY_BOTH | {
    "objection_marks": _WHY_BOTH["objection_other"],
    "objection_winner": ("关于中奖者的异议经复核成立", "an objection to the winner was upheld"),
    "replaced": (
        "公示期内经两位编辑复核，你不符合中奖条件",
        "two editors have checked the result: the conditions for winning are not met",
    ),
}


def label(labels: Labels, code: object, language: str) -> str:
    """The words for a code; those for `other`, or an ellipsis, if it has none."""
    zh, en = labels.get(str(code)) or labels.get("other") or ("…", "…")
    return en if language == "en" else zh


def reason(code: object, language: str) -> str:
    """The reason of a verdict, a sanction or a disqualification."""
    words = reason_words(str(code))
    return words.en if language == "en" else words.zh


def replacement_reason(labels: Labels, code: object, language: str) -> str:
    """Why a winner was replaced: words of the table, or of the reason that the editors have given."""
    return label(labels, code, language) if str(code) in labels else reason(code, language)
