"""The plan: unique ids, one like per account and post, no engagement before its post."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from feed.seeding.model import Sizes
from feed.seeding.plan import Plan

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
SIZES = Sizes(posts=500, likes=4_000, comments=900, accounts=100, topics=10, days=30)


def test_nobody_likes_a_post_twice_or_before_it_is_there() -> None:
    plan = Plan(SIZES, NOW)
    total = 0
    for number in range(SIZES.posts):
        post = plan.post(number)
        likes = list(plan.likes_of(post))
        assert len({like.account for like in likes}) == len(likes) == post.likes <= SIZES.accounts
        assert all(post.published_at <= like.at < NOW for like in likes)
        total += len(likes)
    assert total == SIZES.likes


def test_ids_follow_time_and_are_given_once() -> None:
    plan = Plan(SIZES, NOW)
    posts = [plan.post(number) for number in range(SIZES.posts)]
    ids = [plan.post_id(post) for post in posts]
    assert ids == sorted(set(ids))
    assert all(earlier.published_at < later.published_at for earlier, later in pairwise(posts))
    accounts = {plan.account_id(number) for number in range(SIZES.accounts)}
    assert len(accounts) == SIZES.accounts
    assert max(plan.joined_at(number) for number in range(SIZES.accounts)) < posts[0].published_at


def test_comments_a_million_apart_do_not_share_an_id() -> None:
    plan = Plan(Sizes(posts=10, likes=0, comments=3_000_000, accounts=100), NOW)

    made = [plan.comment(before, NOW) for before in (7, (1 << 20) + 7, (2 << 20) + 7)]

    assert len({comment_id for comment_id, _ in made}) == 3
    assert all(abs(at - NOW) < timedelta(milliseconds=10) for _, at in made)
    # The id is the instant's, as next_id() makes it.
    assert all(datetime.fromtimestamp((comment_id >> 20) / 1000, UTC) == at for comment_id, at in made)
