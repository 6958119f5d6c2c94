"""The SMS templates per purpose, as they are registered with the providers."""

import re
import string
from collections.abc import Mapping

from feed.sms.model import Purpose
from feed.texts import quotable

# Providers reject links and lottery vocabulary, so a notice says where to look and not what was won. They add the
# signature in front themselves.
TEMPLATES = {
    Purpose.SIGN_IN_CODE: "验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。",
    Purpose.PRIZE_NOTICE: ("您参加的“{campaign}”活动有新的结果通知，请在 {date} 前到读特App“消息”查看并填写收件信息。"),
    Purpose.CLAIM_REMINDER: "您参加的“{campaign}”活动还没有收到您的收件信息，请在 {date} 前到读特App“消息”填写。",
}
SIGNATURE = "读特"
FORBIDDEN_WORDS = ("奖", "红包", "中签", "抽签")
MAX_VALUE_LENGTH = 30

_FORBIDDEN = re.compile(
    "|".join(FORBIDDEN_WORDS) + r"|https?:|://|www\.|[\w-]+\.(?:com|cn|net|org|top|vip|cc)\b", re.IGNORECASE
)


class InvalidTemplate(ValueError):
    """A template is missing or contains what providers reject."""


def check_templates(templates: Mapping[Purpose, str] = TEMPLATES) -> None:
    """Raises InvalidTemplate for a purpose without a template, and for a template that providers would reject."""
    for purpose in Purpose:
        text = templates.get(purpose, "")
        if not text or (found := _FORBIDDEN.search(text)) is not None:
            raise InvalidTemplate(f"the template of {purpose}: {found.group() if text and found else 'missing'}")


def param_names(purpose: Purpose) -> list[str]:
    """The template's parameter names in order of appearance."""
    return [name for _, name, _, _ in string.Formatter().parse(TEMPLATES[purpose]) if name]


def fit_params(purpose: Purpose, params: dict[str, str]) -> dict[str, str]:
    """The parameters shortened to what providers allow, with rejected words replaced.

    Raises ValueError unless exactly the template's parameters are given.
    """
    wanted = set(param_names(purpose))
    if wanted != params.keys():
        raise ValueError(f"{purpose} takes {sorted(wanted)}")
    return {name: _fitted_value(value) for name, value in params.items()}


def _fitted_value(value: str) -> str:
    # The templates have quotes around what users and editors have written.
    value = quotable(value, 4 * MAX_VALUE_LENGTH)
    if _FORBIDDEN.search(value):
        return "社区"  # Such a value would make providers reject the whole message.
    return value if len(value) <= MAX_VALUE_LENGTH else value[: MAX_VALUE_LENGTH - 1] + "…"


def render_text(purpose: Purpose, params: dict[str, str], sign: str = SIGNATURE) -> str:
    """The text that the phone shows, with the signature."""
    return f"【{sign}】" + TEMPLATES[purpose].format(**params)


def named_text(purpose: Purpose) -> str:
    """The text as Aliyun registers it: `${code}`."""
    return TEMPLATES[purpose].format(**{name: f"${{{name}}}" for name in param_names(purpose)})


def numbered_text(purpose: Purpose) -> str:
    """The text as Tencent Cloud registers it: `{1}`."""
    return TEMPLATES[purpose].format(**{name: f"{{{n}}}" for n, name in enumerate(param_names(purpose), 1)})
