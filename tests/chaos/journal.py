"""The journal of requests and responses of all clients, which the checker compares with the rows. Pure."""

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
    """One request. `status` None: no response; `arrived` False: no connection, so it cannot have been processed."""

    sent: float
    ended: float
    status: int | None = None
    arrived: bool = True

    @property
    def acknowledged(self) -> bool:
        """Whether the client got a success response."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unsure(self) -> bool:
        """Whether it may have been processed, or may still be, without a response to the client."""
        return self.arrived and (self.status is None or self.status >= 500)


class Deed(msgspec.Struct):
    """One operation of a user with all its attempts. A user does one operation at a time.

    `subject` is the id of its object; for a new post or comment, its unique text.
    """

    who: int
    what: What
    subject: str
    post_id: str = ""
    tries: list[Try] = []
    told: list[str] = []  # The ids in the responses; all must be the same.

    @property
    def began(self) -> float:
        """When the first attempt was sent."""
        return self.tries[0].sent

    @property
    def done(self) -> float | None:
        """When the client got the first success response."""
        return next((each.ended for each in self.tries if each.acknowledged), None)

    @property
    def unsure(self) -> list[Try]:
        """The attempts with an unknown outcome."""
        return [each for each in self.tries if each.unsure]


class Shown(msgspec.Struct, frozen=True):
    """The items that a page showed."""

    page: str
    began: float
    ended: float
    ids: tuple[str, ...]


class Glance(msgspec.Struct, frozen=True):
    """What a user saw of a post just after an own operation on it."""

    who: int
    post_id: str
    began: float
    liked_by_me: bool


class Journal(msgspec.Struct):
    """All requests and responses of the clients."""

    deeds: list[Deed] = []
    shown: list[Shown] = []
    glances: list[Glance] = []
    breaches: list[str] = []  # Responses that violate the OpenAPI document.
    statuses: dict[str, int] = {}

    @property
    def last_write(self) -> float:
        """When the last attempt of an operation ended."""
        return max((each.ended for deed in self.deeds for each in deed.tries), default=0.0)
