"""The messages of errors about cases, verdicts, reports and appeals by code, in Chinese and English."""

MODERATION_MESSAGES: dict[str, tuple[str, str]] = {
    "already_appealed": ("你已就该决定提出过申诉", "You have appealed against this decision already."),
    "already_judged": (
        "你已审核过该内容，须由其他审核员处理",
        "You have judged this already: another reviewer has to.",
    ),
    "already_reported": ("你已举报过这条内容", "You have reported this already."),
    "appeal_closed": ("申诉期限已过", "The time to appeal against this decision is over."),
    "batch_not_found": ("没有找到可撤销的批量审核", "You have no such batch with a verdict in force."),
    "case_leased": ("该任务正由其他审核员处理", "Another reviewer is working on this case."),
    "case_not_found": ("没有找到该审核任务", "There is no such case."),
    "decision_not_found": ("没有可申诉的处理决定", "There is no decision against you about this."),
    "own_campaign": (
        "不能审核自己参与编辑的活动的内容",
        "You cannot judge content of a campaign that you have edited.",
    ),
    "own_subject": ("不能处理自己或自己的内容", "You cannot decide about yourself or your own content."),
    "own_target": ("不能举报自己或自己的内容", "You cannot report yourself or your own content."),
    "verdict_not_applicable": (
        "该内容当前状态不适用此结论",
        "This verdict does not apply to the present state of the content.",
    ),
    "phone_not_verified": (
        "根据法律法规，请先验证手机号再发布",
        "The law asks for it: please verify your phone first.",
    ),
    "age_band_by_app": ("年龄段由应用确认，不能自行修改", "The app says how old you are: it cannot be changed here."),
    "ai_label_kept": (
        "该标注由审核员或媒体信息确认，不能取消",
        "A reviewer or the media say so: the label cannot be taken away.",
    ),
    "reserved_name_not_found": ("没有找到该保留名称", "There is no such name on the list."),
    "reserved_names_full": ("保留名称已达上限", "The list of names is full."),
    # Signatures on texts of the newsroom.
    "signatures_missing": (
        "本社稿件须走完审签流程才能发布",
        "A text of the newsroom is published by its signatures.",
    ),
    "signoff_barred": (
        "你是文稿作者或者已签署其他环节，须由另一人签署",
        "You have written this text or signed another stage of it: another person has to sign.",
    ),
    "signoff_not_next": ("当前应签署的不是这一环节", "This stage is not the next one to be signed."),
    "signoff_stale": ("文稿已有改动，请刷新后重新审读", "The text has changed: please read it again."),
    "nothing_signed": ("文稿尚无签署，无需退回", "No stage of the text is signed: there is nothing to return."),
    "text_not_found": ("没有找到需要签署的文稿", "There is no such text to sign."),
    "post_not_signed": ("稿件尚未签署完毕，不能置顶", "The post is not signed by all stages: it cannot be pinned."),
}
