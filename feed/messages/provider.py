"""What a provider of SMS must be able to say. No provider sends idempotently, so it must know our ids.

Words of errors go to logs and to the database: they may hold a provider's code and nothing of the recipient.
"""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from feed.messages.model import MessageId, Purpose

# How long a provider may take for an answer. Nobody who has sent is still waiting after ABANDONED_AFTER.
ANSWER_SECONDS = 5.0
ABANDONED_AFTER = timedelta(seconds=12)


class Refused(Exception):
    """For good: a number that does not exist, a template that is not registered. Certainly not sent."""


class Throttled(Exception):
    """For now. Certainly not sent."""

    def __init__(self, code: str, *, retry_after: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Uncertain(Exception):
    """No answer, or none that can be read: sent or not, `find` must tell later."""


class Found(msgspec.Struct, frozen=True):
    """The provider has taken the message."""

    provider_id: str


class NotSeen(msgspec.Struct, frozen=True):
    """The provider is sure that it has not taken the message and will not do so: it may be sent again."""


class CannotTell(msgspec.Struct, frozen=True):
    """Nobody knows; a person decides."""


class SmsProvider(Protocol):
    """Ours to call for one message at a time; `message_id` is what the provider keeps as its foreign id."""

    name: str

    async def send(self, message_id: MessageId, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """The provider's id of the message it took. Raises Refused, Throttled or Uncertain."""
        ...

    async def find(self, message_id: MessageId, phone: str, sending_at: datetime) -> Found | NotSeen | CannotTell:
        """What became of an attempt made at `sending_at`. Raises Uncertain when the provider does not answer now."""
        ...
