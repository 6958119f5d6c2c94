"""Whose likers go together: held against the plain definition, and against likes that were made to cost much."""

from collections import defaultdict
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from feed.prizes.fairness.liker_clusters import MAX_CLUSTERS, MAX_PAIRS_SHOWN, MIN_SHARED, find_clusters

Likers = dict[int, set[int]]


def _likers(likes: list[tuple[int, int]]) -> Likers:
    found: Likers = defaultdict(set)
    for post, person in likes:
        found[post].add(person)
    return found


def _unusual(likers: Likers) -> set[tuple[int, int]]:
    """As docs/api.md puts it, each pair by itself."""
    everybody = len(set().union(*likers.values()))
    found = set()
    for one, other in combinations(sorted(likers), 2):
        shared, sizes = len(likers[one] & likers[other]), (len(likers[one]), len(likers[other]))
        if shared >= 5 and 2 * shared >= min(sizes) and shared * everybody >= 2 * sizes[0] * sizes[1]:
            found.add((one, other))
    return found


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 20)), max_size=80, unique=True))
def test_a_cluster_holds_its_pairs_and_no_entry_is_in_two(likes: list[tuple[int, int]]) -> None:
    likers = _likers(likes)
    rings = find_clusters(likers)
    assert rings.compared == len(likers)
    assert {pair.posts for cluster in rings.clusters for pair in cluster.pairs} == _unusual(likers)
    posts = [post for cluster in rings.clusters for post in cluster.posts]
    assert len(set(posts)) == len(posts)
    assert rings.found == len(rings.clusters)
    for cluster in rings.clusters:
        assert cluster.pair_count == len(cluster.pairs)
        assert {post for pair in cluster.pairs for post in pair.posts} == set(cluster.posts)
        for pair in cluster.pairs:
            assert pair.shared == len(likers[pair.posts[0]] & likers[pair.posts[1]])
            assert pair.likers == (len(likers[pair.posts[0]]), len(likers[pair.posts[1]]))


def test_entries_without_a_common_liker_are_not_held_against_each_other() -> None:
    """A hundred thousand entries of few likers each: the work is by the likes, not by the pairs of entries."""
    few = {post: {3 * post, 3 * post + 1, 3 * post + 2} for post in range(100_000)}
    assert find_clusters(few).steps == 0
    own = {post: set(range(10 * post, 10 * post + 9)) | {-1} for post in range(1_000)}
    rings = find_clusters(own)
    assert (rings.compared, rings.steps) == (1_000, 1_000 * 999 // 2), "the one whom they share"


def test_who_likes_everything_cannot_make_the_work_endless() -> None:
    """Rings of few who like very much: each two of their entries are unusual, and there are eight million pairs."""
    rings_of = {post: set(range(10 * (post % 2), 10 * (post % 2) + MIN_SHARED)) for post in range(4_000)}
    likers = rings_of | {post: {post} for post in range(4_000, 5_000)}
    rings = find_clusters(likers, max_steps=100_000)
    assert rings.steps <= 100_000
    assert 0 < rings.compared < 4_000
    best = list(likers)[: rings.compared]
    assert {post for cluster in rings.clusters for post in cluster.posts} == set(best), (
        "what was compared is the best of them"
    )

    rings = find_clusters(likers, max_pairs=1_000)
    assert sum(cluster.pair_count for cluster in rings.clusters) <= 1_000 + rings.compared
    assert all(len(cluster.pairs) == MAX_PAIRS_SHOWN for cluster in rings.clusters)


def test_the_largest_clusters_are_shown_and_all_are_counted() -> None:
    likers: Likers = {}
    for ring in range(MAX_CLUSTERS + 20):
        for post in range(2 + (ring == 7)):
            likers[10 * ring + post] = set(range(100 * ring, 100 * ring + 6))
    rings = find_clusters(likers)
    assert (rings.found, len(rings.clusters)) == (MAX_CLUSTERS + 20, MAX_CLUSTERS)
    assert rings.clusters[0].posts == [70, 71, 72]


def test_nobody_likes_anything() -> None:
    assert find_clusters({}).clusters == find_clusters({1: set()}).clusters == []
