"""Tests share applications: building one takes half a second, in which the event loop stops, and each stays in memory."""

from typing import Any

import msgspec

from feed.api.state import AppState
from feed.app import build
from feed.settings import Settings
from tests.support.app import BUILT_WITH, built_in


class _Recorded:
    """Settings, and which of them were read."""

    def __init__(self, settings: Settings) -> None:
        self.read: set[str] = set()
        self._settings = settings

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._settings, name)


def test_tests_whose_applications_read_other_settings_do_not_share_one(app_state: AppState) -> None:
    settings = msgspec.structs.replace(
        app_state.settings, access_log_dir="/tmp", embedded=False, public_url="https://a.cn"
    )
    recorded = _Recorded(settings)
    build(msgspec.structs.replace(app_state, settings=recorded))
    assert recorded.read == set(BUILT_WITH)
    assert built_in(settings) == built_in(msgspec.structs.replace(settings, database_url="postgresql://elsewhere"))
