"""What hides a post or a comment besides its state: independent reasons, a bit each. Pure.

Undoing one reason removes its bit; whatever else hides the item stays. The views `visible_posts` and `visible_comments` and the
function `shown_state` are the same rules in SQL; a test compares them.
"""

from enum import IntFlag
from typing import Literal, Protocol

State = Literal["pending", "published", "rejected", "removed", "deleted"]


class Hold(IntFlag):
    """A reason to hide an item."""

    REPORT = 1  # The threshold of reports.
    SUBJECT = 2  # A takedown of this item.
    AUTHOR = 4  # A takedown of its author.
    TOPIC = 8  # A takedown of a topic that it is listed under.
    IMAGE = 16  # A takedown of an image that it contains.
    MEDIA = 32  # Media that are not ready.
    MACHINE = 64  # A later layer of the machine check, which has sent it to review.
    POST_AUTHOR = 128  # The author of the post, who has hidden this comment.
    LEAVING = 256  # Its author has requested the deletion of the account.


NONE = Hold(0)
# Holds by which the item counts as removed.
TAKEDOWNS = Hold.SUBJECT | Hold.AUTHOR | Hold.TOPIC | Hold.IMAGE
# Holds by which the item counts as waiting for a decision.
WAITING = Hold.REPORT | Hold.MACHINE | Hold.MEDIA


class Held(Protocol):
    """An item with a stored state and holds."""

    @property
    def state(self) -> State: ...

    @property
    def holds(self) -> int: ...


def is_visible(item: Held) -> bool:
    """Whether the item is visible to others."""
    return item.state == "published" and not item.holds


def shown_state(item: Held) -> State:
    """The state that authors and staff are shown, and that campaigns count by."""
    if not item.holds or item.state in ("deleted", "rejected", "removed"):
        return item.state
    if item.holds & TAKEDOWNS:
        return "removed"
    return "pending" if item.holds & WAITING else item.state
