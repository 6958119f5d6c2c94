"""Clusters of entries that share unusually many likers, found with a bounded amount of work."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from heapq import nlargest

import msgspec

# A pair of entries is unusual if it shares at least this many likers, half of those of the smaller entry, and twice the number
# expected by chance.
MIN_SHARED = 5
_MIN_PERCENT = 50
_MIN_TIMES_CHANCE = 2
# A step is one earlier entry of one liker, so a liker of n entries costs about n²/2 steps.
MAX_STEPS = 10_000_000
MAX_PAIRS = 200_000
# Limits of what a report shows.
MAX_CLUSTERS = 100
MAX_PAIRS_SHOWN = 20


class Pair(msgspec.Struct, frozen=True):
    """Two entries, how many likers each has, how many they share, and how many they would share by chance."""

    posts: tuple[int, int]
    likers: tuple[int, int]
    shared: int
    by_chance: int


class Cluster(msgspec.Struct, frozen=True):
    """Entries connected by unusual pairs. `pairs` has those with the most shared likers."""

    posts: list[int]
    pair_count: int
    pairs: list[Pair]


class ClusterReport(msgspec.Struct, frozen=True):
    """The largest of `found` clusters. The first `compared` entries were all compared with each other, in `steps` steps."""

    compared: int
    found: int
    clusters: list[Cluster]
    steps: int


def find_clusters(
    likers: Mapping[int, Collection[int]], *, max_steps: int = MAX_STEPS, max_pairs: int = MAX_PAIRS
) -> ClusterReport:
    """The clusters among these entries, given as likers by post, the most important entry first.

    When a limit is reached, the remaining entries are left out. For each entry the earlier entries of its likers are counted,
    so pairs without a common liker cost nothing.
    """
    person_count = len(set().union(*likers.values()))
    liked_entries: dict[int, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int, int]] = []
    steps = compared = 0
    for post_id, persons in likers.items():
        # An entry with fewer likers than that is in no unusual pair.
        if len(persons) >= MIN_SHARED:
            cost = sum(len(liked_entries[person]) for person in persons)
            if steps + cost > max_steps or len(pairs) > max_pairs:
                break
            steps += cost
            shared: Counter[int] = Counter()
            for person in persons:
                shared.update(liked_entries[person])
                liked_entries[person].append(post_id)
            pairs += [
                (count, min(other, post_id), max(other, post_id))
                for other, count in shared.items()
                if _is_unusual(count, len(likers[other]), len(persons), person_count)
            ]
        compared += 1
    groups = _group_pairs(pairs)
    return ClusterReport(
        compared, len(groups), [_cluster(group, likers, person_count) for group in groups[:MAX_CLUSTERS]], steps
    )


def _is_unusual(shared: int, one: int, other: int, person_count: int) -> bool:
    return (
        shared >= MIN_SHARED
        and 100 * shared >= _MIN_PERCENT * min(one, other)
        and shared * person_count >= _MIN_TIMES_CHANCE * one * other
    )


def _group_pairs(pairs: Iterable[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """The pairs of each cluster, the cluster with the most entries first. Union-find with path halving."""
    parent: dict[int, int] = {}

    def find_root(post_id: int) -> int:
        while (above := parent.setdefault(post_id, post_id)) != post_id:
            parent[post_id] = parent[above]
            post_id = above
        return post_id

    pairs = list(pairs)
    for _, one, other in pairs:
        low, high = sorted((find_root(one), find_root(other)))
        parent[high] = low
    groups: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for pair in pairs:
        groups[find_root(pair[1])].append(pair)
    sizes = Counter(find_root(post_id) for post_id in list(parent))
    return [groups[first] for first in sorted(groups, key=lambda first: (-sizes[first], first))]


def _cluster(pairs: list[tuple[int, int, int]], likers: Mapping[int, Collection[int]], person_count: int) -> Cluster:
    posts = sorted({post_id for _, *both in pairs for post_id in both})
    strongest = nlargest(MAX_PAIRS_SHOWN, pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]))
    shown = []
    for shared, one, other in strongest:
        sizes = len(likers[one]), len(likers[other])
        shown.append(Pair((one, other), sizes, shared, sizes[0] * sizes[1] // person_count))
    return Cluster(posts, len(pairs), shown)
