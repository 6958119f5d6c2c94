"""What people read when something is refused: Chinese first, English second, by code."""

_WORDS: dict[str, tuple[str, str]] = {
    "account_not_found": ("没有找到该用户", "No such user."),
    "bad_request": ("请求无法处理", "The request cannot be processed."),
    "banned": ("该账号已被封禁，目前只能浏览", "This account is banned: it may read, and nothing else."),
    "body_too_large": ("内容过大，JSON 请求体上限为 256 KB", "The body is too large: 256 KB of JSON at most."),
    "comment_is_deleted": ("评论已被作者删除", "The comment has been deleted by its author."),
    "comment_not_found": ("没有找到该评论", "No such comment."),
    "comments_closed": ("作者已关闭评论", "The author takes no comments on this post."),
    "conflict": ("当前状态不允许此操作", "The present state does not allow this."),
    "cursor_expired": ("列表已更新，请从第一页重新加载", "The list has moved on: start again from the first page."),
    "cursor_invalid": ("翻页参数无效", "The cursor was not given by this list."),
    "database_away": ("服务暂时不可用，请稍后再试", "The service is away for a moment: try again."),
    "forbidden": ("没有权限进行此操作", "You are not allowed to do this."),
    "idempotency_key_reused": (
        "同一 Idempotency-Key 不能用于不同内容",
        "This Idempotency-Key came with another body before.",
    ),
    "internal_error": ("服务出错了，我们已记录该问题", "Something went wrong on our side; it has been logged."),
    "invalid": ("部分内容不符合要求", "Some fields are not acceptable."),
    "malformed_body": (
        "请求内容不是有效的 JSON，或字段类型有误",
        "The body is not valid JSON, or a value has the wrong type.",
    ),
    "method_not_allowed": ("不支持该请求方法", "This path does not know that method."),
    "muted": ("该账号已被禁言", "This account may not post or comment for now."),
    "not_found": ("没有找到", "Not found."),
    "not_your_comment": ("只能删除自己的评论", "Only its author may delete a comment."),
    "not_your_post": ("只能修改自己的帖子", "Only its author may change a post."),
    "overloaded": ("现在人太多了，请稍后再试", "Too much at once: try again in a moment."),
    "post_is_deleted": ("帖子已被作者删除", "The post has been deleted by its author."),
    "post_not_editable": ("该帖子现在不能修改", "This post cannot be edited now."),
    "post_not_found": ("没有找到该帖子", "No such post."),
    "post_not_published": ("帖子尚未公开", "The post is not visible to others now."),
    "role_missing": ("需要相应的工作人员权限", "This needs a staff role that you do not hold."),
    "token_expired": ("登录已过期，请重新登录", "The token has expired: sign in again."),
    "token_invalid": ("登录凭证无效，请重新登录", "The token is not valid: sign in again."),
    "topic_not_found": ("没有找到该话题", "No such topic."),
    "unauthenticated": ("请先登录", "Sign in first."),
    "unavailable": ("服务暂时不可用，请稍后再试", "The service is away for a moment: try again."),
    # Fields: the numbers come from the refusal.
    "field.forbidden_character": ("含有不支持的字符", "Contains a character that is not accepted."),
    "field.invalid_value": ("取值无效", "Is not a valid value."),
    "field.not_found": ("不存在或不可用", "Does not exist or cannot be used."),
    "field.out_of_range": ("应在 {least} 到 {most} 之间", "Must be between {least} and {most}."),
    "field.required": ("不能为空", "Is required."),
    "field.too_long": ("不能超过 {longest} 个字", "Must not have more than {longest} characters."),
    "field.too_short": ("内容太短", "Is too short."),
    "field.unknown_value": ("应为以下之一：{allowed}", "Must be one of {allowed}."),
}


class _Numbers(dict[str, object]):
    """What a message names and a refusal left out stays readable."""

    def __missing__(self, key: str) -> str:
        return "…"


def words_of(code: str, language: str, **params: object) -> str:
    """The message of a code in `zh-CN` or `en`; empty for a code without words."""
    words = _WORDS.get(code, ("", ""))[language == "en"]
    shown = {name: "、".join(map(str, value)) if isinstance(value, list) else value for name, value in params.items()}
    return words.format_map(_Numbers(shown))


def known_codes() -> frozenset[str]:
    """Every code that has words."""
    return frozenset(_WORDS)
