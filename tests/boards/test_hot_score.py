"""The hot score: a pure function of engagement and the time of publication."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from feed.boards.hot_score import PERIOD, REACH, hot_score

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
counts = st.integers(0, 10_000_000)
times = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


def test_ten_times_the_engagement_is_worth_twelve_hours() -> None:
    assert hot_score(likes=9, comments=0, published_at=NOON) == hot_score(
        likes=0, comments=0, published_at=NOON + PERIOD
    )


def test_a_comment_is_worth_two_likes() -> None:
    assert hot_score(likes=2, comments=3, published_at=NOON) == hot_score(likes=8, comments=0, published_at=NOON)


@given(counts, counts, times)
def test_more_engagement_never_lowers_it(likes: int, comments: int, at: datetime) -> None:
    score = hot_score(likes=likes, comments=comments, published_at=at)
    assert hot_score(likes=likes + 1, comments=comments, published_at=at) >= score
    assert hot_score(likes=likes, comments=comments + 1, published_at=at) >= score


@given(counts, counts, times, st.timedeltas(timedelta(microseconds=43_200), timedelta(days=400)))
def test_later_is_hotter(likes: int, comments: int, at: datetime, later: timedelta) -> None:
    assert hot_score(likes=likes, comments=comments, published_at=at + later) > hot_score(
        likes=likes, comments=comments, published_at=at
    )


@given(st.integers(0, 10**12), times)
def test_no_engagement_is_worth_more_than_the_reach(likes: int, at: datetime) -> None:
    assert hot_score(likes=likes, comments=0, published_at=at) <= hot_score(
        likes=0, comments=0, published_at=at + REACH
    )


def test_it_fits_a_double_exactly() -> None:
    assert hot_score(likes=10**9, comments=10**9, published_at=datetime(2200, 1, 1, tzinfo=UTC)) < 2**53
