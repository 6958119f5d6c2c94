"""The messages of errors by code, in Chinese and English, and what a client does about an error."""

_MESSAGES: dict[str, tuple[str, str]] = {
    "account_not_found": ("没有找到该用户", "No such user."),
    "already_announced": ("结果已经公布", "The winners have been told."),
    "already_judged": ("你已经审过这一阶段", "You have judged this stage already."),
    "already_settled": ("评选已经完成", "A result stands already."),
    "awaiting_beacon": ("签单已冻结，须等待公开随机值", "The list is frozen; the lots wait for the public value."),
    "bad_request": ("请求无法处理", "The request cannot be processed."),
    "banned": ("该账号已被封禁，目前只能浏览", "This account is banned: it may read, and nothing else."),
    "batch_not_found": ("没有找到可撤销的批量审核", "No such batch of yours that still stands."),
    "beacon_mismatch": (
        "与另一位编辑录入的内容不一致",
        "Another editor has entered something else: check it, or ask a third person.",
    ),
    "body_too_large": ("内容过大，JSON 请求体上限为 256 KB", "The body is too large: 256 KB of JSON at most."),
    "board_hidden": (
        "抽签活动没有排行榜，或活动规则未公开、尚未到公开时间；评定后至公布前不公开",
        "A draw has no board; or the rules show none, or none until the close; between settlement and announcement there is none.",
    ),
    "body_too_slow": ("请求体传输过慢，请检查网络后重试", "The body did not arrive in time: try again."),
    "campaign_cancelled": ("活动已取消", "The campaign was cancelled."),
    "campaign_incomplete": ("活动资料不完整，暂不能发布", "Something that publishing requires is missing."),
    "campaign_not_closed": ("活动尚未截止", "The campaign has not ended yet."),
    "campaign_not_draft": ("活动已经发布", "The campaign is published already."),
    "campaign_not_found": ("没有找到该活动", "No such campaign."),
    "campaign_not_open": ("活动尚未开始", "The campaign has not opened yet."),
    "campaign_running": (
        "活动开始后只能作有利于参与者的修改",
        "After the opening only what favours the participants may change.",
    ),
    "campaign_settled": ("评选已定，不再接受修改", "The score sheet is frozen: nothing about it changes any more."),
    "case_leased": ("该任务正由其他审核员处理", "Another reviewer holds this case."),
    "case_not_found": ("没有找到该审核任务", "No such case."),
    "country_not_served": (
        "暂不支持向该国家或地区的号码发送验证码",
        "No codes are sent to numbers of this country.",
    ),
    "case_not_leased": ("该任务不在你手上，或已超时", "You do not hold this case, or no longer."),
    "case_stale": ("内容或任务已有变化，请刷新后再审", "The case has moved on since you read it: read it again."),
    "challenge_refused": (
        "验证未通过或已失效，请重新验证",
        "The challenge is unsolved, expired or used: get another one at /v1/auth/challenge.",
    ),
    "challenge_required": (
        "请先完成安全验证，再获取验证码",
        "Solve a challenge of /v1/auth/challenge and ask again with it; waiting does not help.",
    ),
    "claim_closed": ("领取已截止或该奖品不可领取", "This prize cannot be claimed, or not any more."),
    "claim_not_found": ("中奖者尚未填写领取资料", "The winner has given no details yet."),
    "code_refused": ("验证码错误或已失效", "The code is wrong or no longer good."),
    "codes_exhausted": ("今日验证码发送已达上限，请稍后再试", "The site has sent as many codes today as it may."),
    "comment_is_deleted": ("评论已被作者删除", "The comment has been deleted by its author."),
    "comment_not_found": ("没有找到该评论", "No such comment."),
    "comments_closed": ("作者已关闭评论", "The author takes no comments on this post."),
    "conflict": ("当前状态不允许此操作", "The present state does not allow this."),
    "cursor_expired": ("翻页时间过长，请从第一页重新开始", "The cursor is too old: start with the first page again."),
    "cursor_invalid": ("翻页参数无效", "The cursor was not given by this list."),
    "database_away": ("服务暂时不可用，请稍后再试", "The service is away for a moment: try again."),
    "draw_not_found": ("该活动没有抽奖", "No such campaign, or it is no draw."),
    "already_objected": ("你的同类异议尚未答复", "Your objection of this kind is not answered yet."),
    "claim_access_required": (
        "需由管理员授权后才能查看领取信息",
        "Winners' details are read by whom an admin has let in for this campaign.",
    ),
    "codes_missing": ("兑换码数量少于获奖人数", "There are fewer codes than winners."),
    "codes_shown": (
        "兑换码已显示过，如有问题请联系主办方",
        "The codes have been shown: ask the organiser if they are lost.",
    ),
    "involved_in_campaign": (
        "参与该活动组织、评审、公布、参评或对其作过处理决定的人不能答复其异议",
        "Whoever has organised, announced, judged or entered the campaign, or decided anything about it, answers no objection to it.",
    ),
    "not_a_participant": ("只有参加活动的人可以提出异议", "Only who takes part in the campaign may object."),
    "not_announced": ("结果尚未公布或已最终确定", "The result is not announced yet, or final already."),
    "objection_answered": (
        "该异议已答复，或所针对的结果已撤销",
        "The objection has its answer, or its result is gone.",
    ),
    "objection_not_found": ("没有找到该异议", "No such objection."),
    "objection_needs_phone": (
        "验证手机号后才能提出异议",
        "Verify a phone first: an objection holds up the end of a campaign.",
    ),
    "objections_closed": ("现在不在公示异议期内", "It is not the time for objections."),
    "ended_facts_unexplained": (
        "截止时有效的封禁或职务在冻结前已结束，请核对后说明理由再公布",
        "A leader's role or ban held at the deadline and has ended since: check it and give a reason.",
    ),
    "prize_handed_over": (
        "奖品已寄出或已领取，不能更改",
        "The prize is on its way or received and cannot be taken back.",
    ),
    "winner_not_found": ("没有该名次的获奖者", "Nobody wins with this rank now."),
    "entry_disqualified": ("该作品已被取消资格", "The entry is disqualified already."),
    "entry_not_disqualified": ("该作品并未被取消资格", "The entry is not disqualified."),
    "entry_not_shortlisted": ("该作品未入围，不再评分", "The entry is not on the shortlist."),
    "entry_not_found": ("该帖子没有参加此活动", "The post is not an entry of this campaign."),
    "forbidden": ("没有权限进行此操作", "You are not allowed to do this."),
    "idempotency_key_busy": (
        "相同的请求正在处理中，请稍后再试",
        "The first request with this Idempotency-Key still runs: ask again.",
    ),
    "hook_signature_invalid": (
        "签名无效或已过期",
        "The signature is not valid for this body, or more than five minutes old.",
    ),
    "headers_too_large": ("请求头过大，上限为 16 KB", "The headers are too large: 16 KB at most."),
    "host_not_allowed": ("不支持以该域名访问", "The site is not known by this name."),
    "idempotency_key_reused": (
        "同一 Idempotency-Key 不能用于不同内容",
        "This Idempotency-Key came with another body before.",
    ),
    "internal_error": ("服务出错了，我们已记录该问题", "Something went wrong on our side; it has been logged."),
    "invalid": ("部分内容不符合要求", "Some fields are not acceptable."),
    "likes_private": ("点赞名单仅作者和工作人员可见", "Only the author and staff see who likes a post."),
    "issuer_away": (
        "登录服务暂时不可用，请稍后再试",
        "The keys of the app's sign-in cannot be read for now: try again, with the same token.",
    ),
    "juror_recused": ("你已声明回避该作者的作品", "You have declared a conflict of interest with this author."),
    "juror_has_marked": ("您已打分，不能自行退出评委", "You have given a mark and cannot give up the seat any more."),
    "juror_takes_part": (
        "活动开始后，已投稿、点赞或评论参赛作品的人不能担任评委",
        "After the opening no person who has an entry, a like or a comment in the campaign can be put on the jury.",
    ),
    "last_admin": ("至少要保留一位管理员", "Nobody else is an admin: name another one first."),
    "keys_unusable": (
        "服务器密钥异常，暂时无法处理，请稍后再试",
        "The keys of this server cannot be used: nothing is sealed or opened until an operator has mended it.",
    ),
    "not_ready": ("服务正在启动，请稍后再试", "The service is starting: try again in a moment."),
    "kms_away": (
        "暂时无法读写领奖信息，请稍后再试",
        "Details and codes cannot be sealed or opened for now: try again.",
    ),
    "limits_away": ("暂时无法发送验证码，请稍后再试", "Codes cannot be counted for now, so none is sent: try again."),
    "message_not_found": ("没有找到该短信", "No such message."),
    "message_not_stuck": ("该短信无需处理", "This message waits for nobody's decision."),
    "message_too_late": ("短信内容已过期，不能重发", "What the message tells of is over: it is not sent any more."),
    "malformed_body": (
        "请求内容不是有效的 JSON，或不是所需的对象",
        "The body is not valid JSON, or not the object that is expected.",
    ),
    "marks_locked": ("评分已锁定", "The marks are locked."),
    "marks_missing": ("仍有入围作品评分未满", "Shortlisted entries lack marks."),
    "method_not_allowed": ("不支持该请求方法", "This path does not know that method."),
    "muted": ("该账号已被禁言", "This account may not post or comment for now."),
    "no_number_to_correct": (
        "没有可更正的公开数字，请先撤销评选",
        "No public number can be corrected now: undo the settlement first.",
    ),
    "no_number_wanted": ("现在不需要录入公开数字", "No public number is waited for now."),
    "not_a_juror": ("你不是该活动的评委", "You are not a juror of this campaign."),
    "not_acceptable": ("此接口只返回 JSON，请检查 Accept", "This path serves JSON, which Accept excludes."),
    "not_found": ("没有找到", "Not found."),
    "not_over_yet": ("活动结束未满 10 秒，暂不能评选", "The campaign has not ended ten seconds ago yet."),
    "not_settled": ("评选尚未完成", "There is no result yet."),
    "not_your_comment": ("只能删除自己的评论", "Only its author may delete a comment."),
    "not_your_post": ("只能修改自己的帖子", "Only its author may change a post."),
    "not_your_prize": ("这不是你的奖品", "Somebody else has won this prize."),
    "own_account": ("不能屏蔽自己", "Nobody blocks or mutes himself."),
    "relations_full": ("屏蔽人数已达上限", "No more people can be blocked or muted: a thousand of each at most."),
    "overloaded": ("现在人太多了，请稍后再试", "Too much at once: try again in a moment."),
    "own_entry": ("不能给自己的作品评分", "Nobody marks an entry of one's own."),
    "own_subject": ("不能审核自己的内容", "Nobody judges one's own words."),
    "jury_needed": ("活动已开始，不能撤销全部评委", "The campaign has opened: a named jury is not dissolved."),
    "revision_stale": ("作品已被修改，请重新阅读后评分", "The entry has been rewritten since."),
    "person_marked_already": ("你已用另一账号为该作品打分", "You have marked this entry with another account."),
    "pins_full": ("置顶数量已达上限，请先取消其他置顶", "As many posts are pinned as may be: unpin another one first."),
    "post_is_deleted": ("帖子已被作者删除", "The post has been deleted by its author."),
    "post_announces_draw": (
        "该帖是进行中抽奖活动的公告，活动确定签单前不能修改或删除",
        "The post announces a draw that is entered by commenting on it or liking it: until the list is frozen it cannot be edited or deleted.",
    ),
    "post_not_editable": ("该帖子现在不能修改", "This post cannot be edited now."),
    "post_not_found": ("没有找到该帖子", "No such post."),
    "post_not_published": ("帖子尚未公开", "The post is not visible to others now."),
    "prize_not_found": ("没有找到该奖品", "No such prize."),
    "proof_not_found": ("结果中没有该条目的证明", "The result has no proof of such an entry."),
    "push_not_dead": ("只有已放弃的推送可以重发", "Only a push that was given up can be tried again."),
    "push_not_found": ("没有找到该推送", "No such push."),
    "rate_limited": ("操作太频繁，请稍后再试", "Too often: try again later."),
    "receipt_not_found": ("领取信息尚未销毁", "The details have not been destroyed yet."),
    "refresh_refused": ("登录已失效，请重新登录", "The sign-in has ended: sign in again."),
    "sheet_not_found": ("评分表尚未生成", "There is no score sheet yet."),
    "result_not_found": ("结果尚未公布", "There is no public result yet."),
    "role_missing": ("需要相应的工作人员权限", "This needs a staff role that you do not hold."),
    "rules_not_found": ("没有该版本的活动规则", "No such version of the rules."),
    "second_person_required": ("此操作需由另一个人确认", "This takes a second person."),
    "sign_in_elsewhere": ("请在读特 App 内登录", "Sign in with the app: its tokens are good here."),
    "settlement_blocked": ("仍有内容待审核或待评分", "Something still waits for a verdict or a mark."),
    "shortlist_full": ("入围名额已满", "The shortlist is full."),
    "staff_protected": ("只有管理员可以处分工作人员", "Only an admin imposes a sanction on staff."),
    "third_person_required": (
        "更正须有未录入过该数字的人参与",
        "A correction takes somebody who has not entered the number.",
    ),
    "token_expired": ("登录已过期，请重新登录", "The token has expired: sign in again."),
    "token_invalid": ("登录凭证无效，请重新登录", "The token is not valid: sign in again."),
    "too_many": ("操作太频繁，请稍后再试", "A limit was reached: try again later."),
    "took_too_long": ("处理超时，请稍后再试", "It took too long and was given up: try again."),
    "topic_in_campaign": (
        "该话题有尚未结束的活动，不能关闭、隐藏或设为别名",
        "A campaign that has not ended takes entries by this topic: it cannot be closed, hidden or made an alias.",
    ),
    "topic_not_found": ("没有找到该话题", "No such topic."),
    "unauthenticated": ("请先登录", "Sign in first."),
    "unavailable": ("服务暂时不可用，请稍后再试", "The service is away for a moment: try again."),
    "unsupported_media_type": (
        "请求体须为未压缩的 application/json（UTF-8）",
        "The body must be application/json in UTF-8, without compression.",
    ),
    "uri_too_long": ("网址过长", "The address is too long."),
    "verdict_not_applicable": ("该内容当前状态不适用此结论", "This verdict does not apply to the subject as it is."),
    "void_not_found": ("没有找到该剔除记录", "No such void."),
    "winner_not_visible": (
        "有获奖作品待审、被移除而申诉未决，或作者已被封禁：请处理，或撤销后重新评选",
        "A winning post is not visible, its removal is appealed, or its author is banned: decide, or undo and settle again.",
    ),
    "prize_not_final": ("公示期未结束，奖品尚未发放", "The objection days are not over: no prize is handed over yet."),
    "wrong_prize_state": ("奖品当前状态不允许此操作", "The prize is in a state from which this does not follow."),
    # Errors of fields; the placeholders are parameters of the error.
    "fact_not_found": (
        "该用户没有截止时有效、现已结束的封禁或职务",
        "No role or ban of this person held at the deadline and has ended since.",
    ),
    "field.closed_topic": ("该话题已关闭", "Is a topic that takes no more posts."),
    "field.draw_value_too_high": (
        "抽奖活动最高奖品价值不得超过 {most} 元",
        "A draw's top prize must not be worth more than {most} yuan.",
    ),
    "field.draws_only": ("仅适用于抽奖活动", "Is for draws only."),
    "field.fixed_after_opening": ("活动开始后不能修改", "Cannot change after the opening."),
    "field.hidden_topic": ("该话题已被隐藏", "Is a hidden topic."),
    "field.in_the_future": ("不能晚于现在", "Lies in the future."),
    "field.in_the_past": ("不能早于现在", "Lies in the past."),
    "field.invalid_topic": ("不是有效的话题名", "Is not a topic's name."),
    "field.no_time_zone": ("时间须注明时区", "Needs a time zone."),
    "field.not_after": ("应晚于 {other}", "Must be later than {other}."),
    "field.repeated": ("不能重复", "Must not be repeated."),
    "field.sum_is_not_one": ("权重之和应为 1，现为 {sum}", "The weights must sum to 1, not {sum}."),
    "field.takes_no_comments": ("该帖已关闭评论", "Is a post that takes no comments."),
    "field.too_early": ("不能早于 {earliest}", "Must not be before {earliest}."),
    "field.too_late": ("应早于 {until}", "Must be before {until}."),
    "field.unchanged": ("与现值相同", "Is what it is already."),
    "field.differs": ("与另一位编辑所填不同", "Is not what another editor has entered."),
    "field.advised": ("建议填写，否则使用通用表述", "Better written: a general wording stands in its place."),
    "field.forbidden_character": ("含有不支持的字符", "Contains a character that is not accepted."),
    "field.invisible": ("须含有可见字符", "Needs a character that can be seen."),
    "field.invalid_code": ("验证码为短信中的 6 位数字", "Must be the six digits of the message."),
    "field.invalid_phone": ("手机号格式不正确", "Is not a phone number that takes messages."),
    "field.invalid_value": ("取值无效", "Is not a valid value."),
    "field.last_before_first": (
        "末位（第 {last} 名）不能在首位（第 {first} 名）之前",
        "The last place, {last}, must not be before the first, {first}.",
    ),
    "field.beyond_winners": (
        "名次不能超过获奖人数：填到第 {last} 名，共 {most} 名",
        "Ends at place {last}, but there are {most} winners.",
    ),
    "field.places_without_prize": (
        "第 {first} 至 {last} 名没有奖品",
        "Places {first} to {last} have no prize.",
    ),
    "field.mark_missing": ("已有 {marks} 份评分，需要 {needed} 份", "Has {marks} of the {needed} marks that it needs."),
    "field.no_criteria": ("活动规则未设评分项，请直接打分", "The rules name no criteria: give one score."),
    "field.not_asked_for": ("此奖品无需填写该项", "Is not asked for by this prize."),
    "field.not_boolean": ("应为 true 或 false", "Must be true or false."),
    "field.not_decimal": ("应为数字，如 12.50，最多 34 位", "Must be a number such as 12.50, of at most 34 digits."),
    "field.not_integer": ("应为整数", "Must be a whole number."),
    "field.not_list": ("应为列表", "Must be a list."),
    "field.not_number": ("应为数字", "Must be a number."),
    "field.not_object": ("应为对象", "Must be an object."),
    "field.not_text": ("应为文字", "Must be a text."),
    "field.not_time": (
        "应为带时区的时间，如 2026-12-31T18:00:00+08:00",
        "Must be a time with its zone, such as 2026-12-31T18:00:00+08:00.",
    ),
    "field.not_by_staff": ("公告须由工作人员账号发布", "Is not a post by the staff."),
    "field.not_found": ("不存在或不可用", "Does not exist or cannot be used."),
    "field.not_available": ("暂不支持", "Is not available yet."),
    "field.not_in_future": ("应为将来的时间", "Must lie in the future."),
    "field.one_of": ("应为以下之一：{allowed}", "Must be one of {allowed}."),
    "field.out_of_range": ("应在 {least} 到 {most} 之间", "Must be between {least} and {most}."),
    "field.required": ("不能为空", "Is required."),
    "field.takes_part": ("已参与本活动", "Takes part in the campaign."),
    "field.too_long": ("不能超过 {longest} 个字", "Must not have more than {longest} characters."),
    "field.too_many": ("数量过多，最多 {most}", "At most {most} are accepted."),
    "field.too_many_marks": (
        "同一个字上的附加符号过多，最多 {most} 个",
        "Has more than {most} combining marks in a row.",
    ),
    "field.too_precise": (
        "小数位数过多，最多 {decimals} 位",
        "Has too many decimals: at most {decimals} are accepted.",
    ),
    "field.too_short": ("内容太短", "Is too short."),
    "field.unknown_field": ("不支持此字段或参数，可用：{known}", "Is not known here; known are: {known}."),
    "field.unknown_value": ("应为以下之一：{allowed}", "Must be one of {allowed}."),
}


# The client's action after an error, by status, with exceptions by code; docs/reference/errors.md describes the actions.
_ADVICE_BY_STATUS = {
    400: "mend",
    401: "sign_in",
    403: "tell",
    404: "drop",
    405: "mend",
    410: "restart",
    406: "mend",
    408: "wait",
    414: "mend",
    409: "reload",
    413: "mend",
    415: "mend",
    422: "correct",
    431: "mend",
    429: "wait",
    500: "report",
    503: "wait",
}
_ADVICE = {
    "campaign_incomplete": "correct",
    "campaign_running": "correct",
    "challenge_refused": "prove",
    "challenge_required": "prove",
    "code_refused": "correct",
    "hook_signature_invalid": "mend",
    "cursor_invalid": "restart",
    "idempotency_key_busy": "wait",
    "idempotency_key_reused": "mend",
    "marks_missing": "correct",
    "token_expired": "refresh",
}


def advice_of(code: str, status: int) -> str:
    """The client's action after an error: a keyword of docs/reference/errors.md."""
    return _ADVICE.get(code) or _ADVICE_BY_STATUS[status]


class _Parameters(dict[str, object]):
    """Parameters of a message; a missing one is shown as an ellipsis."""

    def __missing__(self, key: str) -> str:
        return "…"


def message_of(code: str, language: str, **params: object) -> str:
    """The message of a code in `zh-CN` or `en` with its parameters; empty for an unknown code."""
    shown = {name: "、".join(map(str, value)) if isinstance(value, list) else value for name, value in params.items()}
    return raw_message(code, language).format_map(_Parameters(shown))


def raw_message(code: str, language: str) -> str:
    """The message of a code with its placeholders; empty for an unknown code."""
    return _MESSAGES.get(code, ("", ""))[language == "en"]


def known_codes() -> frozenset[str]:
    """All codes that have messages."""
    return frozenset(_MESSAGES)
