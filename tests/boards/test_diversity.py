"""The diversity rule and the editorial order: properties, and equality with a simple model."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from feed.boards.diversity import _SEARCH_LIMIT, AUTHOR_MOST, TOPIC_MOST, WINDOW, diversify
from feed.boards.editorial_order import apply_editorial_order, sort_by_score
from feed.boards.hot_score import BOOST, hot_score
from feed.boards.model import Row
from feed.curation.model import HotAction, HotActionKind

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def row(post_id: int, author_id: int, score: int = 0) -> Row:
    return Row(post_id, author_id, score, 0, 0, NOON)


def action(post_id: int, kind: HotActionKind, id: int = 1) -> HotAction:
    return HotAction(id, post_id, kind, "因为", NOON, 1, NOON, None, None, True)


posts = st.lists(st.tuples(st.integers(1, 6), st.frozensets(st.integers(1, 4), max_size=3)), max_size=60)


def made(given: Sequence[tuple[int, frozenset[int]]]) -> tuple[list[Row], dict[int, list[int]]]:
    rows = [row(1000 - place, author) for place, (author, _) in enumerate(given)]
    return rows, {each.post_id: sorted(topics) for each, (_, topics) in zip(rows, given, strict=True) if topics}


def plain(rows: Sequence[Row], topics: dict[int, list[int]]) -> list[int]:
    """The same rule, written without an index: each step searches all remaining rows."""
    left, placed = list(rows), list[Row]()
    while left:
        last = placed[-(WINDOW - 1) :]
        author_counts = Counter(each.author_id for each in last)
        topic_counts = Counter(topic for each in last for topic in topics.get(each.post_id, ()))
        # For each author the best remaining post, because the posts of an author keep their order.
        heads = [each for place, each in enumerate(left) if each.author_id not in {e.author_id for e in left[:place]}]
        welcome = [each for each in heads if author_counts[each.author_id] < AUTHOR_MOST]
        fitting = [each for each in welcome if all(topic_counts[t] < TOPIC_MOST for t in topics.get(each.post_id, ()))]
        best = (fitting or welcome or heads)[0]
        placed.append(best)
        left.remove(best)
    return [each.post_id for each in placed]


@given(posts)
def test_it_equals_the_simple_model(given: list[tuple[int, frozenset[int]]]) -> None:
    rows, topics = made(given)
    assert diversify(rows, topics) == plain(rows, topics)


@given(posts)
def test_it_is_a_permutation(given: list[tuple[int, frozenset[int]]]) -> None:
    rows, topics = made(given)
    assert sorted(diversify(rows, topics)) == sorted(each.post_id for each in rows)


@given(posts)
def test_an_author_exceeds_the_limit_only_when_no_other_author_is_below_it(
    given: list[tuple[int, frozenset[int]]],
) -> None:
    rows, topics = made(given)
    author_of = {each.post_id: each.author_id for each in rows}
    order = [author_of[post_id] for post_id in diversify(rows, topics)]
    for place, author in enumerate(order):
        last = Counter(order[max(0, place - WINDOW + 1) : place])
        if last[author] >= AUTHOR_MOST:
            assert all(last[other] >= AUTHOR_MOST for other in order[place:])


@given(posts)
def test_distinct_authors_keep_the_order(given: list[tuple[int, frozenset[int]]]) -> None:
    rows = [row(1000 - place, place) for place in range(len(given))]
    assert diversify(rows, {}) == [each.post_id for each in rows]


def test_consecutive_posts_of_one_author_are_limited() -> None:
    busy = [row(500 - n, 1) for n in range(300)]
    others = [row(100 - n, 2 + n) for n in range(60)]
    order = diversify(busy + others, {})
    for start in range(60):
        assert sum(post_id > 200 for post_id in order[start : start + WINDOW]) <= AUTHOR_MOST


def test_consecutive_posts_of_one_topic_are_limited() -> None:
    # The other posts are within the search limit.
    dominant = [row(500 - n, n) for n in range(_SEARCH_LIMIT - 10)]
    others = [row(100 - n, 1000 + n) for n in range(30)]
    order = diversify(dominant + others, {each.post_id: [7] for each in dominant})
    for start in range(30):
        assert sum(post_id > 100 for post_id in order[start : start + WINDOW]) <= TOPIC_MOST


def test_the_author_limit_holds_when_all_posts_have_one_topic() -> None:
    rows = [row(500 - n, 1) for n in range(100)] + [row(300 - n, 2 + n) for n in range(100)]
    order = diversify(rows, {each.post_id: [7] for each in rows})
    for start in range(100):
        assert sum(post_id > 400 for post_id in order[start : start + WINDOW]) <= AUTHOR_MOST


def test_pins_come_first_boosts_rise_and_suppressed_posts_are_left_out() -> None:
    rows = [row(n, n, score=n * BOOST) for n in range(1, 8)]
    done = [action(1, "pin", id=1), action(2, "pin", id=2), action(7, "suppress"), action(4, "boost")]
    # A boost is worth ten times the engagement: 4 ties with 5, and the newer of two equal posts comes first.
    assert apply_editorial_order(rows, done, {}) == [2, 1, 6, 5, 4, 3]


@given(st.lists(st.sampled_from(("pin", "boost", "suppress", None)), max_size=20))
def test_the_list_is_never_empty_while_there_are_posts(kinds: list[HotActionKind | None]) -> None:
    rows = [row(n + 1, n, score=n) for n in range(len(kinds))]
    done = [action(n + 1, kind, id=n) for n, kind in enumerate(kinds) if kind is not None]
    order = apply_editorial_order(rows, done, {})
    assert bool(order) == bool(rows)
    assert len(set(order)) == len(order)
    if any(kind != "suppress" for kind in kinds):
        assert set(order) == {n + 1 for n, kind in enumerate(kinds) if kind != "suppress"}


@given(st.permutations([row(n, n, score=n // 2) for n in range(1, 9)]))
def test_the_order_is_total(rows: list[Row]) -> None:
    assert [each.post_id for each in sort_by_score(rows)] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert apply_editorial_order(rows, [], {}) == [8, 7, 6, 5, 4, 3, 2, 1]


def test_the_highest_engagement_of_a_two_years_old_post_scores_below_a_new_post() -> None:
    old = hot_score(likes=10**8, comments=10**8, published_at=NOON - timedelta(days=730))
    assert hot_score(likes=0, comments=0, published_at=NOON) > old
