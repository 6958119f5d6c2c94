"""What a provider of SMS must be able to do, and how it is registered. No provider sends idempotently, so it must know our references.

Words of errors go to logs and to the database: they may hold a provider's code and nothing of the recipient.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from feed.settings import Settings
from feed.sms.model import Purpose, Receipt, Reference
from feed.sms.quotas import CODE_WINDOWS

Account = TypeVar("Account")
Report = TypeVar("Report")

# How long a provider may take for an answer. Nobody who has sent is still waiting after ABANDONED_AFTER.
ANSWER_SECONDS = 5.0
ABANDONED_AFTER = timedelta(seconds=12)
# Details of a message appear at the provider some time after it was taken; what has not by then may never.
MISSING_AFTER = timedelta(minutes=3)
# A provider that has not answered for so long may be asked by an editor.
SILENT_AFTER = timedelta(hours=1)


class Refused(Exception):
    """For good: a number that does not exist, values that are not taken. Certainly not sent."""


class Throttled(Exception):
    """For now. Certainly not sent."""

    def __init__(self, code: str, *, retry_after: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Held(Throttled):
    """Until somebody acts: money, a quota, keys, a template that is not approved. Certainly not sent."""


class Uncertain(Exception):
    """No answer, or none that can be read: sent or not, `find` must tell later."""


class Found(msgspec.Struct, frozen=True):
    """The provider has taken the message."""

    provider_id: str


class NotSeen(msgspec.Struct, frozen=True):
    """The provider is sure that it has not taken the message and will not do so: it may be sent again."""


class Missing(msgspec.Struct, frozen=True):
    """It is not among what the provider shows, which proves nothing: it may show it later."""


class CannotTell(msgspec.Struct, frozen=True):
    """Nobody knows; a person decides."""


Trace = Found | NotSeen | Missing | CannotTell


class SmsProvider(Protocol):
    """Ours to call for one message at a time; `reference` is what the provider keeps as its foreign id."""

    @property
    def name(self) -> str:
        """As messages remember it."""
        ...

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """The provider's id of the message it took. Raises Refused, Throttled (or Held) or Uncertain."""
        ...

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> Trace:
        """What became of an attempt made at `sending_at`. Raises Uncertain when the provider does not answer now."""
        ...

    async def close(self) -> None:
        """Ends its connections."""
        ...


class ReceiptFormat(msgspec.Struct, Generic[Report], frozen=True):
    """How a provider reports deliveries: its webhook takes a list of `report`. `title` names it in the served document.

    `read(report)` is None for a report of a message that the provider cannot have taken.
    """

    title: str
    report: type[Report]
    read: Callable[[Report], Receipt | None]


class Registration(msgspec.Struct, Generic[Account], frozen=True, kw_only=True):
    """A provider as the settings name it.

    `read(settings)` is what it needs of the settings and raises SmsSettingsRefused; `open` takes that and opens no
    connection. `sends` is False for a provider that only writes down what would be sent. `code_windows` are seconds and
    quota within which one phone gets codes. Its webhook is `/v1/hooks/sms/{name}/{token}`.
    """

    name: str
    read: Callable[[Settings], Account]
    open: Callable[[Account], SmsProvider]
    sends: bool = True
    code_windows: Sequence[tuple[int, int]] = CODE_WINDOWS
    receipts: ReceiptFormat[Any] | None = None
