"""Messages about a result and its verification for each code, in Chinese and English. Pure."""

# The message of each problem code, Chinese first.
PROBLEMS = {
    "unreadable": ("不是完整的结果文件", "this is no whole result document"),
    "rules_hash": ("规则与其哈希不符", "the rules do not have the hash that is stated"),
    "rules_unreadable": ("规则无法执行", "the rules cannot be executed"),
    "title": ("标题与规则不符", "the title is not that of the rules"),
    "spelling": ("数值写法有误", "a value is not spelled as a result spells it"),
    "frozen_too_early": ("冻结早于截止", "frozen before the campaign was over"),
    "entry_twice": ("同一作品出现两次", "an entry appears twice"),
    "outside_of_the_period": ("作品不在活动期间", "an entry from outside of the period"),
    "score": ("得分算错", "the score is not what quality, likes and comments make"),
    "judged_and_skipped": ("作品既参与评选又被跳过", "an entry is both judged and skipped"),
    "members": ("项目与该格式所应有的不符", "the members are not those that the format asks for"),
    "reason": ("未入排名的原因与名次不符", "a row has a reason and a rank, or neither"),
    "mark_twice": ("评委重复或次序有误", "a juror appears twice, or the marks are not in order"),
    "mark_criteria": ("打分与规则所列评分项不符", "the scores of a mark are not those of the criteria"),
    "mark_score": ("评委打分合计算错", "the mark is not what its scores and the weights make"),
    "quality": ("质量分算错", "the quality is not the mean of the marks"),
    "tree": ("各行与签名所含的树根不符", "the rows do not have the root that is signed"),
    "voids": ("不计入的点赞评论的统计有误", "the numbers of voids are not as a result states them"),
    "rank": ("名次算错", "the rank is not what scores and tie-breaks make"),
    "order": ("行序有误", "the rows are not in order"),
    "counts": ("合计算错", "the sums are not those of the sheet"),
    "winners": ("获奖者与计分表不符", "not who wins by the sheet and the rules"),
    "reserves": ("候补与计分表不符", "not who is next by the sheet and the rules"),
    "amendment_chain": (
        "更正与结果或前一份更正不衔接",
        "an amendment is not chained to the result and the one before it",
    ),
    "amendment_format": ("更正的格式与结果的格式不符", "an amendment is not in the format of the result"),
    "amendment_time": ("更正早于此前的文件", "an amendment is older than what it follows"),
    "amendment_key": (
        "更正所用密钥不在所给密钥之中",
        "an amendment is signed with a key that is not among those given",
    ),
    "amendment_signature": ("更正的签名不符，签名后被改动过", "an amendment was changed after it was signed"),
    "amendment_key_over": ("更正的时间晚于其密钥的有效期", "an amendment is dated after the end of its key"),
    "amendment_leaves": (
        "更正中离开的人当时不持有该名额",
        "an amendment takes a place from an entry that did not hold it",
    ),
    "amendment_passed_over": (
        "更正未按候补顺序列出被越过者",
        "an amendment does not list whom it passes over in the order of the reserves",
    ),
    "amendment_enters": ("递补者不是下一名候补", "who takes the place is not the next of the reserves"),
    "amendment_kept_empty": ("按规则逾期未领的名额应空缺", "by the rules a place that is not claimed stays empty"),
    "proof_format": ("该格式的结果没有树，无从证明", "a result of this format has no tree, and no proof"),
    "proof_index": ("行号与路径不符", "the path is not one from a row at this position"),
    "proof_path": ("该行不属于这份结果", "the row does not belong to this result"),
    "draw_missing": ("抽签部分与规则所写方式不符", "the draw's part is not what the method of the rules asks for"),
    "draw_counts_nothing": ("抽签不计点赞、评论和打分", "in a draw likes, comments and marks count nothing"),
    "draw_tickets": ("签数与签单不符", "not the number of tickets on the list"),
    "draw_list_sha256": ("签单与其哈希不符", "the list does not have the hash that was published"),
    "draw_nonce_sha256": ("保密随机数与其哈希不符", "the nonce does not have the hash that was committed to"),
    "draw_seed": ("种子算错", "the seed is not what list, nonce and value make"),
    "draw_publicly_verifiable": ("可否公开验证标注有误", "wrongly labelled as publicly verifiable or not"),
    "draw_earlier": ("先前签单的列举有误", "the list of earlier draws is not empty"),
    "draw_list": ("签单的增减与可获奖名单不符", "what left and joined the list does not fit who may win"),
    "draw_corrected": ("更正前的公开值列举有误", "the numbers that were corrected are not listed right"),
    "draw_beacon": ("公开值与规则所写来源不符", "the value is not from a source as the rules name it"),
    "draw_beacon_time": ("公开值的时间不在规定之内", "the value did not appear when it had to"),
    "draw_chain": ("未知的信标链", "a chain whose key is not known here"),
    "draw_round": ("不是应取的那一轮", "not the round that decides"),
    "draw_signature": ("信标签名无效", "the beacon's signature is not valid"),
    "draw_value": ("公开值与信标签名不符", "the value is not that of the beacon's signature"),
}

# Reasons of a correction of a public number.
CORRECTIONS = {
    "misread": ("录入有误", "it was misread"),
    "wrong_issue": ("录入了另一期", "it was of another issue"),
    "publisher_corrected": ("发布方更正", "its publisher corrected it"),
}

# What a forced settlement did not wait for.
OVERRIDES = {
    "before_settle_at": ("早于预定评定时间", "before the time that was set"),
    "entry_waits": ("作品待审", "an entry awaits review"),
    "media_processing": ("作品的图片或视频尚在处理", "the photos or videos of an entry were being processed"),
    "mark_missing": ("作品打分不足", "an entry lacks marks"),
    "comment_waits": ("评论待审", "a comment awaits review"),
    "announcement_hidden": ("公告动态未公开", "the announcement post was not visible"),
}

# Reasons for losing a place.
REASONS = {
    "not_claimed": ("逾期未领", "not claimed in time"),
    "declined": ("放弃", "declined"),
    "post_deleted": ("作者删除作品", "the author deleted the post"),
    "post_removed": ("作品被移除", "the post was removed"),
    "comment_deleted": ("作者删除评论", "the author deleted the comment"),
    "comment_removed": ("评论被移除", "the comment was removed"),
    "erased": ("注销账号", "the account was erased"),
    "objection_upheld": ("异议成立", "an objection was upheld"),
    "replaced": ("经两人核定更换", "replaced by two people"),
}
