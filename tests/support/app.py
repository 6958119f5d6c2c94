"""Applications are built once for each set of settings: building one takes 0.2 seconds, giving it another world nothing."""

from collections import defaultdict
from pathlib import Path

import msgspec
from litestar import Litestar

from feed.api.state import AppState
from feed.app import build
from feed.settings import Settings

_idle: defaultdict[Settings, list[Litestar]] = defaultdict(list)
_lent: list[tuple[Settings, AppState, Litestar]] = []


def app_over(app_state: AppState) -> Litestar:
    """The application over this world, until the test ends. Two worlds of one test never share one."""
    for _, other, app in _lent:
        if other is app_state:
            return app
    # Handlers look these up in the world, at each request; the other settings are built in.
    key = msgspec.structs.replace(
        app_state.settings, database_url="", redis_url="", keys_dir=Path(), sms_outbox=Path(), ip_regions_file=""
    )
    app = _idle[key].pop() if _idle[key] else build(app_state)
    app.state.app_state = app_state
    _lent.append((key, app_state, app))
    return app


def put_apps_back() -> None:
    """For the next test."""
    for key, _, app in _lent:
        _idle[key].append(app)
    _lent.clear()
