"""Base classes of errors. Concrete errors live in their package, beside the rule that raises them."""

import re
from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One invalid field: its path, a stable code, and the parameters of the message."""

    field: str
    code: str
    params: dict[str, Any] = {}


class InvalidValue(ValueError):
    """A value that its type does not accept, with the code and parameters of its FieldError. Decoding adds the field."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class FeedError(Exception):
    """An error that is reported to the caller. The wire `code` is the class name in snake_case."""

    code: ClassVar[str] = "error"

    def __init_subclass__(cls) -> None:
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, detail: str = "", **params: Any) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.params = params
        # The invalid fields, if any.
        self.errors: tuple[FieldError, ...] = ()


class MalformedBody(FeedError):
    """The body is not JSON, or not of the kind that the operation expects, for instance a list for an object."""


class Invalid(FeedError):
    """Well-formed input with invalid values; lists every invalid field."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(", ".join(f"{e.field}: {e.code}" for e in errors))
        self.errors = errors


class Unauthenticated(FeedError):
    """A missing, expired, forged or revoked token."""


class Forbidden(FeedError):
    """Authenticated but not permitted, for instance another account's post or a missing role."""


class NotFound(FeedError):
    """Unknown, malformed or invisible id; callers cannot distinguish the three."""


class Conflict(FeedError):
    """The request is valid, but the current state does not allow it."""


class TooMany(FeedError):
    """A limit was reached. `params['retry_after']` is in whole seconds."""


class Unavailable(FeedError):
    """Overload or an unavailable dependency. `params['retry_after']` is in whole seconds."""
