"""Structured logs without personal data, for every process alike."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import asyncpg
import structlog

from feed.errors import FeedError

HIDDEN = "[hidden]"

# Keys whose values speak of people, or open their doors. An error's code is therefore logged as `error`.
PERSONAL = frozenset(
    (
        *("phone", "phone_number", "text", "body", "name", "nickname", "bio", "address", "email"),
        *("location", "params", "sealed", "sub", "code", "token", "access_token", "refresh_token", "authorization"),
        *("cookie", "password", "secret", "key", "challenge"),
    )
)

# A number that could be called. Ids are longer and stay readable.
_CALLABLE = re.compile(r"(?<!\d)(?:\+\d{8,15}|(?:86)?1[3-9]\d{9})(?!\d)")

# These quote what they were given; their class and their place in the code must do.
_QUOTING = (ValueError, LookupError, TypeError, asyncpg.PostgresError)

Event = MutableMapping[str, Any]


def configure(log_format: str, *, level: int = logging.INFO) -> None:
    """Sends the logs of this process, the libraries' included, to stderr: `json`, or `console` for a terminal."""
    first: list[structlog.types.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if log_format == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=first,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, tell_exception, hide_personal, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # It logs addresses with their queries.
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *first,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def hide_personal(_: object, __: str, event: Event) -> Event:
    """Blanks the values of personal keys, at any depth, and every number that could be called."""
    for key, value in event.items():
        event[key] = HIDDEN if _is_personal(key) else _hidden(value)
    return event


def _is_personal(key: object) -> bool:
    # Claim fields of any prize kind.
    return key in PERSONAL or (isinstance(key, str) and key.startswith("recipient_"))


def _hidden(value: object) -> object:
    if isinstance(value, str):
        return _CALLABLE.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {key: HIDDEN if _is_personal(key) else _hidden(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(inner) for inner in value]
    return value


def tell_exception(_: object, __: str, event: Event) -> Event:
    """Classes, places and messages of a chain of exceptions; never values of variables or of rows."""
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    event.pop("exc_text", None)
    if isinstance(error, BaseException):
        event["failure"] = _told(error)
    return event


def _told(error: BaseException | None) -> list[dict[str, object]]:
    chain: list[dict[str, object]] = []
    while error is not None and len(chain) < 8:
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        chain.append(
            {
                "class": f"{type(error).__module__}.{type(error).__qualname__}",
                "says": _message(error),
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _message(error: BaseException) -> str:
    if isinstance(error, asyncpg.PostgresError):
        where = filter(None, (error.sqlstate, error.table_name, error.column_name, error.constraint_name))
        return " ".join(map(str, where))
    if isinstance(error, FeedError):
        return error.code
    return "" if isinstance(error, _QUOTING) else str(error)[:300]
