"""Notifications of a campaign before its result: entries, jury, settlement, cancellation.

A key that ends in `.ranked` or `.draw` is chosen by the campaign's method. In a draw there are no works and no marks.
"""

from feed.screens.notices.template import Template, Templates, Words

CAMPAIGNS: Templates = {
    "editorial.returned_campaign": Template(
        Words(
            "{campaign:quoted}活动的文稿被退回", "退回理由：{reason:reason}。此前的签署已全部撤销，修改后请重新走流程。"
        ),
        Words(
            "The text of {campaign:quoted} was returned",
            "Reason: {reason:reason}. All signatures were withdrawn; the text has to be signed again.",
        ),
    ),
    "editorial.returned_post": Template(
        Words("你签署的稿件被退回", "退回理由：{reason:reason}。此前的签署已全部撤销，修改后请重新走流程。"),
        Words(
            "A post that you signed was returned",
            "Reason: {reason:reason}. All signatures were withdrawn; the text has to be signed again.",
        ),
    ),
    "campaign.cancelled.ranked": Template(
        Words(
            "{campaign:quoted}活动已取消",
            "原因：{reason:reason}。活动不再评选获奖者，你的作品仍可正常浏览。{contact:ask}",
        ),
        Words(
            "{campaign:quoted} was cancelled",
            "Reason: {reason:reason}. There will be no winners; what you have published stays visible. {contact:ask}",
        ),
    ),
    "campaign.cancelled.draw": Template(
        Words(
            "{campaign:quoted}活动已取消",
            "原因：{reason:reason}。活动不再抽奖，你的动态、评论和点赞不受影响。{contact:ask}",
        ),
        Words(
            "{campaign:quoted} was cancelled",
            "Reason: {reason:reason}. The draw will not take place; your posts, comments and likes stay as they are. "
            "{contact:ask}",
        ),
    ),
    "entry.disqualified.ranked": Template(
        Words(
            "你的作品已被取消{campaign:quoted}活动的评选资格",
            "原因：{reason:reason_code}。作品仍可正常浏览，但不再参与评选。{contact:ask}结果公布后，你可在公示期内到活动页提出异议。",
        ),
        Words(
            "Your entry no longer takes part in {campaign:quoted}",
            "Reason: {reason:reason_code}. The post stays visible but is not judged. {contact:ask} Once the result is announced, you can object on the campaign's page within the objection period.",
        ),
    ),
    "entry.disqualified.draw": Template(
        Words(
            "你的{entry:entry}已被取消{campaign:quoted}活动的抽奖资格",
            "原因：{reason:reason_code}。这条{entry:entry}不再计入抽奖。{contact:ask}结果公布后，你可在公示期内到活动页提出异议。",
        ),
        Words(
            "Your {entry:entry} no longer takes part in the draw of {campaign:quoted}",
            "Reason: {reason:reason_code}. This {entry:entry} gives no ticket any more. {contact:ask} Once the result is announced, you can object on the campaign's page within the objection period.",
        ),
    ),
    "entry.reinstated.ranked": Template(
        Words(
            "你的作品已恢复{campaign:quoted}活动的评选资格",
            "经复核，你的作品重新参与评选，原有点赞和评论照常计入。",
        ),
        Words(
            "Your entry takes part in {campaign:quoted} again",
            "It was checked again and is judged as before. Its likes and comments count.",
        ),
    ),
    "entry.reinstated.draw": Template(
        Words("你的{entry:entry}已恢复{campaign:quoted}活动的抽奖资格", "经复核，这条{entry:entry}重新计入抽奖。"),
        Words(
            "Your {entry:entry} takes part in the draw of {campaign:quoted} again",
            "It was checked again and counts as before.",
        ),
    ),
    "jury.assigned.ranked": Template(
        Words(
            "你已被指定为{campaign:quoted}活动的评委",
            "活动开始后即可在“我的评委”中为作品打分，请在评定前完成。评委不能获奖，点赞和评论不计入。不愿担任的，可在打分前退出；"
            "与作者有利害关系的作品，请声明回避。结果公布后，每份打分以代号公布。{contact:ask}",
        ),
        Words(
            "You are on the jury of {campaign:quoted}",
            "From the opening you can mark entries under “My juries”; please finish before the settlement. Jurors cannot win, and "
            "their likes and comments do not count. You can give up the seat before your first mark. Please declare a conflict of "
            "interest with an author. Once the result is announced, each mark is published under a pseudonym. {contact:ask}",
        ),
    ),
    "jury.assigned.draw": Template(
        Words(
            "你已被列入{campaign:quoted}活动的评委名单",
            "名单上的人不能中奖，点赞和评论不计入。不愿担任的，可在“我的评委”中退出。{contact:ask}",
        ),
        Words(
            "You are on the jury of {campaign:quoted}",
            "Jurors cannot win, and their likes and comments do not count. You can give up the seat under “My juries”. "
            "{contact:ask}",
        ),
    ),
    "jury.removed.ranked": Template(
        Words(
            "你不再担任{campaign:quoted}活动的评委",
            "你打的分数不再计入得分。{contact:ask}",
        ),
        Words(
            "You are no longer on the jury of {campaign:quoted}",
            "Your marks do not count any more. {contact:ask}",
        ),
    ),
    "jury.removed.draw": Template(
        Words("你不再担任{campaign:quoted}活动的评委", "{contact:ask}"),
        Words("You are no longer on the jury of {campaign:quoted}", "{contact:ask}"),
    ),
    "jury.declined.ranked": Template(
        Words(
            "{campaign:quoted}活动有评委退出",
            "该评委尚未打分。请核对评委名单，人数不足每件作品所需打分份数（quorum）的，请另行指定评委。",
        ),
        Words(
            "A juror has left {campaign:quoted}",
            "The juror had given no mark. Please check the jury: if it is smaller than the marks per entry (quorum), name another juror.",
        ),
    ),
    "jury.declined.draw": Template(
        Words("{campaign:quoted}活动有评委退出", "请核对评委名单。"),
        Words("A juror has left {campaign:quoted}", "Please check the jury."),
    ),
    "jury.marking_began": Template(
        Words(
            "{campaign:quoted}活动可以打分了",
            "请在{until:time}前到“我的评委”为作品打分；打分锁定前可随时修改。",
        ),
        Words(
            "Marking has begun in {campaign:quoted}",
            "Please mark the entries under “My juries” before {until:time}. Until marks are locked you can change them.",
        ),
    ),
    "jury.marking_ends": Template(
        Words("{campaign:quoted}活动的打分即将截止", "你还有作品未打分，请在{until:time}前到“我的评委”完成。"),
        Words(
            "Marking ends soon in {campaign:quoted}",
            "You have entries left to mark. Please finish under “My juries” before {until:time}.",
        ),
    ),
    "settlement.blocked.ranked": Template(
        Words(
            "{campaign:quoted}活动的评定在等待处理",
            "还有{count:count}项未完成：{block:block_ranked}。完成后系统自动评定；也可在活动管理页说明理由后立即评定，理由随结果公布。",
        ),
        Words(
            "{campaign:quoted} waits to be settled",
            "{count:items} left: {block:block_ranked}. It settles by itself once that is done. You can also settle at once with a "
            "reason, which is published with the result.",
        ),
    ),
    "settlement.blocked.draw": Template(
        Words(
            "{campaign:quoted}活动的签单在等待确定",
            "还有{count:count}项未完成：{block:block_draw}。完成后系统自动确定签单；也可在活动管理页说明理由后立即确定，理由随结果公布。",
        ),
        Words(
            "The list of the draw of {campaign:quoted} is waiting",
            "{count:items} left: {block:block_draw}. The list is fixed automatically once that is done. You can also fix it at once "
            "with a reason, which is published with the result.",
        ),
    ),
    "draw.number_wanted": Template(
        Words(
            "{campaign:quoted}活动在等待公开号码",
            "签单哈希已公布。请两位编辑在{until:time}前分别录入{beacon:beacon}于{not_before:time}之后开出的第一期："
            "期号（round）、号码（value）和开出时间（appeared_at），一致后生效。",
        ),
        Words(
            "{campaign:quoted} waits for the public number",
            "The hash of the list is published. Before {until:time} two editors each enter the first issue of {beacon:beacon} that "
            "appears after {not_before:time}: its issue (round), number (value) and time (appeared_at). It counts once both agree.",
        ),
    ),
    "settlement.decided.ranked": Template(
        Words(
            "{campaign:quoted}活动已评定",
            "结果尚未公开。请在活动管理页核对获奖名单，由两位编辑先后确认后公布。",
        ),
        Words(
            "{campaign:quoted} is settled",
            "The result is not public yet. Please check the winners; it is announced once two editors have confirmed it.",
        ),
    ),
    "settlement.decided.draw": Template(
        Words(
            "{campaign:quoted}活动已开奖",
            "结果尚未公开。请在活动管理页核对中奖名单，由两位编辑先后确认后公布。",
        ),
        Words(
            "The draw of {campaign:quoted} is done",
            "The result is not public yet. Please check the winners; it is announced once two editors have confirmed it.",
        ),
    ),
}
