"""The application factory that the server runs in each of its processes: `feed.asgi:application`."""

from functools import cache, partial

from litestar import Litestar

from feed.api.state import open_app_state
from feed.app import build
from feed.environment import read_settings
from feed.observability import logging


@cache
def application() -> Litestar:
    """The application with settings from the environment, built once in a process and in what is forked from it. Configures logging."""
    settings = read_settings()
    logging.configure(settings.log_format)
    return build(partial(open_app_state, settings), settings)
