"""Messages to a phone: when they may go, and what can become of them."""

from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import NewType

import msgspec

from feed.errors import Conflict, NotFound
from feed.ids import parse_id

MessageId = NewType("MessageId", int)
Reference = NewType("Reference", str)

# China has had no summer time since 1991; a fixed offset asks for no time zone files.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class MessageNotFound(NotFound):
    """No such message."""


class MessageNotStuck(Conflict):
    """It waits, is on its way, or has arrived: there is nothing for an editor to decide."""


class MessageTooLate(Conflict):
    """What it tells of is over: sending it again would help nobody."""


class Purpose(StrEnum):
    """Why a message is sent; each has a template that is registered with the provider."""

    SIGN_IN_CODE = "sign_in_code"
    PRIZE_NOTICE = "prize_notice"
    CLAIM_REMINDER = "claim_reminder"


class State(StrEnum):
    """`sending` means: a provider may have been asked. Only its own word or an editor leads out of it.

    `sent` means that the provider has taken it; whether the phone has, a receipt tells later, or never.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


# Of these an editor may order another attempt, or say how they ended.
STUCK = (State.UNKNOWN, State.FAILED, State.UNDELIVERED)

# A code is worthless after some minutes and its owner is awake.
URGENT = frozenset({Purpose.SIGN_IN_CODE})


class Lane(StrEnum):
    """Messages of one lane wait for each other and for no other lane's: a thousand notices do not hold up a sign-in."""

    CODES = "codes"
    NOTICES = "notices"


def lane_of(purpose: Purpose) -> Lane:
    """Where a message waits for its turn."""
    return Lane.CODES if purpose in URGENT else Lane.NOTICES


def reference_of(message_id: MessageId, attempt: int) -> Reference:
    """What a provider knows an attempt by: one that somebody has ordered after another must not be taken for it."""
    return Reference(str(message_id) if attempt <= 1 else f"{message_id}-{attempt}")


def read_reference(reference: str) -> tuple[MessageId, int] | None:
    """The message and the attempt; None for what is no reference of ours."""
    number, dash, attempt = reference.partition("-")
    message_id, number_of_attempt = parse_id(number), parse_id(attempt if dash else "1")
    if message_id is None or number_of_attempt is None or number_of_attempt >= 2**31:
        return None
    return MessageId(message_id), number_of_attempt


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
    person: bytes | None
    not_before: datetime
    expires_at: datetime | None
    now: datetime


class Sending(msgspec.Struct, frozen=True):
    """A message handed over, or about to be. `sending_at` tells one attempt from the next; `age` is the database's word."""

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
        """What the provider knows it by."""
        return reference_of(self.id, self.attempt)


class Recipient(msgspec.Struct, frozen=True):
    """What is sealed in a message."""

    phone: str
    params: dict[str, str]


class Receipt(msgspec.Struct, frozen=True):
    """A provider's word on what has become of a message that it had taken; `reference` where it tells ours."""

    provider_id: str
    reference: str | None
    delivered: bool
    error_code: str | None


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
