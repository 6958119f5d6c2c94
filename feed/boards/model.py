"""Boards: ranked lists kept in Redis and computable from Postgres; their rows, and their position in the change log."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

# The hot list keeps this many posts in Redis and serves as many as a ranked list may show.
HOT = "hot"
HOT_KEPT = 5_000
HOT_SHOWN = 1_000
# A campaign has a board in Redis in these states; once settled it is read from the frozen sheet.
BOARD_STATES = ("scheduled", "judging")


def board_of(campaign_id: int) -> str:
    """The key of a campaign's board. It is the hash tag of its keys: everything of one board lies on one node."""
    return f"c{campaign_id}"


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A post on a board. The hot list counts likes and comments as shown, a campaign counts persons.

    `at` is when the post was published, or entered the campaign.
    """

    post_id: int
    author_id: int
    score: int  # Millionths of a point.
    likes: int
    comments: int
    at: datetime
    quality: Decimal | None = None


class Position(msgspec.Struct, frozen=True):
    """How far a board has followed the change log. The stamp tells this history from another one with the same numbers."""

    number: int
    stamp: str = ""


class LogHead(msgspec.Struct, frozen=True):
    """Whose data this is, and where its change log stood."""

    epoch: str
    position: Position


def epoch_of(*parts: object) -> str:
    """What all keys carry: another database, timeline, or rebuild has other keys."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


def cut(rows: Sequence[Row], limit: int) -> list[Row]:
    """The highest rows, best first by score, with every row that shares the last one's score: ties are for others to break."""
    ordered = sorted(rows, key=lambda row: (-row.score, -row.post_id))
    if len(ordered) <= limit:
        return ordered
    edge = ordered[limit - 1].score
    return [row for row in ordered if row.score >= edge]
