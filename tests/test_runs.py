"""Runs of the tests in several processes: what stays in one of them, and that they keep out of each other's way."""

import pytest

from tests.support.ports import free_port
from tests.support.scheduling import group_of


def test_tests_spread_unless_they_share_what_is_expensive() -> None:
    assert group_of("tests/plans/test_endpoints.py") == group_of("tests/plans/test_plans.py") is not None
    assert group_of("tests/commands/test_up.py") == "tests/commands/test_up.py"
    assert group_of("tests/browser/test_live.py") is None
    assert group_of("tests/test_ids.py") is None


def test_each_process_gives_ports_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    for worker in range(16):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{worker}")
        given += [free_port() for _ in range(20)]
    assert len(set(given)) == len(given)
    # Linux gives ports from 32,768 on to outgoing connections.
    assert max(given) < 32_768
