"""The checker finds planted problems, and none in correct data."""

from collections.abc import Sequence

import pytest

from tests.chaos import check
from tests.chaos.check import GHOST_SECONDS, Change, Count, Made
from tests.chaos.journal import Deed, Glance, Shown, Try, What

LIKES: tuple[What, What] = ("like", "unlike")


def answered(at: float, status: int = 200) -> Try:
    return Try(at, at + 0.1, status)


def lost(at: float) -> Try:
    return Try(at, at + 3)


def deed(what: What, subject: str, *tries: Try, who: int = 1, told: Sequence[str] = ()) -> Deed:
    return Deed(who, what, subject, tries=list(tries), told=list(told))


def likes(*deeds: Deed, present: bool, past: int = 0) -> list[str]:
    pair = ("p", 1)
    return check.wrong_likes(deeds, {pair} if present else set(), {pair: past} if past else {}, wishes=LIKES)


def test_an_acknowledged_like_is_there_and_an_unlike_is_not() -> None:
    like, unlike = deed("like", "p", answered(1)), deed("unlike", "p", answered(2))
    assert likes(like, present=True) == []
    assert likes(like, unlike, present=False, past=1) == []
    assert len(likes(like, present=False)) == 1
    assert len(likes(like, unlike, present=True, past=1)) == 1
    assert len(likes(like, unlike, like, present=False, past=1)) == 1


def test_a_like_of_nobody_s_is_found() -> None:
    assert len(likes(present=True)) == 1
    assert len(likes(deed("like", "p", answered(1, 404)), present=True)) == 1
    assert len(likes(deed("like", "p", Try(1, 2, None, arrived=False)), present=True)) == 1


@pytest.mark.parametrize("nobody_knows", [lost(1), answered(1, 503)])
def test_a_like_that_was_not_acknowledged_may_be_there_or_not(nobody_knows: Try) -> None:
    assert likes(deed("like", "p", nobody_knows), present=True) == []
    assert likes(deed("like", "p", nobody_knows), present=False) == []


def test_a_request_that_was_given_up_may_act_late_but_not_for_ever() -> None:
    like = deed("like", "p", lost(1), answered(5))
    assert likes(like, deed("unlike", "p", answered(6)), present=True, past=1) == []
    after = 2 + GHOST_SECONDS
    assert len(likes(like, deed("unlike", "p", answered(after)), present=True, past=1)) == 1


def test_an_unlike_that_counted_twice_is_found() -> None:
    like, unlike = deed("like", "p", answered(1)), deed("unlike", "p", answered(2))
    assert len(likes(like, unlike, present=False, past=2)) == 1
    assert len(likes(like, unlike, present=False, past=0)) == 1
    assert len(likes(like, deed("unlike", "p", lost(2)), present=False, past=2)) == 1


def texts(one: Deed, *rows: Made) -> list[str]:
    return check.wrong_texts([one], rows, what="comment")


def test_a_comment_is_there_once() -> None:
    once = deed("comment", "a", lost(1), answered(5, 201), answered(6, 201), told=["9", "9"])
    row = Made("9", "a", 1, "published")
    assert texts(once, row) == []
    assert "lost" in texts(once)[0]
    assert "doubled" in texts(once, row, row)[0]
    assert "several ids" in texts(once, row._replace(id="10"))[0]
    assert "another account's" in texts(once, row._replace(who=2))[0]
    assert "from nowhere" in texts(once, row, Made("11", "b", 1, "published"))[0]


def test_a_retry_that_was_told_of_another_comment_is_found() -> None:
    twice = deed("comment", "a", answered(1, 201), answered(2, 201), told=["9", "10"])
    assert "several ids" in texts(twice, Made("9", "a", 1, "published"))[0]


def test_a_comment_that_nobody_knows_of_may_be_there_but_only_once() -> None:
    row = Made("9", "a", 1, "published")
    unsure = deed("comment", "a", lost(1))
    assert texts(unsure) == texts(unsure, row) == []
    assert "doubled" in texts(unsure, row, row._replace(id="10"))[0]
    assert "though refused" in texts(deed("comment", "a", answered(1, 403)), row)[0]


def states(state: str, *deeds: Deed) -> list[str]:
    return check.wrong_states(deeds, [Made("9", "a", 1, state)])


def test_a_state_is_the_one_that_was_told() -> None:
    remove, restore = deed("remove", "9", answered(1)), deed("restore", "9", answered(2))
    delete = deed("delete_post", "9", answered(3, 204))
    assert states("published") == []
    assert states("removed", remove) == []
    assert states("published", remove, restore) == []
    assert states("deleted", remove, restore, delete) == []
    assert len(states("removed")) == 1
    assert len(states("published", remove)) == 1
    assert len(states("removed", remove, restore)) == 1
    assert len(states("published", delete)) == 1
    assert len(states("deleted", remove)) == 1


def test_a_verdict_that_nobody_knows_of_may_stand_or_not() -> None:
    for state in ("published", "removed"):
        assert states(state, deed("remove", "9", lost(1))) == []
    for state in ("published", "deleted"):
        assert states(state, deed("delete_comment", "9", lost(1))) == []


def test_a_page_with_an_invisible_post_is_found() -> None:
    remove = deed("remove", "9", answered(10))  # Acknowledged at 10.1.
    restore = deed("restore", "9", answered(20))

    def late(began: float, ended: float, *deeds: Deed) -> int:
        return len(check.shown_too_late(deeds, [Shown("/feeds/latest", began, ended, ("8", "9"))]))

    assert late(9, 9.1, remove) == 0
    assert late(12, 12.1, remove) == 0
    assert late(12.2, 12.3, remove) == 1
    assert late(19, 19.9, remove, restore) == 1
    assert late(19, 20.05, remove, restore) == 0
    assert late(25, 25.1, remove, restore) == 0
    assert late(25, 25.1, remove, restore, deed("delete_post", "9", answered(22))) == 1
    assert late(25, 25.1, deed("remove", "9", lost(10))) == 0


def test_a_post_that_comes_twice_in_one_walk_is_found() -> None:
    assert check.repeated_in_walks([["1", "2"], ["2", "3"]]) == []
    assert len(check.repeated_in_walks([["1", "2", "1"]])) == 1


def test_an_own_like_that_does_not_show_is_found() -> None:
    like = deed("like", "p", answered(1))

    def glances(shows: bool, *deeds: Deed) -> int:
        return len(check.wrong_glances(deeds, [Glance(1, "p", 2, shows)]))

    assert glances(True, like) == 0
    assert glances(False, like) == 1
    assert glances(True, like, deed("unlike", "p", answered(1.5))) == 1
    assert glances(False, deed("like", "p", lost(0), answered(1))) == 0


def test_a_deed_of_somebody_banned_is_found() -> None:
    ban, lift = deed("ban", "1", answered(1), who=-1), deed("lift", "1", answered(9), who=-1)
    assert check.acted_though_banned([ban, lift, deed("like", "p", answered(10))]) == []
    assert check.acted_though_banned([ban, lift, deed("like", "p", answered(5), who=2)]) == []
    assert check.acted_though_banned([ban, lift, deed("like", "p", answered(5, 403))]) == []
    assert len(check.acted_though_banned([ban, lift, deed("like", "p", answered(5))])) == 1
    assert len(check.acted_though_banned([ban, deed("comment", "a", answered(5, 201))])) == 1


def test_a_drifted_counter_is_found() -> None:
    assert check.wrong_counts([Count("like_count of 9", 3, 3)]) == []
    assert check.wrong_counts([Count("like_count of 9", 4, 3)]) == ["like_count of 9 is kept as 4, counted 3"]


def test_a_gap_in_the_change_log_is_found() -> None:
    log = [Change(1, 9, 1), Change(2, 8, 1), Change(3, 9, 2)]

    def wrong(log: list[Change], versions: dict[int, int], waiting: int = 0, last: int = 3) -> list[str]:
        return check.wrong_log(log, versions, waiting=waiting, last_number=last)

    assert wrong(log, {9: 2, 8: 1}) == []
    assert wrong(log, {9: 2, 8: 1}, waiting=1)
    assert wrong(log, {9: 2, 8: 1}, last=4)
    assert wrong(log, {9: 3, 8: 1})
    assert wrong(log, {9: 2})
    assert wrong([Change(1, 9, 2), Change(2, 8, 1), Change(3, 9, 1)], {9: 2, 8: 1})


def test_a_ghost_on_a_board_is_found() -> None:
    assert check.wrong_boards({"hot": ["a", "b"]}, {"hot": ["b", "a"]}) == []
    assert check.wrong_boards({"hot": ["a"]}, {"hot": ["a", "b"]}) == ["board hot has a ghost b"]
    assert check.wrong_boards({"hot": ["a", "b"]}, {"hot": ["a"]}) == ["board hot misses b"]
    assert check.wrong_boards({"hot": ["a"]}, {"hot": None}) == ["board hot is not there"]
