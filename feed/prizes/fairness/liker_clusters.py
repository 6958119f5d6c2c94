"""Entries whose likers go together: found within a bound of work, whatever the likes are, and saying how far it went."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from heapq import nlargest

import msgspec

# A pair of entries is unusual when so many likers are shared: of the smaller one half, and twice what chance would give.
LEAST_SHARED = 5
_LEAST_PERCENT = 50
_TIMES_CHANCE = 2
# A step is one earlier entry of one liker. Somebody who likes everything costs the square of it.
MOST_STEPS = 10_000_000
MOST_PAIRS = 200_000
# More than that nobody reads.
MOST_CLUSTERS = 100
MOST_PAIRS_SHOWN = 20


class Pair(msgspec.Struct, frozen=True):
    """Two entries and the likers whom they share; `by_chance`: how many they would if everybody liked at random."""

    posts: tuple[int, int]
    likers: tuple[int, int]
    shared: int
    by_chance: int


class Cluster(msgspec.Struct, frozen=True):
    """Entries that hang together by unusual pairs, of which the strongest are kept."""

    posts: list[int]
    pair_count: int
    pairs: list[Pair]


class ClusterReport(msgspec.Struct, frozen=True):
    """The largest clusters of `found`. `compared`: so many entries, the first ones, were all compared with each other."""

    compared: int
    found: int
    clusters: list[Cluster]
    steps: int


def find_clusters(
    likers: Mapping[int, Collection[int]], *, most_steps: int = MOST_STEPS, most_pairs: int = MOST_PAIRS
) -> ClusterReport:
    """What is unusual among these entries, the most important first: where the work would be too much, the rest is left out.

    Each entry asks its likers where they have been before, so that two entries without a common liker cost nothing.
    """
    everybody = len(set().union(*likers.values()))
    been: dict[int, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int, int]] = []
    steps = compared = 0
    for post_id, persons in likers.items():
        # With fewer likers than a pair has to share it cannot be in one.
        if len(persons) >= LEAST_SHARED:
            cost = sum(len(been[person]) for person in persons)
            if steps + cost > most_steps or len(pairs) > most_pairs:
                break
            steps += cost
            shared: Counter[int] = Counter()
            for person in persons:
                shared.update(been[person])
                been[person].append(post_id)
            pairs += [
                (count, min(other, post_id), max(other, post_id))
                for other, count in shared.items()
                if _is_unusual(count, len(likers[other]), len(persons), everybody)
            ]
        compared += 1
    groups = _grouped(pairs)
    return ClusterReport(
        compared, len(groups), [_cluster(group, likers, everybody) for group in groups[:MOST_CLUSTERS]], steps
    )


def _is_unusual(shared: int, one: int, other: int, everybody: int) -> bool:
    return (
        shared >= LEAST_SHARED
        and 100 * shared >= _LEAST_PERCENT * min(one, other)
        and shared * everybody >= _TIMES_CHANCE * one * other
    )


def _grouped(pairs: Iterable[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """The pairs of each cluster, that of the most entries first."""
    leader: dict[int, int] = {}

    def lead(post_id: int) -> int:
        while (above := leader.setdefault(post_id, post_id)) != post_id:
            leader[post_id] = leader[above]
            post_id = above
        return post_id

    pairs = list(pairs)
    for _, one, other in pairs:
        low, high = sorted((lead(one), lead(other)))
        leader[high] = low
    groups: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for pair in pairs:
        groups[lead(pair[1])].append(pair)
    sizes = Counter(lead(post_id) for post_id in list(leader))
    return [groups[first] for first in sorted(groups, key=lambda first: (-sizes[first], first))]


def _cluster(pairs: list[tuple[int, int, int]], likers: Mapping[int, Collection[int]], everybody: int) -> Cluster:
    posts = sorted({post_id for _, *both in pairs for post_id in both})
    strongest = nlargest(MOST_PAIRS_SHOWN, pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]))
    shown = []
    for shared, one, other in strongest:
        sizes = len(likers[one]), len(likers[other])
        shown.append(Pair((one, other), sizes, shared, sizes[0] * sizes[1] // everybody))
    return Cluster(posts, len(pairs), shown)
