"""The demo's own count of acknowledged actions and the winners that follow. Shares no code with what it checks."""

import math
from collections.abc import Collection
from decimal import Decimal, localcontext

import msgspec

WEIGHTS = {"quality": "0.5", "likes": "0.3", "comments": "0.2"}
CAPS = {"likes": 1000, "comments": 200}


class Arithmetic(msgspec.Struct, frozen=True):
    """One score and its parts."""

    quality: Decimal
    likes: int
    commenters: int
    parts: tuple[Decimal, Decimal, Decimal]
    score: Decimal


def arithmetic(quality: Decimal, likes: int, commenters: int) -> Arithmetic:
    """The score by the formula of docs/reference/result.md, with the logarithms of `decimal`."""
    with localcontext() as context:
        context.prec = 50

        def share(count: int, cap: int) -> Decimal:
            return Decimal(1 + min(count, cap)).ln() / Decimal(1 + cap).ln()

        parts = (
            Decimal(WEIGHTS["quality"]) * quality,
            100 * Decimal(WEIGHTS["likes"]) * share(likes, CAPS["likes"]),
            100 * Decimal(WEIGHTS["comments"]) * share(commenters, CAPS["comments"]),
        )
        return Arithmetic(quality, likes, commenters, parts, sum(parts, Decimal(0)).quantize(Decimal("0.000001")))


def worth(likes: int) -> float:
    """The points that a number of likes is worth, as the preview shows it."""
    return 100 * float(WEIGHTS["likes"]) * math.log1p(likes) / math.log1p(CAPS["likes"])


class ExpectedEntry(msgspec.Struct):
    """The expected state of an entry."""

    post_id: str
    author: str
    likers: set[str] = msgspec.field(default_factory=set)
    commenters: dict[str, str] = msgspec.field(default_factory=dict)  # author by comment id
    marks: dict[str, int] = msgspec.field(default_factory=dict)  # mark by juror
    competes: bool = True


class Expectations:
    """Acknowledged actions by participant key. Participants are distinguished by phone; those without a phone do not count."""

    def __init__(self, phones: dict[str, str | None], excluded: Collection[str]) -> None:
        self._phones = phones
        self._excluded = {phones[key] for key in excluded}
        self.entered: dict[str, ExpectedEntry] = {}

    def enter(self, post_id: str, author: str) -> None:
        """Adds an entry."""
        self.entered[post_id] = ExpectedEntry(post_id, author)

    def likes(self, post_id: str) -> int:
        """Distinct other persons whose like counts."""
        entry = self.entered[post_id]
        return len(self._persons(entry.likers, entry.author))

    def commenters(self, post_id: str) -> int:
        """Distinct other persons with a visible comment that counts."""
        entry = self.entered[post_id]
        return len(self._persons(entry.commenters.values(), entry.author))

    def quality(self, post_id: str) -> Decimal:
        """The mean of the marks; 0 without marks."""
        marks = self.entered[post_id].marks.values()
        return Decimal(sum(marks)) / len(marks) if marks else Decimal(0)

    def arithmetic(self, post_id: str) -> Arithmetic:
        """The expected score of the entry."""
        return arithmetic(self.quality(post_id), self.likes(post_id), self.commenters(post_id))

    def may_win(self, post_id: str) -> bool:
        """Whether the entry is still in the campaign and its author is a verified person, neither staff nor juror."""
        entry = self.entered[post_id]
        return entry.competes and self._phones[entry.author] not in {None, *self._excluded}

    def order(self) -> list[str]:
        """The expected ranking: the best entry of each person, best first."""
        able = [post_id for post_id in self.entered if self.may_win(post_id)]
        able.sort(key=lambda post_id: self.arithmetic(post_id).score, reverse=True)
        best: dict[str | None, str] = {}
        for post_id in able:
            best.setdefault(self._phones[self.entered[post_id].author], post_id)
        return list(best.values())

    def _persons(self, keys: Collection[str], author: str) -> set[str | None]:
        return {self._phones[key] for key in keys} - {None, self._phones[author]} - self._excluded
