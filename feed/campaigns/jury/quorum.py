"""The quorum: how many marks an entry needs."""

import msgspec


class Tally(msgspec.Struct, frozen=True):
    """An entry's counted marks, and how many of the present jurors have a conflict with it."""

    post_id: int
    marks: int
    recused: int


class Quorum(msgspec.Struct, frozen=True):
    """The number of jurors, and the quorum of the rules; None if they have none."""

    jurors: int
    minimum: int | None = None

    def marks_needed(self, recused: int) -> int:
        """How many marks an entry needs if so many of the jurors have a conflict with it; at least one.

        The default is one mark per juror, or one of an editor if there is no jury. Only conflicts lower a quorum: if the
        jury is too small for it, entries stay short of marks.
        """
        minimum = self.minimum or max(1, self.jurors)
        return max(1, min(minimum, max(minimum, self.jurors) - recused))

    def is_short(self, tally: Tally) -> bool:
        """Whether marks are missing."""
        return tally.marks < self.marks_needed(tally.recused)
