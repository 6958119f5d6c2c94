"""The hot list's score: it moves with engagement and never with the clock."""

import math
from datetime import UTC, datetime, timedelta

# Ten times the engagement is worth this much time.
PERIOD = timedelta(hours=12)
COMMENT_WEIGHT = 2
# No post has more weighted engagement than ten to this power.
MOST = 8
REACH = MOST * PERIOD
# What an editor's boost adds to a score, in millionths: as much as ten times the engagement.
BOOST = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = 1_000_000


def hot_score(*, likes: int, comments: int, published_at: datetime) -> int:
    """In millionths: the logarithm of what others did, plus the time of publication. The author's own acts are left out before."""
    others = min(likes + COMMENT_WEIGHT * comments, 10**MOST)
    microseconds = (published_at - _EPOCH) // timedelta(microseconds=1)
    return round(math.log10(1 + others) * _MICRO) + microseconds // int(PERIOD.total_seconds())
