"""The port to a provider of content checks: what one is asked, and what it answers."""

from typing import Protocol

import msgspec

from feed.screening.model import Label


class NotAnswered(Exception):
    """The provider gave no usable answer; the same text is asked about again later. The message is a code without content."""


class ProviderAnswer(msgspec.Struct, frozen=True):
    """The hits that a provider has found, all of the level `review`, and its ids of the requests."""

    request_id: str
    labels: list[Label]


class ContentProvider(Protocol):
    """A provider. Its results hold a text for review, and never publish or reject one."""

    @property
    def name(self) -> str:
        """Its name in settings and in stored results."""

    async def check(self, text: str, reference: str) -> ProviderAnswer:
        """The hits in the text. `reference` is ours: the same one for each attempt. Raises NotAnswered."""

    async def close(self) -> None:
        """Closes its connections."""
