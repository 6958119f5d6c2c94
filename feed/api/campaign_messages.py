"""The messages of errors about the state of a campaign, in Chinese and English."""

CAMPAIGN_MESSAGES: dict[str, tuple[str, str]] = {
    "campaign_cancelled": ("活动已取消", "The campaign is cancelled."),
    "campaign_edited": ("另一位编辑已修改本活动，请核对", "Another editor has changed the campaign: please compare."),
    "campaign_is_draft": ("活动尚未发布，请直接修改", "The campaign is not published yet: change it directly."),
    "campaign_incomplete": (
        "活动资料不完整，暂不能发布",
        "The campaign cannot be published yet: fields are missing or wrong.",
    ),
    "campaign_not_closed": ("活动尚未截止", "The campaign has not ended yet."),
    "campaign_not_draft": ("活动已经发布", "The campaign is published already."),
    "campaign_not_found": ("没有找到该活动", "There is no such campaign."),
    "campaign_not_open": ("活动尚未开始", "The campaign has not opened yet."),
    "campaign_running": (
        "活动开始后，只能作有利于参与者的修改",
        "After the opening, only changes in the participants' favour are possible.",
    ),
    "campaign_settled": (
        "评定数据或签单已冻结，不能再修改",
        "The sheet is frozen: what was counted cannot change any more.",
    ),
}
