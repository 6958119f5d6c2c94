"""What phones are told, per purpose: the texts as they are registered with the providers."""

import re
import string
from collections.abc import Mapping

from feed.sms.model import Purpose

# Providers refuse links and the vocabulary of lotteries, so the notice says where to look and not what was won. They put the
# signature in front by themselves.
TEMPLATES = {
    Purpose.SIGN_IN_CODE: "验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。",
    Purpose.PRIZE_NOTICE: ("您参加的“{campaign}”活动有新的结果通知，请在 {date} 前到读特App“消息”查看并填写收件信息。"),
    Purpose.CLAIM_REMINDER: "您参加的“{campaign}”活动还没有收到您的收件信息，请在 {date} 前到读特App“消息”填写。",
}
SIGN = "读特"
REFUSED_WORDS = ("奖", "红包", "中签", "抽签")
LONGEST_VALUE = 30

_REFUSED = re.compile(
    "|".join(REFUSED_WORDS) + r"|https?:|://|www\.|[\w-]+\.(?:com|cn|net|org|top|vip|cc)\b", re.IGNORECASE
)


class TemplateRefused(ValueError):
    """A text of ours holds what providers refuse: nothing could be sent by it."""


def check_templates(templates: Mapping[Purpose, str] = TEMPLATES) -> None:
    """Raises TemplateRefused for a purpose without a text, and for a text that would not be registered."""
    for purpose in Purpose:
        text = templates.get(purpose, "")
        if not text or (found := _REFUSED.search(text)) is not None:
            raise TemplateRefused(f"the template of {purpose}: {found.group() if text and found else 'missing'}")


def names_of(purpose: Purpose) -> list[str]:
    """The template's values in the order in which they stand in it."""
    return [name for _, name, _, _ in string.Formatter().parse(TEMPLATES[purpose]) if name]


def fitted(purpose: Purpose, params: dict[str, str]) -> dict[str, str]:
    """The values as a template takes them: no longer than providers allow, and without what they refuse.

    Raises ValueError unless exactly the template's values are given.
    """
    wanted = set(names_of(purpose))
    if wanted != params.keys():
        raise ValueError(f"{purpose} takes {sorted(wanted)}")
    return {name: _fitted_value(value) for name, value in params.items()}


def _fitted_value(value: str) -> str:
    if _REFUSED.search(value):
        return "社区"  # An unlucky title would have the whole message refused.
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"


def text_of(purpose: Purpose, params: dict[str, str], sign: str = SIGN) -> str:
    """What the phone shows."""
    return f"【{sign}】" + TEMPLATES[purpose].format(**params)


def named_text(purpose: Purpose) -> str:
    """The text as Aliyun registers it: `${code}`."""
    return TEMPLATES[purpose].format(**{name: f"${{{name}}}" for name in names_of(purpose)})


def numbered_text(purpose: Purpose) -> str:
    """The text as Tencent Cloud registers it: `{1}`."""
    return TEMPLATES[purpose].format(**{name: f"{{{n}}}" for n, name in enumerate(names_of(purpose), 1)})
