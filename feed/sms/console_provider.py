"""The provider of somebody who develops at a terminal: what a phone would get goes to standard output."""

import sys
from datetime import UTC, datetime

import msgspec

from feed.sms.file_provider import OutboxLine
from feed.sms.model import Purpose, Reference
from feed.sms.provider import CannotTell, Registration
from feed.sms.templates import text_of


class ConsoleProvider:
    """Remembers nothing."""

    name = "console"

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """Prints one line of JSON, as the outbox holds it."""
        line = OutboxLine(reference, datetime.now(UTC), phone, purpose, text_of(purpose, params), params)
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()
        return f"console-{reference}"

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> CannotTell:
        """Whoever sat at the terminal knows."""
        return CannotTell()

    async def close(self) -> None:
        """Holds nothing."""


CONSOLE = Registration(name=ConsoleProvider.name, read=lambda _: None, open=lambda _: ConsoleProvider(), sends=False)
