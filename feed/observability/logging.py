"""Structured logging without personal data, for every process."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import asyncpg
import structlog

from feed.errors import FeedError
from feed.terminal import escaped

HIDDEN = "[hidden]"

# Keys whose values are personal data or credentials. An error's code is therefore logged as `error`.
PERSONAL = frozenset(
    (
        *("phone", "phone_number", "text", "body", "name", "nickname", "bio", "address", "email"),
        *("location", "params", "sealed", "sub", "code", "token", "access_token", "refresh_token", "authorization"),
        *("cookie", "password", "secret", "key", "challenge"),
    )
)

# A phone number. Ids are longer and stay readable.
_CALLABLE = re.compile(r"(?<!\d)(?:\+\d{8,15}|(?:86)?1[3-9]\d{9})(?!\d)")

# These quote their input in the message, so only class and location are logged.
_QUOTES_INPUT = (ValueError, LookupError, TypeError, asyncpg.PostgresError)

Event = MutableMapping[str, Any]


def configure(log_format: str, *, level: int = logging.INFO) -> None:
    """Sends the logs of this process, including those of libraries, to stderr as `json`, or as `console` for a terminal."""
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
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, format_exception, redact, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # It logs URLs with their query strings.
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


def redact(_: object, __: str, event: Event) -> Event:
    """A structlog processor that redacts the values of personal keys at any depth, and phone numbers, and escapes controls."""
    for key, value in event.items():
        event[key] = HIDDEN if _is_personal_key(key) else _redacted(value)
    return event


def _is_personal_key(key: object) -> bool:
    # Claim fields of every prize kind.
    return key in PERSONAL or (isinstance(key, str) and key.startswith("recipient_"))


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return escaped(_CALLABLE.sub(HIDDEN, value))
    if isinstance(value, Mapping):
        return {key: HIDDEN if _is_personal_key(key) else _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value


def format_exception(_: object, __: str, event: Event) -> Event:
    """A structlog processor that adds the exception chain: classes, locations, messages; no values of variables or rows."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    event.pop("exc_text", None)
    if isinstance(error, BaseException):
        event["failure"] = _chain_of(error)
    return event


def _chain_of(error: BaseException | None) -> list[dict[str, object]]:
    chain: list[dict[str, object]] = []
    while error is not None and len(chain) < 8:
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        chain.append(
            {
                "class": f"{type(error).__module__}.{type(error).__qualname__}",
                "message": _message(error),
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
    return "" if isinstance(error, _QUOTES_INPUT) else str(error)[:300]
