"""The hot score. It depends on engagement and the time of publication, not on the time of the computation."""

import math
from datetime import UTC, datetime, timedelta

# Ten times the engagement is worth this much time.
PERIOD = timedelta(hours=12)
COMMENT_WEIGHT = 2
# The decimal logarithm of the highest weighted engagement that counts.
MOST = 8
REACH = MOST * PERIOD
# What an editor's boost adds to a score, in millionths: as much as ten times the engagement.
BOOST = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = 1_000_000


def hot_score(*, likes: int, comments: int, published_at: datetime) -> int:
    """log10(1 + likes + COMMENT_WEIGHT * comments) + publication time / PERIOD, in millionths.

    The counts exclude the author's own likes and comments. For the decision see docs/decisions/0015-hot-list-ranking.md.
    """
    others = min(likes + COMMENT_WEIGHT * comments, 10**MOST)
    microseconds = (published_at - _EPOCH) // timedelta(microseconds=1)
    return round(math.log10(1 + others) * _MICRO) + microseconds // int(PERIOD.total_seconds())
