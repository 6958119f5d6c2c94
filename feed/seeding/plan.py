"""The plan of posts and their engagement: a deterministic function of sizes and time. Pure."""

from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from feed.seeding.model import Sizes
from feed.seeding.zipf import SPREAD, owners, shares, stride

# Zipf exponents. Posts per author are distributed less unevenly than likes per post.
_LIKES, _COMMENTS, _AUTHORS, _TOPICS = 1.0, 0.9, 0.6, 1.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOW_BITS = 20
# Engagement of a post ends after this time, and most of it comes at the beginning.
_REACH = timedelta(days=30)
_UNTIL_NOW = timedelta(minutes=1)


class PlannedPost(NamedTuple):
    """A post by its number in time order, with the numbers of author and topic, and its counts."""

    number: int
    author: int
    topic: int | None
    published_at: datetime
    likes: int
    comments: int


class Engagement(NamedTuple):
    """A like or comment by the account with this number, at this time."""

    account: int
    at: datetime


class Plan:
    """Computes rows on demand, so that a million posts need only a few arrays."""

    def __init__(self, sizes: Sizes, now: datetime) -> None:
        self.sizes = sizes
        self._now = now - _UNTIL_NOW
        self._start = self._now - timedelta(days=sizes.days)
        self._likes = shares(sizes.likes, sizes.posts, exponent=_LIKES, most=sizes.accounts)
        self._comments = shares(sizes.comments, sizes.posts, exponent=_COMMENTS, most=max(1, sizes.comments))
        self._authors = owners(shares(sizes.posts, sizes.accounts, exponent=_AUTHORS, most=sizes.posts))
        self._topics = owners(shares(sizes.posts, sizes.topics, exponent=_TOPICS, most=sizes.posts))
        self._like_step, self._author_step, self._topic_step = (stride(sizes.posts, part) for part in SPREAD)
        self._account_step = stride(sizes.accounts, SPREAD[0])
        # Needed for every like, so it is computed once.
        self._account_ids = array("q", (_id(self.joined_at(number), number) for number in range(sizes.accounts)))
        self._blocks = (sizes.comments >> _LOW_BITS) + 1

    def joined_at(self, account: int) -> datetime:
        """When the account was created: before the first post."""
        return self._start - timedelta(days=1) - timedelta(days=365) * (account / self.sizes.accounts)

    def account_id(self, account: int) -> int:
        """The id of the account, ordered by time as all ids are."""
        return self._account_ids[account]

    def post(self, number: int) -> PlannedPost:
        """The post with this number in time order. Popular posts and active authors are spread over the whole period."""
        rank = number * self._like_step % self.sizes.posts
        return PlannedPost(
            number,
            author=self._authors[number * self._author_step % self.sizes.posts],
            topic=self._topics[number * self._topic_step % self.sizes.posts] if number % 4 else None,
            published_at=self._start + (self._now - self._start) * ((number + 1) / self.sizes.posts),
            likes=self._likes[rank],
            comments=self._comments[rank],
        )

    def post_id(self, post: PlannedPost) -> int:
        return _id(post.published_at, post.number)

    def comment(self, counted: int, at: datetime) -> tuple[int, datetime]:
        """The id and the slightly moved time of the comment that comes after `counted` others.

        The low bits of the id repeat after a million comments, so each million uses other milliseconds.
        """
        milliseconds = _milliseconds(at)
        own = milliseconds - milliseconds % self._blocks + (counted >> _LOW_BITS)
        moved = _EPOCH + timedelta(milliseconds=own)
        return _id(moved, counted), moved

    def likes_of(self, post: PlannedPost) -> Iterator[Engagement]:
        """The likes of the post, each by another account."""
        return self._engaged(post, post.likes, first=post.number * 31)

    def comments_of(self, post: PlannedPost) -> Iterator[Engagement]:
        """The comments of the post, earliest first; an account may comment again."""
        return self._engaged(post, post.comments, first=post.number * 17 + 5)

    def _engaged(self, post: PlannedPost, count: int, *, first: int) -> Iterator[Engagement]:
        reach = min(_REACH, self._now - post.published_at)
        accounts, step, microseconds = self.sizes.accounts, self._account_step, reach / timedelta(microseconds=1)
        for nth in range(count):
            early = ((nth + 1) / (count + 1)) ** 3
            at = post.published_at + timedelta(0, 0, int(microseconds * early))
            yield Engagement((first + nth * step) % accounts, at)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _id(at: datetime, number: int) -> int:
    return (_milliseconds(at) << _LOW_BITS) | (number & ((1 << _LOW_BITS) - 1))
