"""Applications are built once for each set of settings: building one takes half a second, giving it another world nothing."""

from collections import defaultdict
from pathlib import Path

from litestar import Litestar

from feed.api.state import AppState
from feed.app import build
from feed.settings import Settings

# What `build` reads.
BUILT_WITH = (
    "access_log_days",
    "access_log_dir",
    "allowed_hosts",
    "cors_origins",
    "embedded",
    "public_url",
    "trusted_proxies",
)

_idle: defaultdict[Settings, list[Litestar]] = defaultdict(list)
_lent: list[tuple[Settings, AppState, Litestar]] = []


def app_over(app_state: AppState) -> Litestar:
    """The application over this world, until the test ends. Two worlds of one test never share one."""
    for _, other, app in _lent:
        if other is app_state:
            return app
    key = built_in(app_state.settings)
    app = _idle[key].pop() if _idle[key] else build(app_state)
    app.state.app_state = app_state
    _lent.append((key, app_state, app))
    return app


def built_in(settings: Settings) -> Settings:
    """The settings that an application is built with. The others its handlers look up in the world, at each request."""
    read = {name: getattr(settings, name) for name in BUILT_WITH}
    return Settings(database_url="", redis_url="", keys_dir=Path(), **read)


def put_apps_back() -> None:
    """For the next test."""
    for key, _, app in _lent:
        _idle[key].append(app)
    _lent.clear()
