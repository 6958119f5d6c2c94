"""Notifications of verdicts and sanctions."""

from feed.screens.notices.template import Template, Templates, Words

REVIEWS: Templates = {
    "review.removed": Template(
        Words(
            "你的{subject:subject}已被移除",
            "{stage:stage}结果，原因：{reason:reason_code}。其他人已看不到这条{subject:subject}。",
        ),
        Words(
            "Your {subject:subject} was removed",
            "Result of the {stage:stage}. Reason: {reason:reason_code}. Others no longer see this {subject:subject}.",
        ),
    ),
    "review.rejected": Template(
        Words(
            "你的{subject:subject}未通过审核",
            "{stage:stage}结果，原因：{reason:reason_code}。其他人看不到这条{subject:subject}。",
        ),
        Words(
            "Your {subject:subject} was not approved",
            "Result of the {stage:stage}. Reason: {reason:reason_code}. Others do not see this {subject:subject}.",
        ),
    ),
    "review.published": Template(
        Words("你的{subject:subject}已通过审核", "{stage:stage}通过，这条{subject:subject}已公开显示。"),
        Words(
            "Your {subject:subject} was approved",
            "Approved in the {stage:stage}. This {subject:subject} is public now.",
        ),
    ),
    "review.edit_published": Template(
        Words("你对{subject:subject}的修改已通过审核", "{stage:stage}通过，修改后的内容已公开显示。"),
        Words(
            "Your edit of a {subject:subject} was approved",
            "Approved in the {stage:stage}. The new text is public now.",
        ),
    ),
    "review.edit_rejected": Template(
        Words(
            "你对{subject:subject}的修改未通过审核",
            "{stage:stage}结果，原因：{reason:reason_code}。其他人看到的仍是修改前的内容。",
        ),
        Words(
            "Your edit of a {subject:subject} was not approved",
            "Result of the {stage:stage}. Reason: {reason:reason_code}. Others go on seeing the former text.",
        ),
    ),
    "review.undone_waiting": Template(
        Words("你的{subject:subject}正在重新审核", "此前的审核结果已撤销，新的审核结果将另行通知。"),
        Words(
            "Your {subject:subject} is under review again",
            "The former decision was withdrawn. You will be notified of the new one.",
        ),
    ),
    "review.restored": Template(
        Words(
            "你的{subject:subject}已恢复显示", "经{stage:stage}复核，这条{subject:subject}已恢复显示，其他人可以看到。"
        ),
        Words(
            "Your {subject:subject} is visible again",
            "The {stage:stage} has restored this {subject:subject}. Others can see it.",
        ),
    ),
    "review.undone_shown": Template(
        Words("你的{subject:subject}已恢复显示", "此前的处理已撤销，其他人可以看到这条{subject:subject}。"),
        Words(
            "Your {subject:subject} is visible again",
            "The former decision was withdrawn. Others can see this {subject:subject}.",
        ),
    ),
    "review.undone_hidden": Template(
        Words(
            "你的{subject:subject}已被移除",
            "恢复显示的决定已撤销，原因：{reason:reason_code}。其他人已看不到这条{subject:subject}。",
        ),
        Words(
            "Your {subject:subject} was removed",
            "The decision to restore it was withdrawn. Reason: {reason:reason_code}. "
            "Others no longer see this {subject:subject}.",
        ),
    ),
    "review.revised": Template(
        Words("审核编辑修改了你的动态", "修改后的文字经复审通过后才会展示。你可以在这条动态中查看修改前后的文字。"),
        Words(
            "A reviewer has edited your post",
            "The new text is shown once another reviewer has approved it. You can read both texts at the post.",
        ),
    ),
    "review.comment_revised": Template(
        Words("审核编辑修改了你的评论", "修改后的文字经另一位审核员通过后才会展示，在此之前仍按原样处理。"),
        Words(
            "A reviewer has edited your comment",
            "The new text is shown once another reviewer has approved it. Until then nothing changes.",
        ),
    ),
    "review.waiting": Template(
        Words(
            "你的{subject:subject}正在复核",
            "多人反映这条{subject:subject}可能有问题，复核期间其他人暂时看不到，结果会通知你。",
        ),
        Words(
            "Your {subject:subject} is being reviewed",
            "Several people think that something may be wrong with this {subject:subject}. Others do not see it until a reviewer has "
            "decided. You will be notified.",
        ),
    ),
    "review.shown_again": Template(
        Words("你的{subject:subject}已通过复核", "其他人又可以看到这条{subject:subject}了。"),
        Words(
            "Your {subject:subject} has passed the review",
            "Others can see this {subject:subject} again.",
        ),
    ),
    "report.upheld": Template(
        Words(
            "你的举报已处理",
            "你举报的{target:report_target}（{reason:reason_code}）经核实违规，已作处理。谢谢你的反馈。",
        ),
        Words(
            "Your report was right",
            "A reviewer has checked the {target:report_target} that you reported ({reason:reason_code}) and has acted. Thank you.",
        ),
    ),
    "report.dismissed": Template(
        Words(
            "你的举报已核实", "你举报的{target:report_target}（{reason:reason_code}）经核实未发现违规。谢谢你的反馈。"
        ),
        Words(
            "Your report was checked",
            "A reviewer has checked the {target:report_target} that you reported ({reason:reason_code}) and found nothing against "
            "the rules. Thank you.",
        ),
    ),
    "report.reopened": Template(
        Words(
            "你的举报重新核实",
            "关于你举报的{target:report_target}（{reason:reason_code}），此前的处理结果已撤销，正在重新核实。",
        ),
        Words(
            "Your report is being checked again",
            "The decision about the {target:report_target} that you reported ({reason:reason_code}) was withdrawn. It is being "
            "checked again.",
        ),
    ),
    "review.profile_rejected": Template(
        Words(
            "你的{subject:subject}未通过审核",
            "{stage:stage}结果，原因：{reason:reason_code}。这次修改的{subject:subject}不对其他人显示。",
        ),
        Words(
            "Your {subject:subject} was not approved",
            "Result of the {stage:stage}. Reason: {reason:reason_code}. Others do not see the {subject:subject} that you had chosen.",
        ),
    ),
    "review.profile_shown": Template(
        Words("你的{subject:subject}已恢复显示", "此前的处理已撤销，其他人可以看到你选择的{subject:subject}。"),
        Words(
            "Your {subject:subject} is shown",
            "The former decision was withdrawn. Others see the {subject:subject} that you had chosen.",
        ),
    ),
    "appeal.upheld": Template(
        Words("你的申诉成立", "经另一位审核员复核，此前的{decided:decided}决定已撤销。"),
        Words(
            "Your appeal was upheld",
            "Another reviewer has looked at the decision again. {decided:decided} is withdrawn.",
        ),
    ),
    "appeal.rejected": Template(
        Words("你的申诉未成立", "经另一位审核员复核，维持此前的{decided:decided}决定。原因：{reason:reason_code}。"),
        Words(
            "Your appeal was rejected",
            "Another reviewer has looked at the decision again. {decided:decided} stands. Reason: {reason:reason_code}.",
        ),
    ),
    "appeal.reopened": Template(
        Words("你的申诉重新复核", "关于{decided:decided}决定的申诉，此前的结果已撤销，正在重新复核。"),
        Words(
            "Your appeal is looked at again",
            "The decision about your appeal was withdrawn. {decided:decided} is being looked at again.",
        ),
    ),
    "post.ai_labelled": Template(
        Words(
            "你的动态已标注为AI生成内容",
            "经核查，这条动态含人工智能生成的内容，已按规定标注，标注随动态一起显示。",
        ),
        Words(
            "Your post is labelled as made by AI",
            "A reviewer has found that AI has made it or a part of it. The label, which the law asks for, is shown with the post.",
        ),
    ),
    "post.ai_unlabelled": Template(
        Words("你的动态已取消AI生成标注", "经核查，这条动态不再标注为人工智能生成的内容。"),
        Words(
            "Your post is not labelled as made by AI any more",
            "A reviewer has checked it again and taken the label away.",
        ),
    ),
    "sanction.until": Template(
        Words(
            "你的账号已被{sanction:sanction}",
            "原因：{reason:reason_code}。{sanction:effect}，至{until:long_time}为止。",
        ),
        Words(
            "Your account is {sanction:sanction}",
            "Reason: {reason:reason_code}. {sanction:effect}, until {until:long_time}.",
        ),
    ),
    "sanction.for_good": Template(
        Words("你的账号已被{sanction:sanction}", "原因：{reason:reason_code}。{sanction:effect}，直至解除。"),
        Words(
            "Your account is {sanction:sanction}",
            "Reason: {reason:reason_code}. {sanction:effect}, until this is lifted.",
        ),
    ),
    "sanction.lifted": Template(
        Words("你的账号已解除{sanction:sanction}", "从现在起恢复正常使用。"),
        Words("Your account is no longer {sanction:sanction}", "You can use it as before."),
    ),
    "sanction.lapsed": Template(
        Words("你的账号{sanction:sanction}已到期", "从现在起恢复正常使用。"),
        Words("Your account is no longer {sanction:sanction}", "The time is over. You can use it as before."),
    ),
}
