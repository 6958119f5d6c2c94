"""What an editor should know before announcing: how near it was, how it would have come out otherwise, and who was behind it."""

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

_AGES = (
    ("under_1d", timedelta(days=1)),
    ("under_7d", timedelta(days=7)),
    ("under_30d", timedelta(days=30)),
    ("under_365d", timedelta(days=365)),
)


class EngagementEvent(msgspec.Struct, frozen=True):
    """A person's counted like of an entry (or comment: not `liked`), at its first instant, by the account made at `made_at`."""

    post_id: int
    person: int
    liked: bool
    at: datetime
    made_at: datetime


class Distribution(msgspec.Struct, frozen=True):
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


class WinnerChange(msgspec.Struct, frozen=True):
    """A person who wins in one way of counting and not in the other, by the entry that does, with its rank in both."""

    post_id: int
    rank: int | None
    rank_then: int | None


class RankComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A winner's rank, and that of the same person's best entry if it had been counted otherwise."""

    post_id: int
    rank: int
    post_id_then: int
    rank_then: int
    wins_then: bool


ScenarioName = Literal["without_voids", "without_top_likers", "half_caps", "double_caps"]


class Scenario(msgspec.Struct, frozen=True):
    """The winners if it had been counted otherwise."""

    name: ScenarioName
    winners: list[int]
    shifts: list[RankComparison]
    enters: list[WinnerChange]
    leaves: list[WinnerChange]


def select_actual(rows: Sequence[SheetRow], rules: Rules) -> Selection:
    """Who wins by the sheet, and everybody's rank; with the first who does not, also where nobody waits in reserve."""
    return select_by_score(
        _contenders(rows, rules), msgspec.structs.replace(rules, reserve_count=max(1, rules.reserve_count))
    )


def top_entries(
    rows: Sequence[SheetRow], ranks: Mapping[int, int], remarks: Mapping[int, int], *, most: int
) -> list[int]:
    """The best entries, the first one first, until there are too many likes and comments to look at.

    `remarks`: how many comments to read, where they are more than the commenters. An entry that is too large by itself is passed over.
    """
    found, total = [], 0
    for row in sorted((row for row in rows if row.post_id in ranks), key=lambda row: ranks[row.post_id]):
        cost = reading_cost(row, remarks.get(row.post_id, 0))
        if cost > most:
            continue
        total += cost
        if total > most:
            break
        found.append(row.post_id)
    return found


def reading_cost(row: SheetRow, remarks: int = 0) -> int:
    """How many likes and comments have to be read to know who is behind the entry's numbers."""
    left_out = Counter[str]()
    for each in row.excluded:
        left_out[each["kind"]] += each["count"]
    commenters = row.commenters_counted + left_out["comment"]
    return row.likes_counted + left_out["like"] + max(commenters, remarks)


def margins_of(now: Selection, rules: Rules) -> list[Margin]:
    """Each winner, the best first."""
    order = [*now.winners, *now.reserves]
    found = []
    for number, each in enumerate(now.winners):
        parts = score(each.quality, each.likes, each.commenters, rules.weights, rules.caps)
        after = order[number + 1] if number + 1 < len(order) else None
        without = now.reserves[0] if now.reserves else None
        found.append(
            Margin(
                post_id=each.post_id,
                rank=now.ranks[each.post_id],
                score=f"{parts.total:f}",
                quality=f"{parts.quality:f}",
                likes=f"{parts.likes:f}",
                comments=f"{parts.comments:f}",
                to_next=None if after is None else f"{each.score - after.score:f}",
                to_first_without_prize=None if without is None else f"{each.score - without.score:f}",
            )
        )
    return found


def scenarios_of(
    rows: Sequence[SheetRow], acts: Sequence[EngagementEvent], rules: Rules, now: Selection
) -> list[Scenario]:
    """The same sheet without voids, as if the busiest likers had not been there, and under half and double caps."""
    caps = rules.caps
    halved = msgspec.structs.replace(rules, caps=Caps(max(1, caps.likes // 2), max(1, caps.comments // 2)))
    doubled = msgspec.structs.replace(rules, caps=Caps(caps.likes * 2, caps.comments * 2))
    other_ways: dict[ScenarioName, tuple[Sequence[SheetRow], Rules]] = {
        "without_voids": (_without_voids(rows), rules),
        "without_top_likers": (_without(rows, acts, top_likers(acts)), rules),
        "half_caps": (rows, halved),
        "double_caps": (rows, doubled),
    }
    return [_compared(name, now, _contenders(counted, by), by) for name, (counted, by) in other_ways.items()]


def top_likers(acts: Sequence[EngagementEvent]) -> set[int]:
    """The one in a hundred (at least one, if anybody) who like the most entries; who ties with the last of them is out."""
    liked = Counter(act.person for act in acts if act.liked)
    last = -(-len(liked) // 100)
    return {person for person, _ in sorted(liked.items(), key=lambda each: (-each[1], each[0]))[:last]}


def distributions_of(acts: Sequence[EngagementEvent], *, liked: bool) -> dict[int, Distribution]:
    """Of each entry, its likers or its commenters."""
    by_post: dict[int, list[EngagementEvent]] = defaultdict(list)
    for act in acts:
        if act.liked is liked:
            by_post[act.post_id].append(act)
    return {post_id: _shares(each) for post_id, each in by_post.items()}


def _shares(acts: Sequence[EngagementEvent]) -> Distribution:
    ages = dict.fromkeys([*(name for name, _ in _AGES), "older"], 0)
    hours = [0] * 24
    for act in acts:
        age = act.at - act.made_at
        ages[next((name for name, limit in _AGES if age < limit), "older")] += 1
        hours[act.at.astimezone(SHANGHAI).hour] += 1
    return Distribution(len(acts), ages, hours)


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


def _without(rows: Sequence[SheetRow], acts: Sequence[EngagementEvent], persons: set[int]) -> list[SheetRow]:
    """As if these persons had done nothing: neither their likes nor their comments count."""
    lost = Counter((act.post_id, act.liked) for act in acts if act.person in persons)
    return [
        msgspec.structs.replace(
            row,
            likes_counted=max(0, row.likes_counted - lost[row.post_id, True]),
            commenters_counted=max(0, row.commenters_counted - lost[row.post_id, False]),
        )
        for row in rows
    ]


def _contenders(rows: Sequence[SheetRow], rules: Rules) -> list[RankedEntry]:
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


def _compared(name: ScenarioName, now: Selection, able: Sequence[RankedEntry], rules: Rules) -> Scenario:
    then = select_by_score(able, rules)
    winning = {each.person: each.post_id for each in now.winners}
    winning_then = {each.person: each.post_id for each in then.winners}
    best: dict[bytes, int] = {}
    for each in able:
        if each.person in winning:
            best[each.person] = min(best.get(each.person, each.post_id), each.post_id, key=then.ranks.__getitem__)
    return Scenario(
        name,
        [each.post_id for each in then.winners],
        [
            RankComparison(
                post_id=post_id,
                rank=now.ranks[post_id],
                post_id_then=best[person],
                rank_then=then.ranks[best[person]],
                wins_then=person in winning_then,
            )
            for person, post_id in winning.items()
        ],
        _moved([post for person, post in winning_then.items() if person not in winning], now.ranks, then.ranks),
        _moved([post for person, post in winning.items() if person not in winning_then], now.ranks, then.ranks),
    )


def _moved(posts: Sequence[int], ranks: Mapping[int, int], then: Mapping[int, int]) -> list[WinnerChange]:
    return [WinnerChange(post_id, ranks.get(post_id), then.get(post_id)) for post_id in posts]
