"""An SMS provider for development at a terminal: writes each message to standard output."""

from datetime import UTC, datetime

import msgspec

from feed.sms.file_provider import OutboxLine
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Inconclusive, Registration
from feed.sms.templates import render_text
from feed.terminal import print_lines


class ConsoleProvider:
    """Keeps no record, so it cannot look messages up."""

    name = "console"

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """Prints the message as one line of JSON, in the format of the outbox file."""
        line = OutboxLine(reference, datetime.now(UTC), phone, purpose, render_text(purpose, params), params)
        print_lines(msgspec.json.encode(line).decode())
        return f"console-{reference}"

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> Inconclusive:
        """Always inconclusive: nothing is recorded."""
        return Inconclusive()

    async def close(self) -> None:
        """Nothing to close."""


CONSOLE = Registration(name=ConsoleProvider.name, read=lambda _: None, open=lambda _: ConsoleProvider(), sends=False)
