import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.campaigns.jury.quorum import Panel, Tally

small = st.integers(0, 8)


@pytest.mark.parametrize(
    ("quorum", "jurors", "recused", "needed"),
    [
        (None, 0, 0, 1),  # Nobody is named: one editor.
        (None, 1, 0, 1),
        (None, 3, 0, 3),  # The whole jury,
        (None, 3, 1, 2),  # without whom must not.
        (None, 3, 3, 1),  # Nobody can: somebody has to be named.
        (2, 3, 0, 2),
        (2, 3, 1, 2),  # Two are left, and two are enough.
        (2, 3, 2, 1),
        (2, 2, 1, 1),
        (5, 3, 0, 5),  # A jury that is too small lowers nothing,
        (5, 3, 1, 4),  # a conflict does.
        (3, 0, 0, 3),
    ],
)
def test_an_entry_needs_what_the_rules_say(quorum: int | None, jurors: int, recused: int, needed: int) -> None:
    assert Panel(jurors, quorum).needs(recused) == needed


@given(st.none() | st.integers(1, 8), small, small)
def test_a_conflict_never_raises_what_is_needed_and_one_mark_always_is(
    quorum: int | None, jurors: int, recused: int
) -> None:
    panel = Panel(jurors, quorum)
    recused = min(recused, jurors)
    assert 1 <= panel.needs(recused) <= panel.needs(0)
    assert panel.needs(0) == (quorum or max(1, jurors))
    # Whoever is left can give what is needed, where the jury was large enough and somebody is left.
    if jurors >= panel.needs(0) and recused < jurors:
        assert panel.needs(recused) <= jurors - recused
    assert panel.is_short(Tally(1, panel.needs(recused) - 1, recused))
    assert not panel.is_short(Tally(1, panel.needs(recused), recused))
