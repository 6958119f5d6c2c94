"""How many marks an entry needs, and whether it has them."""

import msgspec


class Tally(msgspec.Struct, frozen=True):
    """Of an entry, the marks that count and how many of the present jurors have a conflict with it."""

    post_id: int
    marks: int
    recused: int


class Quorum(msgspec.Struct, frozen=True):
    """Who marks: how many jurors are named, and the quorum of the rules."""

    jurors: int
    minimum: int | None = None

    def marks_needed(self, recused: int) -> int:
        """The marks that an entry needs when so many of the jurors have a conflict with it; one at the least.

        Without a quorum those of the whole jury, or of one editor where nobody is named. Only a conflict lowers a quorum:
        a jury that is too small for it leaves entries short of marks, for everybody to see.
        """
        minimum = self.minimum or max(1, self.jurors)
        return max(1, min(minimum, max(minimum, self.jurors) - recused))

    def is_short(self, tally: Tally) -> bool:
        """Whether marks are missing."""
        return tally.marks < self.marks_needed(tally.recused)
