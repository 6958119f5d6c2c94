"""What an editor should know before announcing: how near it was, how it would have come out otherwise, and whose likes go together."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Literal

import msgspec

from feed.campaigns.model import Caps, Rules
from feed.campaigns.score import Ranked, score
from feed.messages.model import SHANGHAI
from feed.prizes.model import SheetRow
from feed.prizes.select import Selection, contender, select_winners

# A pair of entries is unusual when so many likers are shared: of the smaller one half, and twice what chance would give.
_LEAST_SHARED = 5
_LEAST_PERCENT = 50
_TIMES_CHANCE = 2
_AGES = (
    ("under_1d", timedelta(days=1)),
    ("under_7d", timedelta(days=7)),
    ("under_30d", timedelta(days=30)),
    ("under_365d", timedelta(days=365)),
)


class Act(msgspec.Struct, frozen=True):
    """A person's counted like of an entry (or comment: not `liked`), at its first instant, by the account made at `made_at`."""

    post_id: int
    person: int
    liked: bool
    at: datetime
    made_at: datetime


class Shares(msgspec.Struct, frozen=True):
    """Counted persons by the age of their account when they acted, and by the hour of the day in Shenzhen."""

    persons: int
    by_account_age: dict[str, int]
    by_hour: list[int]


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """A winner's score in parts, and how far the next person, and the first who does not win, are behind."""

    post_id: int
    rank: int
    score: str
    quality: str
    likes: str
    comments: str
    to_next: str | None
    to_first_without_prize: str | None


class Moved(msgspec.Struct, frozen=True):
    """A person who wins in one way of counting and not in the other, by the entry that does, with its rank in both."""

    post_id: int
    rank: int | None
    rank_then: int | None


Way = Literal["without_voids", "without_top_likers", "half_caps", "double_caps"]


class Scenario(msgspec.Struct, frozen=True):
    """The winners if it had been counted otherwise."""

    name: Way
    winners: list[int]
    enters: list[Moved]
    leaves: list[Moved]


class Pair(msgspec.Struct, frozen=True):
    """Two entries and the likers whom they share; `by_chance`: how many they would if everybody liked at random."""

    posts: tuple[int, int]
    likers: tuple[int, int]
    shared: int
    by_chance: int


class Cluster(msgspec.Struct, frozen=True):
    """Entries that hang together by unusual pairs."""

    posts: list[int]
    pairs: list[Pair]


def margins_of(rows: Sequence[SheetRow], rules: Rules) -> list[Margin]:
    """Each winner, the best first."""
    seen = select_winners(_contenders(rows, rules), msgspec.structs.replace(rules, reserve_count=1))
    order = [*seen.winners, *seen.reserves]
    found = []
    for number, each in enumerate(seen.winners):
        parts = score(each.quality, each.likes, each.commenters, rules.weights, rules.caps)
        after = order[number + 1] if number + 1 < len(order) else None
        without = seen.reserves[0] if seen.reserves else None
        found.append(
            Margin(
                post_id=each.post_id,
                rank=seen.ranks[each.post_id],
                score=f"{parts.total:f}",
                quality=f"{parts.quality:f}",
                likes=f"{parts.likes:f}",
                comments=f"{parts.comments:f}",
                to_next=None if after is None else f"{each.score - after.score:f}",
                to_first_without_prize=None if without is None else f"{each.score - without.score:f}",
            )
        )
    return found


def scenarios_of(rows: Sequence[SheetRow], acts: Sequence[Act], rules: Rules) -> list[Scenario]:
    """The same sheet without voids, without the likes of the busiest likers, and under half and double caps."""
    caps = rules.caps
    halved = msgspec.structs.replace(rules, caps=Caps(max(1, caps.likes // 2), max(1, caps.comments // 2)))
    doubled = msgspec.structs.replace(rules, caps=Caps(caps.likes * 2, caps.comments * 2))
    other_ways: dict[Way, tuple[Sequence[SheetRow], Rules]] = {
        "without_voids": (_without_voids(rows), rules),
        "without_top_likers": (_without(rows, acts, busiest_of(acts)), rules),
        "half_caps": (rows, halved),
        "double_caps": (rows, doubled),
    }
    now = select_winners(_contenders(rows, rules), rules)
    return [
        _compared(name, now, select_winners(_contenders(counted, by), by)) for name, (counted, by) in other_ways.items()
    ]


def busiest_of(acts: Sequence[Act]) -> set[int]:
    """The one in a hundred (at least one, if anybody) who like the most entries; who ties with the last of them is out."""
    liked = Counter(act.person for act in acts if act.liked)
    last = -(-len(liked) // 100)
    return {person for person, _ in sorted(liked.items(), key=lambda each: (-each[1], each[0]))[:last]}


def shares_of(acts: Sequence[Act], *, liked: bool) -> dict[int, Shares]:
    """Of each entry, its likers or its commenters."""
    by_post: dict[int, list[Act]] = defaultdict(list)
    for act in acts:
        if act.liked is liked:
            by_post[act.post_id].append(act)
    return {post_id: _shares(each) for post_id, each in by_post.items()}


def clusters_of(acts: Sequence[Act]) -> list[Cluster]:
    """Entries with an unusual overlap of likers, grouped; the largest group first."""
    likers: dict[int, set[int]] = defaultdict(set)
    for act in acts:
        if act.liked:
            likers[act.post_id].add(act.person)
    everybody = len(set().union(*likers.values())) if likers else 0
    pairs = []
    for one, other in combinations(sorted(likers), 2):
        sizes = len(likers[one]), len(likers[other])
        shared = len(likers[one] & likers[other])
        unusual = (
            shared >= _LEAST_SHARED
            and 100 * shared >= _LEAST_PERCENT * min(sizes)
            and shared * everybody >= _TIMES_CHANCE * sizes[0] * sizes[1]
        )
        if unusual:
            pairs.append(Pair((one, other), sizes, shared, sizes[0] * sizes[1] // everybody))
    return _grouped(pairs)


def _grouped(pairs: Sequence[Pair]) -> list[Cluster]:
    groups: list[set[int]] = []
    for pair in pairs:
        touched = [group for group in groups if group & set(pair.posts)]
        groups = [group for group in groups if group not in touched]
        groups.append(set(pair.posts).union(*touched))
    return [
        Cluster(sorted(group), [pair for pair in pairs if pair.posts[0] in group])
        for group in sorted(groups, key=lambda group: (-len(group), min(group)))
    ]


def _shares(acts: Sequence[Act]) -> Shares:
    ages = dict.fromkeys([*(name for name, _ in _AGES), "older"], 0)
    hours = [0] * 24
    for act in acts:
        age = act.at - act.made_at
        ages[next((name for name, limit in _AGES if age < limit), "older")] += 1
        hours[act.at.astimezone(SHANGHAI).hour] += 1
    return Shares(len(acts), ages, hours)


def _without_voids(rows: Sequence[SheetRow]) -> list[SheetRow]:
    """As if no void had been made: what they exclude is kept in accounts, each taken for a person."""
    found = []
    for row in rows:
        back = {each["kind"]: each["count"] for each in row.excluded if each["reason_code"] == "voided"}
        found.append(
            msgspec.structs.replace(
                row,
                likes_counted=row.likes_counted + back.get("like", 0),
                commenters_counted=row.commenters_counted + back.get("comment", 0),
            )
        )
    return found


def _without(rows: Sequence[SheetRow], acts: Sequence[Act], persons: set[int]) -> list[SheetRow]:
    lost = Counter(act.post_id for act in acts if act.liked and act.person in persons)
    return [msgspec.structs.replace(row, likes_counted=max(0, row.likes_counted - lost[row.post_id])) for row in rows]


def _contenders(rows: Sequence[SheetRow], rules: Rules) -> list[Ranked]:
    return [
        contender(
            row.post_id,
            person=row.person,
            entered_at=row.entered_at,
            quality=Decimal(row.quality),
            likes=row.likes_counted,
            commenters=row.commenters_counted,
            rules=rules,
        )
        for row in rows
        if row.eligible
    ]


def _compared(name: Way, now: Selection, then: Selection) -> Scenario:
    winning = {each.person: each.post_id for each in now.winners}
    winning_then = {each.person: each.post_id for each in then.winners}
    return Scenario(
        name,
        [each.post_id for each in then.winners],
        _moved([post for person, post in winning_then.items() if person not in winning], now.ranks, then.ranks),
        _moved([post for person, post in winning.items() if person not in winning_then], now.ranks, then.ranks),
    )


def _moved(posts: Sequence[int], ranks: Mapping[int, int], then: Mapping[int, int]) -> list[Moved]:
    return [Moved(post_id, ranks.get(post_id), then.get(post_id)) for post_id in posts]
