"""Clusters of entries with common likers: compared with the plain definition, and bounded for expensive inputs."""

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
    """The unusual pairs by the definition of docs/reference/api.md, each pair by itself."""
    person_count = len(set().union(*likers.values()))
    found = set()
    for one, other in combinations(sorted(likers), 2):
        shared, sizes = len(likers[one] & likers[other]), (len(likers[one]), len(likers[other]))
        if shared >= 5 and 2 * shared >= min(sizes) and shared * person_count >= 2 * sizes[0] * sizes[1]:
            found.add((one, other))
    return found


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 20)), max_size=80, unique=True))
def test_a_cluster_holds_its_pairs_and_no_entry_is_in_two(likes: list[tuple[int, int]]) -> None:
    likers = _likers(likes)
    report = find_clusters(likers)
    assert report.compared == len(likers)
    assert {pair.posts for cluster in report.clusters for pair in cluster.pairs} == _unusual(likers)
    posts = [post for cluster in report.clusters for post in cluster.posts]
    assert len(set(posts)) == len(posts)
    assert report.found == len(report.clusters)
    for cluster in report.clusters:
        assert cluster.pair_count == len(cluster.pairs)
        assert {post for pair in cluster.pairs for post in pair.posts} == set(cluster.posts)
        for pair in cluster.pairs:
            assert pair.shared == len(likers[pair.posts[0]] & likers[pair.posts[1]])
            assert pair.likers == (len(likers[pair.posts[0]]), len(likers[pair.posts[1]]))


def test_entries_without_a_common_liker_cost_nothing() -> None:
    """A hundred thousand entries with few likers each: the cost depends on the likes, not on the pairs of entries."""
    few = {post: {3 * post, 3 * post + 1, 3 * post + 2} for post in range(100_000)}
    assert find_clusters(few).steps == 0
    own = {post: set(range(10 * post, 10 * post + 9)) | {-1} for post in range(1_000)}
    report = find_clusters(own)
    assert (report.compared, report.steps) == (1_000, 1_000 * 999 // 2), "steps of the one common liker"


def test_likers_of_everything_cannot_exceed_the_limits() -> None:
    """Two groups of likers who like thousands of entries, so that there are millions of unusual pairs."""
    groups = {post: set(range(10 * (post % 2), 10 * (post % 2) + MIN_SHARED)) for post in range(4_000)}
    likers = groups | {post: {post} for post in range(4_000, 5_000)}
    report = find_clusters(likers, max_steps=100_000)
    assert report.steps <= 100_000
    assert 0 < report.compared < 4_000
    best = list(likers)[: report.compared]
    assert {post for cluster in report.clusters for post in cluster.posts} == set(best), (
        "the first entries are compared"
    )

    report = find_clusters(likers, max_pairs=1_000)
    assert sum(cluster.pair_count for cluster in report.clusters) <= 1_000 + report.compared
    assert all(len(cluster.pairs) == MAX_PAIRS_SHOWN for cluster in report.clusters)


def test_the_largest_clusters_are_shown_and_all_are_counted() -> None:
    likers: Likers = {}
    for group in range(MAX_CLUSTERS + 20):
        for post in range(2 + (group == 7)):
            likers[10 * group + post] = set(range(100 * group, 100 * group + 6))
    report = find_clusters(likers)
    assert (report.found, len(report.clusters)) == (MAX_CLUSTERS + 20, MAX_CLUSTERS)
    assert report.clusters[0].posts == [70, 71, 72]


def test_without_likes_there_are_no_clusters() -> None:
    assert find_clusters({}).clusters == find_clusters({1: set()}).clusters == []
