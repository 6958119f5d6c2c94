"""The schedule follows from the seed."""

from collections import Counter

from tests.chaos.faults import KINDS, schedule


def test_a_seed_gives_the_same_faults_each_time_and_another_one_others() -> None:
    assert schedule(7, 60) == schedule(7, 60)
    assert schedule(7, 60) != schedule(8, 60)


def test_a_longer_run_begins_as_a_shorter_one() -> None:
    short, long = schedule(7, 60), schedule(7, 600)
    assert long[: len(short)] == short
    assert len(long) > 5 * len(short)


def test_every_kind_comes_as_often_as_the_others() -> None:
    times = Counter(fault.kind for fault in schedule(7, 600))
    assert times.keys() == KINDS.keys()
    assert max(times.values()) - min(times.values()) <= 1


def test_faults_end_within_the_run() -> None:
    for seed in range(50):
        assert all(fault.at + fault.lasts < 60 for fault in schedule(seed, 60))
