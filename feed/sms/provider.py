"""The interface of an SMS provider, its errors, and its registration.

No provider sends idempotently, so a lookup by our reference is required. Error messages go to logs and to the database:
they may contain a provider's code and nothing about the recipient.
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

# The timeout of one request. After ABANDONED_AFTER no sender is still waiting for its response.
RESPONSE_SECONDS = 5.0
ABANDONED_AFTER = timedelta(seconds=12)
# A provider lists a message some time after it accepted it. One not listed after this time may never be.
NOT_LISTED_AFTER = timedelta(minutes=3)
# After this time without a response to lookups the outcome is left to an editor.
UNRESPONSIVE_AFTER = timedelta(hours=1)


class Rejected(Exception):
    """Rejected for good, for instance an invalid number or parameter. Certainly not sent."""


class Throttled(Exception):
    """Not accepted now; retry after `retry_after`. Certainly not sent."""

    def __init__(self, code: str, *, retry_after: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Held(Throttled):
    """Not accepted until an operator acts: balance, quota, keys, an unapproved template. Certainly not sent."""


class Uncertain(Exception):
    """No response, or an unreadable one. Whether it was sent has to be looked up with `find`."""


class Found(msgspec.Struct, frozen=True):
    """The provider accepted the message."""

    provider_id: str


class NotAccepted(msgspec.Struct, frozen=True):
    """The provider guarantees that it has not accepted the message and will not: it may be sent again."""


class NotListed(msgspec.Struct, frozen=True):
    """The provider does not list the message. That proves nothing: it may be listed later."""


class Inconclusive(msgspec.Struct, frozen=True):
    """The provider cannot say; an editor decides."""


LookupResult = Found | NotAccepted | NotListed | Inconclusive


class SmsProvider(Protocol):
    """Sends one message per call. The provider keeps `reference` as its foreign id."""

    @property
    def name(self) -> str:
        """The name that is stored with messages."""
        ...

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """Sends the message and returns the provider's id of it. Raises Rejected, Throttled (or Held) or Uncertain."""
        ...

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> LookupResult:
        """Looks up an attempt made at `sending_at`. Raises Uncertain when the provider does not respond."""
        ...

    async def close(self) -> None:
        """Closes the connections."""
        ...


class ReceiptFormat(msgspec.Struct, Generic[Report], frozen=True):
    """The format of a provider's delivery reports: its webhook takes a list of `report`. `title` is its name in OpenAPI.

    `read(report)` returns None for a report without a valid message id.
    """

    title: str
    report: type[Report]
    read: Callable[[Report], Receipt | None]


class Registration(msgspec.Struct, Generic[Account], frozen=True, kw_only=True):
    """A provider under its name in the settings.

    `read(settings)` returns its configuration and raises InvalidSmsSettings; `open` takes that and opens no connection.
    `sends` is False for a provider that only records messages. `code_windows` are pairs of seconds and quota for the
    codes of one phone. The webhook is `/v1/hooks/sms/{name}/{token}`.
    """

    name: str
    read: Callable[[Settings], Account]
    open: Callable[[Account], SmsProvider]
    sends: bool = True
    code_windows: Sequence[tuple[int, int]] = CODE_WINDOWS
    receipts: ReceiptFormat[Any] | None = None
