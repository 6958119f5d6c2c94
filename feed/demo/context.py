"""State that the chapters share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from feed.demo.client import Line, Person, anonymous, arrive
from feed.demo.expectations import Expectations
from feed.demo.output import Output
from feed.demo.participants import STAFF, all_participants
from feed.demo.script import Script
from feed.demo.texts_en import ENGLISH
from feed.demo.texts_zh import CHINESE
from feed.keys.store import Keys


class DemoContext:
    """The participants, the connection to the server, the expected counts and the campaign."""

    def __init__(self, output: Output, line: Line, keys: Keys, data: Path, kill_api: Callable[[], None]) -> None:
        self.output = output
        self.line = line
        self.data = data
        self.script: Script = CHINESE if output.language == "zh" else ENGLISH
        self.kill_api = kill_api
        self.people: dict[str, Person] = {role.key: arrive(line, keys, role) for role in all_participants(self.script)}
        self.anonymous = anonymous(line, self.script.name_of("anybody"))
        self.tally = Expectations(
            {key: person.phone for key, person in self.people.items()},
            excluded=STAFF,
        )
        # How fast this machine is: for the arrival of all participants, and for the photos.
        self.arrival_seconds = 1.0
        self.photo_seconds = 1.0
        self.campaign_id = ""
        # The one that stays open; empty unless the servers go on.
        self.second_campaign_id = ""
        self.spam_id = ""
        self.ends_at = 0.0
        self.settle_at = 0.0
        # Post ids by moment, and moments by post id.
        self.posts: dict[str, str] = {}
        self.moments: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        # Ids of photos and videos by moment, in the order in which a post shows them.
        self.media: dict[str, list[str]] = {}

    def __getitem__(self, key: str) -> Person:
        return self.people[key]

    @property
    def public_path(self) -> str:
        """The path of the campaign for readers."""
        return f"/v1/campaigns/{self.campaign_id}"

    @property
    def admin_path(self) -> str:
        """The path of the campaign for editors."""
        return f"/v1/admin/campaigns/{self.campaign_id}"

    def author(self, moment: str) -> Person:
        """The author of a moment."""
        return self.people[self.tally.entered[self.posts[moment]].author]

    async def eventually(self, ask: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        """Whether the condition becomes true within the seconds, or as many times more as this machine is slower; polls it."""
        until = time.monotonic() + seconds * max(1.0, self.arrival_seconds)
        while not await ask():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.15)
        return True

    def excerpt(self, text: str, *, beside: int) -> str:
        """The beginning of a post's text that fits into a line with `beside` other cells."""
        return self.script.snippet(text, max(8, (self.output.console.width - beside) // self.script.cells - 2))

    def seconds_left(self) -> float:
        """Seconds until the deadline."""
        return self.ends_at - time.time()


def wire_time(at: float) -> str:
    """A Unix time in seconds as the API's RFC 3339 text."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
