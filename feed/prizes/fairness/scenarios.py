"""Computations of the fairness report: margins, results under other rules, and distributions of engagement."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from feed.campaigns.model import Caps, Rules
from feed.campaigns.scoring.score import RankedEntry, score
from feed.prizes.model import SheetRow
from feed.prizes.result.selection import Selection, contender, select_by_score
from feed.sms.model import SHANGHAI

_ACCOUNT_AGES = (
    ("under_1d", timedelta(days=1)),
    ("under_7d", timedelta(days=7)),
    ("under_30d", timedelta(days=30)),
    ("under_365d", timedelta(days=365)),
)


class EngagementEvent(msgspec.Struct, frozen=True):
    """A person's first counted like (`liked`) or comment of an entry, by an account created at `account_created_at`."""

    post_id: int
    person: int
    liked: bool
    at: datetime
    account_created_at: datetime


class Distribution(msgspec.Struct, frozen=True):
    """Numbers of counted persons by the age of their account when they acted, and by the hour of day in Shenzhen."""

    persons: int
    by_account_age: dict[str, int]
    by_hour: list[int]


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a winner's score, and the difference in points to the next person and to the first who does not win."""

    post_id: int
    rank: int
    score: str
    quality: str
    likes: str
    comments: str
    to_next: str | None
    to_first_without_prize: str | None


class WinnerChange(msgspec.Struct, frozen=True):
    """The entry of a person who wins either actually or in a scenario, but not in both, with its rank in each."""

    post_id: int
    rank: int | None
    rank_then: int | None


class RankComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A winner's actual rank, and the rank of the same person's best entry in a scenario."""

    post_id: int
    rank: int
    post_id_then: int
    rank_then: int
    wins_then: bool


ScenarioName = Literal["without_voids", "without_top_likers", "half_caps", "double_caps"]


class Scenario(msgspec.Struct, frozen=True):
    """The winners under other rules or without some engagement, compared with the actual ones."""

    name: ScenarioName
    winners: list[int]
    shifts: list[RankComparison]
    enters: list[WinnerChange]
    leaves: list[WinnerChange]


def select_actual(rows: Sequence[SheetRow], rules: Rules) -> Selection:
    """The selection by the sheet, with at least one reserve, so that there is a first person without a prize."""
    return select_by_score(
        _contenders(rows, rules), msgspec.structs.replace(rules, reserve_count=max(1, rules.reserve_count))
    )


def top_entries(
    rows: Sequence[SheetRow], ranks: Mapping[int, int], comment_counts: Mapping[int, int], *, max_cost: int
) -> list[int]:
    """The best entries by rank whose likes and comments can be read within `max_cost` rows. Returns their post ids.

    `comment_counts` are the visible comments by post. An entry that exceeds `max_cost` by itself is left out.
    """
    post_ids, total = [], 0
    for row in sorted((row for row in rows if row.entry_id in ranks), key=lambda row: ranks[row.entry_id]):
        cost = reading_cost(row, comment_counts.get(row.entry_id, 0))
        if cost > max_cost:
            continue
        total += cost
        if total > max_cost:
            break
        post_ids.append(row.entry_id)
    return post_ids


def reading_cost(row: SheetRow, comment_count: int = 0) -> int:
    """An upper bound of the rows to read for the persons behind an entry's counts: likes and comments, counted or excluded."""
    excluded = Counter[str]()
    for each in row.excluded:
        excluded[each["kind"]] += each["count"]
    commenters = row.commenters_counted + excluded["comment"]
    return row.likes_counted + excluded["like"] + max(commenters, comment_count)


def margins_of(actual: Selection, rules: Rules) -> list[Margin]:
    """The margins of each winner, the best first."""
    order = [*actual.winners, *actual.reserves]
    margins = []
    for number, each in enumerate(actual.winners):
        parts = score(each.quality, each.likes, each.commenters, rules.weights, rules.caps)
        following = order[number + 1] if number + 1 < len(order) else None
        first_without_prize = actual.reserves[0] if actual.reserves else None
        margins.append(
            Margin(
                post_id=each.entry_id,
                rank=actual.ranks[each.entry_id],
                score=f"{parts.total:f}",
                quality=f"{parts.quality:f}",
                likes=f"{parts.likes:f}",
                comments=f"{parts.comments:f}",
                to_next=None if following is None else f"{each.score - following.score:f}",
                to_first_without_prize=None
                if first_without_prize is None
                else f"{each.score - first_without_prize.score:f}",
            )
        )
    return margins


def scenarios_of(
    rows: Sequence[SheetRow], events: Sequence[EngagementEvent], rules: Rules, actual: Selection
) -> list[Scenario]:
    """The winners of the same sheet without voids, without the top likers, and with half and double caps."""
    caps = rules.caps
    halved = msgspec.structs.replace(rules, caps=Caps(max(1, caps.likes // 2), max(1, caps.comments // 2)))
    doubled = msgspec.structs.replace(rules, caps=Caps(caps.likes * 2, caps.comments * 2))
    variants: dict[ScenarioName, tuple[Sequence[SheetRow], Rules]] = {
        "without_voids": (_without_voids(rows), rules),
        "without_top_likers": (_without(rows, events, top_likers(events)), rules),
        "half_caps": (rows, halved),
        "double_caps": (rows, doubled),
    }
    return [_compare(name, actual, _contenders(counted, by), by) for name, (counted, by) in variants.items()]


def top_likers(events: Sequence[EngagementEvent]) -> set[int]:
    """The one percent of likers, rounded up, who like the most entries. Ties are broken by the number of the person."""
    liked = Counter(event.person for event in events if event.liked)
    count = -(-len(liked) // 100)
    return {person for person, _ in sorted(liked.items(), key=lambda each: (-each[1], each[0]))[:count]}


def distributions_of(events: Sequence[EngagementEvent], *, liked: bool) -> dict[int, Distribution]:
    """The distributions of likers (`liked`) or commenters by post."""
    by_post: dict[int, list[EngagementEvent]] = defaultdict(list)
    for event in events:
        if event.liked is liked:
            by_post[event.post_id].append(event)
    return {post_id: distribution_of(each) for post_id, each in by_post.items()}


def distribution_of(events: Sequence[EngagementEvent]) -> Distribution:
    """The distribution of these events, each of another person."""
    ages = dict.fromkeys([*(name for name, _ in _ACCOUNT_AGES), "older"], 0)
    hours = [0] * 24
    for event in events:
        age = event.at - event.account_created_at
        ages[next((name for name, limit in _ACCOUNT_AGES if age < limit), "older")] += 1
        hours[event.at.astimezone(SHANGHAI).hour] += 1
    return Distribution(len(events), ages, hours)


def _without_voids(rows: Sequence[SheetRow]) -> list[SheetRow]:
    """The sheet with voided engagement counted. Voids exclude accounts; each is taken for one person."""
    restored = []
    for row in rows:
        voided = {each["kind"]: each["count"] for each in row.excluded if each["reason_code"] == "voided"}
        restored.append(
            msgspec.structs.replace(
                row,
                likes_counted=row.likes_counted + voided.get("like", 0),
                commenters_counted=row.commenters_counted + voided.get("comment", 0),
            )
        )
    return restored


def _without(rows: Sequence[SheetRow], events: Sequence[EngagementEvent], persons: set[int]) -> list[SheetRow]:
    """The sheet without the likes and comments of these persons."""
    removed = Counter((event.post_id, event.liked) for event in events if event.person in persons)
    return [
        msgspec.structs.replace(
            row,
            likes_counted=max(0, row.likes_counted - removed[row.entry_id, True]),
            commenters_counted=max(0, row.commenters_counted - removed[row.entry_id, False]),
        )
        for row in rows
    ]


def _contenders(rows: Sequence[SheetRow], rules: Rules) -> list[RankedEntry]:
    return [
        contender(
            row.entry_id,
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


def _compare(name: ScenarioName, actual: Selection, eligible: Sequence[RankedEntry], rules: Rules) -> Scenario:
    alternative = select_by_score(eligible, rules)
    actual_winners = {each.person: each.entry_id for each in actual.winners}
    alternative_winners = {each.person: each.entry_id for each in alternative.winners}
    best: dict[bytes, int] = {}
    for each in eligible:
        if each.person in actual_winners:
            best[each.person] = min(
                best.get(each.person, each.entry_id), each.entry_id, key=alternative.ranks.__getitem__
            )
    return Scenario(
        name,
        [each.entry_id for each in alternative.winners],
        [
            RankComparison(
                post_id=post_id,
                rank=actual.ranks[post_id],
                post_id_then=best[person],
                rank_then=alternative.ranks[best[person]],
                wins_then=person in alternative_winners,
            )
            for person, post_id in actual_winners.items()
        ],
        _winner_changes(
            [post for person, post in alternative_winners.items() if person not in actual_winners],
            actual.ranks,
            alternative.ranks,
        ),
        _winner_changes(
            [post for person, post in actual_winners.items() if person not in alternative_winners],
            actual.ranks,
            alternative.ranks,
        ),
    )


def _winner_changes(
    posts: Sequence[int], ranks: Mapping[int, int], alternative: Mapping[int, int]
) -> list[WinnerChange]:
    return [WinnerChange(post_id, ranks.get(post_id), alternative.get(post_id)) for post_id in posts]
