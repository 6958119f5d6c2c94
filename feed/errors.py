"""The trunk of the tree of refusals. Leaves live in the slices, beside the rule that they speak for."""

import re
from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One invalid field: where it is, a stable code, and the numbers that the message needs."""

    field: str
    code: str
    params: dict[str, Any] = {}


class FeedError(Exception):
    """A refusal that a caller can understand. The wire `code` is the class's name in snake_case."""

    code: ClassVar[str] = "error"

    def __init_subclass__(cls) -> None:
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, detail: str = "", **params: Any) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.params = params
        # The fields that it is about, where it is about some.
        self.errors: tuple[FieldError, ...] = ()


class MalformedBody(FeedError):
    """The body is not the JSON that the operation reads: broken, or a value of the wrong type."""


class Invalid(FeedError):
    """Well-formed input with values that the product does not accept; names every field at once."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(", ".join(f"{e.field}: {e.code}" for e in errors))
        self.errors = errors


class Unauthenticated(FeedError):
    """No token where one is needed, or one that is expired, forged or revoked."""


class Forbidden(FeedError):
    """Known, but not allowed: another's post, a missing role."""


class NotFound(FeedError):
    """Unknown, malformed or invisible: the three are not told apart."""


class Conflict(FeedError):
    """The request is right and the state is not."""


class TooMany(FeedError):
    """A limit was reached. `params['retry_after']` holds whole seconds."""


class Unavailable(FeedError):
    """Not now: overload, or a part that is down. `params['retry_after']` holds whole seconds."""
