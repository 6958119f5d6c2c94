"""Which places get a prize: all, or those from one to another. Places are counted from 1. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from feed.campaigns.model import Prize, Rules

# The first and the last place; None: all places.
Places = Sequence[int] | None


class Tier(msgspec.Struct, frozen=True):
    """Consecutive places that get the same prizes."""

    first: int
    last: int
    prizes: tuple[Prize, ...]

    @property
    def size(self) -> int:
        """The number of places."""
        return self.last - self.first + 1


def has_place(places: Places, place: int) -> bool:
    """Whether a prize for these places is one of this place."""
    return places is None or places[0] <= place <= places[-1]


def count_places(places: Places, winner_count: int) -> int:
    """The number of places, of `winner_count`, that get a prize for these places."""
    return winner_count if places is None else max(0, min(places[-1], winner_count) - places[0] + 1)


def tiers_of(rules: Rules) -> list[Tier]:
    """All places in order, those with the same prizes together. A tier without prizes is one that the rules leave out."""
    tiers: list[Tier] = []
    for place in range(1, rules.winner_count + 1):
        prizes = tuple(prize for prize in rules.prizes if has_place(prize.places, place))
        if tiers and tiers[-1].prizes == prizes:
            tiers[-1] = Tier(tiers[-1].first, place, prizes)
        else:
            tiers.append(Tier(place, place, prizes))
    return tiers


def prizes_of(document: Mapping[str, Any], place: int) -> list[dict[str, Any]]:
    """The prizes of a place according to a rules document, without images and without the places."""
    return [
        {name: value for name, value in prize.items() if name not in ("image_media_id", "places")}
        for _, prize in _numbered(document.get("prizes", ()), place)
    ]


def prize_numbers(document: Mapping[str, Any], place: int) -> list[int]:
    """The numbers, from 1, that the prizes of `prizes_of` have among all prizes of the rules."""
    return [number for number, _ in _numbered(document.get("prizes", ()), place)]


def _numbered(prizes: Iterable[dict[str, Any]], place: int) -> Iterator[tuple[int, dict[str, Any]]]:
    # Rules of versions before 0.4.0 have no `places`.
    return ((number, prize) for number, prize in enumerate(prizes, 1) if has_place(prize.get("places"), place))
