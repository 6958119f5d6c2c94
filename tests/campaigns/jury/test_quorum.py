import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.jury.quorum import Quorum, Tally

small = st.integers(0, 8)


@pytest.mark.parametrize(
    ("minimum", "jurors", "recused", "needed"),
    [
        (None, 0, 0, 1),  # No jury: one editor.
        (None, 1, 0, 1),
        (None, 3, 0, 3),  # The whole jury,
        (None, 3, 1, 2),  # except for jurors with a conflict.
        (None, 3, 3, 1),  # All have a conflict: another juror has to be assigned.
        (2, 3, 0, 2),
        (2, 3, 1, 2),  # Two remain, and two are enough.
        (2, 3, 2, 1),
        (2, 2, 1, 1),
        (5, 3, 0, 5),  # A jury that is too small does not lower the quorum,
        (5, 3, 1, 4),  # a conflict does.
        (3, 0, 0, 3),
    ],
)
def test_an_entry_needs_the_marks_of_its_quorum(minimum: int | None, jurors: int, recused: int, needed: int) -> None:
    assert Quorum(jurors, minimum).marks_needed(recused) == needed


@given(st.none() | st.integers(1, 8), small, small)
def test_a_conflict_never_raises_the_marks_needed_and_one_mark_always_is(
    minimum: int | None, jurors: int, recused: int
) -> None:
    quorum = Quorum(jurors, minimum)
    recused = min(recused, jurors)
    needed = quorum.marks_needed(recused)
    assert 1 <= needed <= quorum.marks_needed(0)
    assert quorum.marks_needed(0) == (minimum or max(1, jurors))
    # The remaining jurors suffice if the jury was large enough and at least one has no conflict.
    if jurors >= quorum.marks_needed(0) and recused < jurors:
        assert needed <= jurors - recused
    assert quorum.is_short(Tally(1, needed - 1, recused))
    assert not quorum.is_short(Tally(1, needed, recused))
