"""Messages to a phone: what they say, when they may go, and what can become of them."""

import re
import string
from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import NewType

import msgspec

MessageId = NewType("MessageId", int)

# China has had no summer time since 1991; a fixed offset asks for no time zone files.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class Purpose(StrEnum):
    """Why a message is sent; each has a template that is registered with the provider."""

    SIGN_IN_CODE = "sign_in_code"
    PRIZE_NOTICE = "prize_notice"
    CLAIM_REMINDER = "claim_reminder"


class State(StrEnum):
    """`sending` means: a provider may have been asked. Only its own word or an editor leads out of it."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


# Providers refuse links and the vocabulary of lotteries, so the notice says where to look and not what was won.
TEMPLATES = {
    Purpose.SIGN_IN_CODE: "【读特】验证码 {code}，{minutes} 分钟内有效，请勿告诉他人。",
    Purpose.PRIZE_NOTICE: (
        "【读特】您参加的“{campaign}”活动有新的结果通知，请在 {date} 前到读特App“消息”查看并填写收件信息。"
    ),
    Purpose.CLAIM_REMINDER: (
        "【读特】您参加的“{campaign}”活动还没有收到您的收件信息，请在 {date} 前到读特App“消息”填写。"
    ),
}
REFUSED_WORDS = ("中奖", "抽奖", "奖品", "获奖", "大奖", "兑奖", "领奖")
LONGEST_VALUE = 30

_REFUSED = re.compile("|".join(REFUSED_WORDS) + r"|https?:|www\.|[\w-]+\.(?:com|cn|net|org|top)\b", re.IGNORECASE)

# A code is worthless after some minutes and its owner is awake; it overtakes whatever waits.
URGENT = frozenset({Purpose.SIGN_IN_CODE})


def priority_of(purpose: Purpose) -> int:
    """The higher goes first: a thousand notices do not hold up a sign-in."""
    return 100 if purpose in URGENT else 0


def fitted(purpose: Purpose, params: dict[str, str]) -> dict[str, str]:
    """The values as a template takes them: no longer than providers allow, and without what they refuse.

    Raises ValueError unless exactly the template's values are given.
    """
    wanted = {name for _, name, _, _ in string.Formatter().parse(TEMPLATES[purpose]) if name}
    if wanted != params.keys():
        raise ValueError(f"{purpose} takes {sorted(wanted)}")
    return {name: _fitted_value(value) for name, value in params.items()}


def _fitted_value(value: str) -> str:
    if _REFUSED.search(value):
        return "社区"  # An unlucky title would have the whole message refused.
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"


def text_of(purpose: Purpose, params: dict[str, str]) -> str:
    """What the phone shows."""
    return TEMPLATES[purpose].format(**params)


class QuietHours(msgspec.Struct, frozen=True):
    """From when to when, in Shanghai, only the urgent may ring."""

    begin: time
    end: time

    def end_after(self, now: datetime) -> datetime:
        """When the quiet that `now` lies in ends; `now` itself when it lies in none."""
        here = now.astimezone(SHANGHAI)
        over_midnight = self.begin > self.end
        quiet = (
            here.time() >= self.begin or here.time() < self.end
            if over_midnight
            else self.begin <= here.time() < self.end
        )
        if not quiet:
            return now
        day = here.date() + timedelta(days=1 if over_midnight and here.time() >= self.begin else 0)
        return datetime.combine(day, self.end, SHANGHAI).astimezone(UTC)


def read_quiet_hours(setting: str) -> QuietHours | None:
    """`22:00-08:00` as hours; None for `off` and for nothing. Raises ValueError for anything else."""
    if setting in ("", "off"):
        return None
    begin, dash, end = setting.partition("-")
    if not dash:
        raise ValueError("quiet hours are written 22:00-08:00, or off")
    return QuietHours(time.fromisoformat(begin), time.fromisoformat(end))


def earliest_send(purpose: Purpose, now: datetime, quiet: QuietHours | None) -> datetime:
    """The first moment from `now` on when the message may go."""
    return now if quiet is None or purpose in URGENT else quiet.end_after(now)


class Waiting(msgspec.Struct, frozen=True):
    """A message that is queued, and the database's clock beside it."""

    id: MessageId
    purpose: Purpose
    once_key: str
    sealed: bytes
    not_before: datetime
    expires_at: datetime | None
    now: datetime


class Sending(msgspec.Struct, frozen=True):
    """A message handed over, or about to be. `sending_at` tells one attempt from the next."""

    id: MessageId
    purpose: Purpose
    once_key: str
    sealed: bytes
    sending_at: datetime


class Recipient(msgspec.Struct, frozen=True):
    """What is sealed in a message."""

    phone: str
    params: dict[str, str]


class Expire(msgspec.Struct, frozen=True):
    """Too late to be of use."""


class Send(msgspec.Struct, frozen=True):
    """Now."""


class Wait(msgspec.Struct, frozen=True):
    """Not yet, but after so long."""

    left: timedelta


def next_step(message: Waiting, quiet: QuietHours | None) -> Send | Wait | Expire:
    """What is to be done with a queued message at its own `now`."""
    if message.expires_at is not None and message.expires_at <= message.now:
        return Expire()
    earliest = earliest_send(message.purpose, max(message.now, message.not_before), quiet)
    if earliest <= message.now:
        return Send()
    if message.expires_at is not None and message.expires_at <= earliest:
        return Expire()
    return Wait(earliest - message.now)
