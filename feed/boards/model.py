"""Boards: ranked lists in Redis that can be computed from Postgres; their rows, and positions in the change log."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

# Redis keeps the first number of posts of the hot list; the second must be exact, and is the most that is shown.
HOT = "hot"
HOT_KEPT = 5_000
HOT_SHOWN = 1_000
# The states in which a campaign has a board in Redis; after the settlement the frozen sheet is read.
BOARD_STATES = ("scheduled", "judging")


def board_of(campaign_id: int) -> str:
    """The key of a campaign's board. It is the hash tag of its Redis keys, so that they are on one cluster node."""
    return f"c{campaign_id}"


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A post on a board. `likes` and `comments` are the shown counts on the hot list, and persons in a campaign.

    `at` is the time of publication, or of the entry into the campaign.
    """

    post_id: int
    author_id: int
    score: int  # Millionths of a point.
    likes: int
    comments: int
    at: datetime
    quality: Decimal | None = None


class Position(msgspec.Struct, frozen=True):
    """A position in the change log. The stamp distinguishes this history from another one with the same numbers."""

    number: int
    stamp: str = ""


class LogHead(msgspec.Struct, frozen=True):
    """The epoch of the database, and the end of its change log."""

    epoch: str
    position: Position


def epoch_of(*parts: object) -> str:
    """The epoch, which is part of every key: another database, timeline or rebuild has other keys."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


def top_with_ties(rows: Sequence[Row], limit: int) -> list[Row]:
    """The `limit` highest rows by score, best first, with all that tie with the last one: callers break ties."""
    ordered = sorted(rows, key=lambda row: (-row.score, -row.post_id))
    if len(ordered) <= limit:
        return ordered
    edge = ordered[limit - 1].score
    return [row for row in ordered if row.score >= edge]
