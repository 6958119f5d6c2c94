"""What clients were told, and when: beside the rows, the one thing that the checker believes. Pure."""

from typing import Literal

import msgspec

What = Literal[
    "post",
    "comment",
    "like",
    "unlike",
    "like_comment",
    "unlike_comment",
    "delete_post",
    "delete_comment",
    "remove",
    "restore",
    "ban",
    "lift",
]


class Try(msgspec.Struct, frozen=True):
    """One request. `status` None: no answer came; `arrived` False: no connection was made, so nobody can have acted on it."""

    sent: float
    ended: float
    status: int | None = None
    arrived: bool = True

    @property
    def acknowledged(self) -> bool:
        """Whether its client was told that it was done."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unsure(self) -> bool:
        """Whether it may have acted, or may act yet, without a word to its client."""
        return self.arrived and (self.status is None or self.status >= 500)


class Deed(msgspec.Struct):
    """What one person wanted once, with every try of it. A person does one deed at a time.

    `subject` is the id of what it is done to; of a post or comment that is made, the text by which it is known.
    """

    who: int
    what: What
    subject: str
    post_id: str = ""
    tries: list[Try] = []
    told: list[str] = []  # The ids that the answers named: all the same, however often it was asked again.

    @property
    def began(self) -> float:
        """When the first try was sent."""
        return self.tries[0].sent

    @property
    def done(self) -> float | None:
        """When its client was first told that it was done."""
        return next((each.ended for each in self.tries if each.acknowledged), None)

    @property
    def unsure(self) -> list[Try]:
        """The tries of which nobody knows."""
        return [each for each in self.tries if each.unsure]


class Shown(msgspec.Struct, frozen=True):
    """What a page showed: posts, or comments with their words."""

    page: str
    began: float
    ended: float
    ids: tuple[str, ...]


class Glance(msgspec.Struct, frozen=True):
    """What somebody saw of a post just after his own deed on it."""

    who: int
    post_id: str
    began: float
    liked_by_me: bool


class Journal(msgspec.Struct):
    """Everything that clients did and were told."""

    deeds: list[Deed] = []
    shown: list[Shown] = []
    glances: list[Glance] = []
    breaches: list[str] = []  # Answers that the served document does not promise.
    statuses: dict[str, int] = {}

    @property
    def last_write(self) -> float:
        """When the last try of a deed ended."""
        return max((each.ended for deed in self.deeds for each in deed.tries), default=0.0)
