"""The messages of errors by code, in Chinese and English, and what a client does about an error."""

from feed.api.campaign_messages import CAMPAIGN_MESSAGES
from feed.api.field_messages import FIELD_MESSAGES
from feed.api.field_words import has_words, named_field
from feed.api.media_messages import MEDIA_ADVICE, MEDIA_MESSAGES
from feed.api.moderation_messages import MODERATION_MESSAGES
from feed.api.page_messages import PAGE_MESSAGES
from feed.campaigns.model import parse_time
from feed.campaigns.text_parts import local_time
from feed.errors import FieldError
from feed.sms.model import SHANGHAI

_ERROR_MESSAGES: dict[str, tuple[str, str]] = {
    "account_not_found": ("没有找到该用户", "There is no such user."),
    "already_announced": ("结果已经公布", "The result is announced already."),
    "already_settled": ("评定或开奖已经完成", "The campaign is settled already."),
    "awaiting_beacon": (
        "签单已冻结，须等待公开值",
        "The list is frozen: the draw waits for the public random value.",
    ),
    "bad_request": ("请求无法处理", "The request cannot be processed."),
    "account_leaving": (
        "该账号正在注销，撤回注销后才能继续操作",
        "This account is being deleted. Take the deletion back to go on.",
    ),
    "export_not_found": ("没有这份副本", "There is no such export."),
    "export_gone": (
        "这份副本已被下载，或已过期，请重新申请",
        "This export was downloaded already, or has expired. Request another one.",
    ),
    "featured_full": ("最多精选三条评论", "Three comments are featured already."),
    "staff_cannot_leave": (
        "该账号还有工作人员身份，请先由管理员收回后再注销",
        "This account has a staff role. It can be deleted once an admin has taken the role back.",
    ),
    "banned": ("该账号已被封禁，目前只能浏览", "This account is banned and can only read."),
    "beacon_mismatch": (
        "与另一位编辑录入的内容不一致，请核对",
        "Another editor has entered something else: please check.",
    ),
    "body_too_large": ("内容过大，JSON 请求体上限为 256 KB", "The body is too large: 256 KB of JSON at most."),
    "board_hidden": (
        "该活动没有排行榜，或排行榜目前不公开",
        "The campaign has no leaderboard, or it is not public now.",
    ),
    "body_too_slow": (
        "请求内容未能及时传完，请检查网络后重试",
        "The request did not arrive in time: please try again.",
    ),
    "country_not_served": (
        "暂不支持向该国家或地区的号码发送验证码",
        "Codes are not sent to numbers of this country or region.",
    ),
    "case_not_leased": ("该任务不在你手上，或已超时", "The case is not leased to you, or not any more."),
    "case_stale": ("内容或任务已有变化，请刷新后再审", "The case has changed since you read it: please reload it."),
    "challenge_refused": (
        "安全验证未通过或已失效，请重新验证",
        "The challenge is unsolved, expired or used: get another one at /v1/auth/challenge.",
    ),
    "challenge_required": (
        "请先完成安全验证，再获取验证码",
        "Solve a challenge of /v1/auth/challenge and send it with the request; waiting does not help.",
    ),
    "privacy_version_stale": (
        "个人信息处理规则已更新，请重新阅读并同意后再提交",
        "The privacy text has a new version: show it, and submit again with the user's consent.",
    ),
    "claim_closed": ("领取已截止，或该奖品不能领取", "The prize cannot be claimed, or not any more."),
    "claim_not_found": ("尚未填写领奖信息", "The winner has not entered any details yet."),
    "code_refused": ("验证码错误或已失效", "The code is wrong or has expired."),
    "codes_exhausted": (
        "今日验证码发送量已达上限，请稍后再试",
        "The site has reached today's limit of codes: please try again later.",
    ),
    "comment_is_deleted": ("评论已被作者删除", "The author has deleted the comment."),
    "comment_not_found": ("没有找到该评论", "There is no such comment."),
    "comment_not_editable": ("该评论现在不能修改", "The comment cannot be edited now."),
    "comment_not_featurable": (
        "只能精选他人可见的一级评论",
        "Only a visible comment that is no reply can be featured.",
    ),
    "comments_closed": ("作者已关闭评论", "The author has closed the comments of this post."),
    "comments_limited": ("对方暂时只接受互动过的用户评论", "For now this user takes comments from known users only."),
    "conflict": ("当前状态不允许此操作", "This is not possible in the present state."),
    "cursor_expired": (
        "翻页间隔过长，请从第一页重新开始",
        "The cursor has expired: please start with the first page again.",
    ),
    "cursor_invalid": ("翻页参数无效", "The cursor does not belong to this list."),
    "database_away": ("服务暂时不可用，请稍后再试", "The service is unavailable for a moment: please try again."),
    "draw_not_found": ("没有找到该活动的抽奖", "There is no such campaign, or it is not a draw."),
    "already_objected": ("你的同类异议尚未答复", "Your objection of this kind has not been answered yet."),
    "claim_access_required": (
        "需由管理员授权后才能查看领奖信息",
        "Winners' details can be read only with access to this campaign, which an admin grants.",
    ),
    "codes_missing": (
        "兑换码少于获奖名额所需数量，请先上传",
        "There are fewer codes than the places need: please upload the missing ones.",
    ),
    "codes_shown": (
        "兑换码已显示过，如有问题请联系主办方",
        "The codes were shown before: please ask the organiser if they are lost.",
    ),
    "involved_in_campaign": (
        "组织、公布、参与过本活动，或为其打过分、作过处理的人，不能答复异议",
        "An editor who has organised, judged, announced or entered the campaign, or has decided about it, cannot answer its objections.",
    ),
    "not_a_participant": ("只有活动参与者可以提出异议", "Only participants of the campaign can object."),
    "not_announced": ("结果尚未公布，或已成为最终结果", "The result is not announced yet, or it is final already."),
    "objection_answered": (
        "该异议已答复，或所针对的结果已撤销",
        "The objection is answered, or its result was withdrawn.",
    ),
    "objection_not_found": ("没有找到该异议", "There is no such objection."),
    "objection_needs_phone": ("请先验证手机号，再提出异议", "Please verify your phone before you object."),
    "objections_closed": ("现在不在公示期内", "The objection period has not begun, or is over."),
    "ended_facts_unexplained": (
        "截止时有效的封禁或职务在冻结前已结束，请核对后说明理由再公布",
        "A role or ban that held at the deadline has ended since: please check it and give a reason.",
    ),
    "prize_handed_over": ("奖品已寄出或已领取，不能更改", "The prize was sent or received and cannot be taken back."),
    "winner_not_found": ("没有找到对应的名额，或该名额已空出", "There is no such place, or it is vacant now."),
    "entry_disqualified": ("该条内容已被取消资格", "The entry is disqualified already."),
    "entry_not_disqualified": ("该条内容未被取消资格", "The entry is not disqualified."),
    "entry_not_shortlisted": ("该作品未入围，不能打分", "The entry is not on the shortlist."),
    "entry_not_found": ("该内容未参与此活动", "This is not an entry of the campaign."),
    "forbidden": ("没有权限进行此操作", "You are not allowed to do this."),
    "idempotency_key_busy": (
        "相同的请求正在处理中，请稍后再试",
        "The first request with this Idempotency-Key is still running: please try again.",
    ),
    "hook_signature_invalid": (
        "签名无效或已过期",
        "The signature does not fit this body, or is more than five minutes old.",
    ),
    "headers_too_large": ("请求头过大，上限为 16 KB", "The headers are too large: 16 KB at most."),
    "idempotency_key_reused": (
        "同一 Idempotency-Key 不能用于不同内容",
        "This Idempotency-Key was used with another body.",
    ),
    "internal_error": ("服务出错了，我们已记录该问题", "Something went wrong on our side. It has been logged."),
    "invalid": ("部分内容不符合要求", "Some fields are not valid."),
    "likes_private": ("点赞名单仅作者和工作人员可见", "Only the author and staff can see who likes a post."),
    "issuer_away": (
        "登录服务暂时不可用，请稍后再试",
        "The keys of the app's sign-in cannot be read now: please try again with the same token.",
    ),
    "juror_recused": ("你已声明回避该作者的作品", "You have declared a conflict of interest with this author."),
    "juror_has_marked": ("你已打分，不能退出评委", "You have given a mark and cannot give up the seat any more."),
    "juror_takes_part": (
        "活动开始后，已参与本活动，或点赞、评论过其作品的人，不能担任评委",
        "After the opening, a person with an entry, a like or a comment in the campaign cannot join the jury.",
    ),
    "last_admin": ("至少要保留一位管理员", "This is the last admin: name another one first."),
    "keys_unusable": (
        "服务器密钥异常，暂时无法处理，请稍后再试",
        "The keys of this server cannot be used until an operator has repaired them.",
    ),
    "not_ready": ("服务正在启动，请稍后再试", "The service is starting: please try again in a moment."),
    "kms_away": (
        "暂时无法读写领奖信息，请稍后再试",
        "Details and codes cannot be read or stored now: please try again.",
    ),
    "limits_away": ("暂时无法发送验证码，请稍后再试", "Codes cannot be sent now: please try again."),
    "job_not_found": ("没有该任务，可能已经完成", "There is no such job; it may have ended."),
    "job_running": ("该任务正在执行", "The job runs now."),
    "message_not_found": ("没有找到该短信", "There is no such message."),
    "message_not_stuck": ("该短信无需处理", "The message needs no decision."),
    "message_too_late": ("短信内容已过期，不能重发", "The message has expired and is not sent any more."),
    "malformed_body": (
        "请求内容不是有效的 JSON，或不是所需的对象",
        "The body is not valid JSON, or not the object that is expected.",
    ),
    "marks_locked": ("打分已锁定", "The marks are locked."),
    "marks_missing": ("仍有入围作品打分份数不足", "Shortlisted entries lack marks."),
    "method_not_allowed": ("不支持该请求方法", "This path does not support the method."),
    "muted": (
        "该账号已被禁言，暂不能发布内容或修改资料",
        "This account is muted: it cannot post, comment or change its profile now.",
    ),
    "no_number_to_correct": (
        "没有可更正的公开号码，请先撤销结果",
        "There is no public number to correct: undo the settlement first.",
    ),
    "no_number_wanted": ("现在不需要录入公开号码", "No public number is needed now."),
    "not_a_juror": ("你不是该活动的评委", "You are not a juror of this campaign."),
    "not_acceptable": ("此接口只返回 JSON，请检查 Accept", "This path serves JSON, which Accept excludes."),
    "not_found": ("没有找到", "Not found."),
    "not_over_yet": ("活动结束未满 10 秒，请稍候", "The campaign ended less than ten seconds ago."),
    "not_settled": ("结果尚未产生", "There is no result yet."),
    "not_your_comment": ("只能修改或删除自己的评论", "Only the author can edit or delete a comment."),
    "not_your_post": ("只有动态的作者可以这样做", "Only the author of the post can do this."),
    "not_your_prize": ("这不是你的奖品", "This is another winner's prize."),
    "own_account": ("不能屏蔽或静音自己", "You cannot block or mute yourself."),
    "leases_full": (
        "你手上已有 50 个任务，请先审完或退回一些",
        "You have fifty cases under way: please finish or release some of them first.",
    ),
    "relations_full": ("屏蔽或静音的人数已达上限", "You can block a thousand accounts and mute a thousand."),
    "overloaded": ("当前访问人数过多，请稍后再试", "The service is busy: please try again in a moment."),
    "own_entry": ("不能给自己的作品打分", "You cannot mark your own entry."),
    "jury_needed": ("活动已开始，评委名单不能清空", "After the opening, the jury cannot be dissolved."),
    "revision_stale": (
        "作品已被修改，请重新阅读后打分",
        "The entry was edited since you read it: please read it again.",
    ),
    "person_marked_already": ("你已用另一账号为该作品打分", "You have marked this entry with another account."),
    "pins_full": ("置顶数量已达上限，请先取消其他置顶", "No more posts can be pinned: unpin another one first."),
    "post_announces_draw": (
        "该动态是进行中抽奖活动的公告，签单冻结前不能修改或删除",
        "The post announces a draw that is entered by comments or likes: it cannot be edited or deleted until the list is frozen.",
    ),
    "post_is_deleted": ("动态已被作者删除", "The author has deleted the post."),
    "post_not_editable": ("该动态现在不能修改", "The post cannot be edited now."),
    "post_not_found": ("没有找到该动态", "There is no such post."),
    "post_not_published": ("动态尚未公开", "The post is not visible to others now."),
    "prize_not_found": ("没有找到该奖品", "There is no such prize."),
    "proof_not_found": ("结果中没有该条目的证明", "The result has no proof of such an entry."),
    "push_not_dead": ("只有已放弃的推送可以重发", "Only a push that was given up can be retried."),
    "push_not_found": ("没有找到该推送", "There is no such push."),
    "rate_limited": ("操作太频繁，请稍后再试", "Too many requests: please try again later."),
    "receipt_not_found": ("领奖信息尚未销毁", "The details have not been destroyed yet."),
    "refresh_refused": ("登录已失效，请重新登录", "Your session has ended: please sign in again."),
    "sheet_not_found": ("结果数据尚未生成", "There is no sheet yet."),
    "audit_checkpoint_not_found": ("审计记录尚未封存", "Nothing of the audit log is sealed yet."),
    "result_not_found": ("结果尚未公布", "There is no public result yet."),
    "role_missing": ("需要相应的工作人员权限", "You do not have the staff role that this needs."),
    "rules_not_found": ("没有该版本的活动规则", "There is no such version of the rules."),
    "second_person_required": ("此操作需由另一个人确认", "A second person has to confirm this."),
    "sign_in_elsewhere": ("请在读特 App 内登录", "Please sign in with the app."),
    "settlement_blocked": ("仍有内容待审核或待打分", "Some entries still need a verdict or a mark."),
    "shortlist_full": ("入围名额已满", "The shortlist is full."),
    "staff_protected": (
        "只有管理员可以处分或下架工作人员",
        "Only an admin can impose a sanction on staff, or take them down.",
    ),
    "takedown_not_found": ("没有找到对该对象的下架记录", "There has been no takedown of this."),
    "third_person_required": (
        "更正须有未录入过该号码的人参与",
        "A correction needs a person who has not entered the number.",
    ),
    "token_expired": ("登录已过期，请重新登录", "The token has expired: please sign in again."),
    "token_invalid": ("登录凭证无效，请重新登录", "The token is not valid: please sign in again."),
    "too_many": ("操作太频繁，请稍后再试", "A limit was reached: please try again later."),
    "took_too_long": ("处理超时，请稍后再试", "The request took too long: please try again."),
    "topic_in_campaign": (
        "该话题有尚未结束的活动，不能关闭、隐藏或设为别名",
        "A campaign that has not ended uses this topic: it cannot be closed, hidden or made an alias.",
    ),
    "topic_not_found": ("没有找到该话题", "There is no such topic."),
    "unauthenticated": ("请先登录", "Please sign in first."),
    "unavailable": ("服务暂时不可用，请稍后再试", "The service is unavailable for a moment: please try again."),
    "unsupported_media_type": (
        "请求体须为未压缩的 application/json（UTF-8）",
        "The body must be application/json in UTF-8, without compression.",
    ),
    "uri_too_long": ("网址过长", "The address is too long."),
    "void_not_found": ("没有找到该剔除记录", "There is no such void."),
    "word_not_found": ("词库中没有该词", "The word is not listed."),
    "winner_not_visible": (
        "名单中有内容待审、被移除而申诉未决，或作者已被封禁：请先处理，或撤销结果后重新产生",
        "A winner's post is not visible, its removal is appealed, or its author is banned: decide about it, or undo and settle again.",
    ),
    "prize_not_final": ("结果尚未最终确定，奖品不能发放", "Prizes are handed out once the result is final."),
    "wrong_prize_state": ("奖品当前状态不允许此操作", "This is not possible in the present state of the prize."),
    "fact_not_found": (
        "该用户没有截止时有效、现已结束的封禁或职务",
        "This person has no role or ban that held at the deadline and has ended since.",
    ),
}
_MESSAGES = (
    _ERROR_MESSAGES
    | MODERATION_MESSAGES
    | MEDIA_MESSAGES
    | PAGE_MESSAGES
    | CAMPAIGN_MESSAGES
    | {f"field.{code}": words for code, words in FIELD_MESSAGES.items()}
)


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
    "already_objected": "tell",
    "already_appealed": "tell",
    "already_reported": "tell",
    "appeal_closed": "tell",
    "campaign_incomplete": "correct",
    "campaign_running": "correct",
    "signoff_barred": "tell",
    "challenge_refused": "prove",
    "challenge_required": "prove",
    "code_refused": "correct",
    "ended_facts_unexplained": "correct",
    "hook_signature_invalid": "mend",
    "juror_has_marked": "tell",
    "juror_takes_part": "correct",
    "objections_closed": "tell",
    "cursor_invalid": "restart",
    "idempotency_key_busy": "wait",
    "idempotency_key_reused": "mend",
    "marks_missing": "correct",
    "staff_cannot_leave": "tell",
    "token_expired": "refresh",
}


def advice_of(code: str, status: int) -> str:
    """The client's action after an error: a keyword of docs/reference/errors.md."""
    return _ADVICE.get(code) or MEDIA_ADVICE.get(code) or _ADVICE_BY_STATUS[status]


class _Parameters(dict[str, object]):
    """Parameters of a message; a missing one is shown as an ellipsis."""

    def __missing__(self, key: str) -> str:
        return "…"


def message_of(code: str, language: str, **params: object) -> str:
    """The message of a code in `zh-CN` or `en` with its parameters; empty for an unknown code."""
    shown = {name: _shown(each, language) for name, each in params.items()}
    return raw_message(code, language).format_map(_Parameters(shown))


def _shown(value: object, language: str) -> object:
    """A parameter as people read it: a list with the commas of the language, a time of a document in that of the city."""
    if isinstance(value, list):
        return (", " if language == "en" else "、").join(map(str, value))
    if not isinstance(value, str):
        return value
    try:
        at = parse_time(value)
    except ValueError:
        return value
    if language != "en":
        return local_time(at)
    # Like the Chinese, to the last digit that is not zero: the bound must not differ from what is enforced.
    return f"{at.astimezone(SHANGHAI).replace(tzinfo=None).isoformat(' ')} (Beijing time)"


def field_message(error: FieldError, language: str, *, is_named: bool) -> str:
    """The message of a field's error in `zh-CN` or `en`. `is_named`: with the words of the field beside its key, as far as it has any.

    The app shows a message beside its input; an editor reads a list of messages.
    """
    params = error.params | {
        name: named_field(str(value), language).lower() if language == "en" else named_field(str(value), language)
        for name, value in error.params.items()
        if name == "other"
    }
    message = message_of(f"field.{error.code}", language, **params)
    if not is_named or not message or not has_words(error.field):
        return message
    named = named_field(error.field, language)
    return f"{named}: {message[0].lower()}{message[1:]}" if language == "en" else f"{named}：{message}"


def raw_message(code: str, language: str) -> str:
    """The message of a code with its placeholders; empty for an unknown code."""
    return _MESSAGES.get(code, ("", ""))[language == "en"]


def known_codes() -> frozenset[str]:
    """All codes that have messages."""
    return frozenset(_MESSAGES)
