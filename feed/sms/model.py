"""SMS messages: purposes, states, quiet hours and the next step of a queued message."""

from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Literal, NewType

import msgspec

from feed.errors import Conflict, NotFound
from feed.ids import parse_id

MessageId = NewType("MessageId", int)
Reference = NewType("Reference", str)

# China has had no daylight saving time since 1991, so a fixed offset needs no time zone database.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class MessageNotFound(NotFound):
    """No such message."""


JobState = Literal["waiting", "running", "dead"]


class JobNotFound(NotFound):
    """No such job; one that has ended is removed."""


class JobRunning(Conflict):
    """The job runs now: there is nothing to retry."""


class MessageNotStuck(Conflict):
    """The message is queued, being sent, or delivered: there is nothing for an editor to decide."""


class MessageTooLate(Conflict):
    """The message has expired; sending it again would be of no use."""


class Purpose(StrEnum):
    """Why a message is sent; each has a template that is registered with the provider."""

    SIGN_IN_CODE = "sign_in_code"
    PRIZE_NOTICE = "prize_notice"
    CLAIM_REMINDER = "claim_reminder"


class State(StrEnum):
    """`sending`: the provider may have been called; only its response, a lookup or an editor ends this state.

    `sent`: the provider accepted it. Whether the phone received it is known from a receipt, later or never.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


class HeldBy(StrEnum):
    """Why a message that is due waits."""

    QUIET_HOURS = "quiet_hours"
    QUOTA = "quota"


# States in which an editor may retry a message or record its outcome.
STUCK_STATES = (State.UNKNOWN, State.FAILED, State.UNDELIVERED)

# Exempt from quiet hours and notice caps: a code is useless after some minutes, and its user is awake.
URGENT = frozenset({Purpose.SIGN_IN_CODE})


class Lane(StrEnum):
    """A separate queue per kind of message, so that a thousand notices do not delay a sign-in code."""

    CODES = "codes"
    NOTICES = "notices"


def lane_of(purpose: Purpose) -> Lane:
    """The queue that a message of this purpose goes through."""
    return Lane.CODES if purpose in URGENT else Lane.NOTICES


def reference_of(message_id: MessageId, attempt: int) -> Reference:
    """The reference of an attempt at the provider. Each manual retry gets its own, so a lookup cannot confuse the two."""
    return Reference(str(message_id) if attempt <= 1 else f"{message_id}-{attempt}")


def read_reference(reference: str) -> tuple[MessageId, int] | None:
    """The message id and attempt number in a reference; None for a reference of another system."""
    number, dash, attempt = reference.partition("-")
    message_id, number_of_attempt = parse_id(number), parse_id(attempt if dash else "1")
    if message_id is None or number_of_attempt is None or number_of_attempt >= 2**31:
        return None
    return MessageId(message_id), number_of_attempt


class QuietHours(msgspec.Struct, frozen=True):
    """A daily interval in Shanghai time in which only urgent messages are sent."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def end_after(self, now: datetime) -> datetime:
        """The end of the quiet hours that contain `now`; `now` itself outside of them. In UTC."""
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
    """Parses `22:00-08:00`; None for `off` and the empty string. Raises ValueError for anything else."""
    if setting in ("", "off"):
        return None
    begin, dash, end = setting.partition("-")
    if not dash:
        raise ValueError("quiet hours are written 22:00-08:00, or off")
    return QuietHours(time.fromisoformat(begin), time.fromisoformat(end))


def earliest_send(purpose: Purpose, now: datetime, quiet: QuietHours | None) -> datetime:
    """The earliest time from `now` on at which the message may be sent."""
    return now if quiet is None or purpose in URGENT else quiet.end_after(now)


class QueuedMessage(msgspec.Struct, frozen=True):
    """A queued message with the database's time, `now`."""

    id: MessageId
    purpose: Purpose
    once_key: str
    sealed: bytes
    person: bytes | None
    not_before: datetime
    expires_at: datetime | None
    now: datetime


class SendAttempt(msgspec.Struct, frozen=True):
    """One attempt to send a message. `sending_at` identifies the attempt; `age` is by the database's clock."""

    id: MessageId
    purpose: Purpose
    once_key: str
    sealed: bytes
    sending_at: datetime
    provider: str = ""
    attempt: int = 1
    age: timedelta = timedelta(0)

    @property
    def reference(self) -> Reference:
        """The reference of this attempt at the provider."""
        return reference_of(self.id, self.attempt)


class Recipient(msgspec.Struct, frozen=True):
    """The encrypted part of a message."""

    phone: str
    params: dict[str, str]


class Receipt(msgspec.Struct, frozen=True):
    """A provider's delivery report. `reference` is ours, where the report contains it."""

    provider_id: str
    reference: str | None
    delivered: bool
    error_code: str | None


class Expire(msgspec.Struct, frozen=True):
    """The message has expired and is not sent."""


class Send(msgspec.Struct, frozen=True):
    """The message is sent now."""


class Wait(msgspec.Struct, frozen=True):
    """The message is sent after `left`. `held_by`: what holds it although it is due."""

    left: timedelta
    held_by: HeldBy | None = None


def next_step(message: QueuedMessage, quiet: QuietHours | None) -> Send | Wait | Expire:
    """Decides what to do with a queued message at `message.now`."""
    if message.expires_at is not None and message.expires_at <= message.now:
        return Expire()
    earliest = earliest_send(message.purpose, max(message.now, message.not_before), quiet)
    if earliest <= message.now:
        return Send()
    if message.expires_at is not None and message.expires_at <= earliest:
        return Expire()
    return Wait(earliest - message.now, HeldBy.QUIET_HOURS if message.not_before <= message.now else None)
