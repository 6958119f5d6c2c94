"""Refusals become problem documents (RFC 9457). The only place where both words meet."""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE
from litestar.types import Receive, Scope, Send

from feed.api.messages import message_of
from feed.api.responses import repeat
from feed.batching import DatabaseAway
from feed.errors import (
    Conflict,
    FeedError,
    FieldError,
    Forbidden,
    Invalid,
    MalformedBody,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from feed.idempotency import Answered
from feed.pagination import CursorExpired, CursorInvalid
from feed.postgres import DOWN

PROBLEM_JSON = "application/problem+json"

log = structlog.get_logger()


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A problem document: `code` is stable, the words follow `Accept-Language`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list["ProblemField"] = []


class ProblemField(msgspec.Struct):
    """One invalid field."""

    field: str
    code: str
    message: str


class BadRequest(FeedError):
    """A request that HTTP itself cannot make sense of."""


class MethodNotAllowed(FeedError):
    """The path is known, the method is not."""


class BodyTooLarge(FeedError):
    """More than 256 KB of JSON."""


class UnsupportedMediaType(FeedError):
    """A body that is not JSON."""


class InternalError(FeedError):
    """A fault of ours; it has been logged."""


class HostNotAllowed(FeedError):
    """The site is not known by the name that it was called by."""


class NotAcceptable(FeedError):
    """`Accept` excludes what this path serves."""


class BodyTooSlow(FeedError):
    """The body did not arrive in time."""


class UriTooLong(FeedError):
    """Path and query are longer than any that we hand out."""


class TookTooLong(Unavailable):
    """The request was given up: its handler was not done in time."""


_STATUS: tuple[tuple[type[FeedError], int], ...] = (
    (MalformedBody, 400),
    (CursorInvalid, 400),
    (BadRequest, 400),
    (HostNotAllowed, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (CursorExpired, 410),
    (Invalid, 422),
    (MethodNotAllowed, 405),
    (NotAcceptable, 406),
    (BodyTooSlow, 408),
    (BodyTooLarge, 413),
    (UriTooLong, 414),
    (UnsupportedMediaType, 415),
    (TooMany, 429),
    (InternalError, 500),
    (Unavailable, 503),
)


def status_of(error: FeedError) -> int:
    """The status that a refusal is answered with."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def language_of(request: Request[Any, Any, Any]) -> str:
    """`zh-CN` unless the caller prefers English."""
    preferred = request.headers.get("accept-language", "").strip().lower()
    return "en" if preferred.startswith("en") else "zh-CN"


def problem(
    request: Request[Any, Any, Any], *, status: int, error: FeedError, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """The response that tells of a refusal."""
    language = language_of(request)
    words = message_of(error.code, language)
    document = Problem(
        type=f"urn:feed:problem:{error.code}",
        title=words or HTTPStatus(status).phrase,
        status=status,
        detail=words or HTTPStatus(status).phrase,
        code=error.code,
        errors=[
            ProblemField(field.field, field.code, message_of(f"field.{field.code}", language, **field.params))
            for field in error.errors
        ],
    )
    headers = {"cache-control": "no-store", "content-language": language, **(headers or {})}
    if "retry_after" in error.params:
        headers["retry-after"] = str(error.params["retry_after"])
    if status in (408, 413):
        # The rest of the body is not waited for.
        headers["connection"] = "close"
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="feed"'
    return Response(msgspec.json.encode(document), status_code=status, media_type=PROBLEM_JSON, headers=headers)


def refuse(request: Request[Any, Any, Any], error: FeedError) -> Response[bytes]:
    """A refusal of ours."""
    return problem(request, status=status_of(error), error=error)


def refuse_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refuses before a handler is called."""
    if isinstance(error, ValidationException):
        return refuse(request, _of_validation(request, error))
    if isinstance(error, NotFoundException):
        return refuse(request, NotFound())
    if isinstance(error, MethodNotAllowedException):
        allow = ", ".join(sorted(allowed_methods(request)))
        return problem(request, status=405, error=MethodNotAllowed(), headers={"allow": allow})
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return refuse(request, BodyTooLarge())
    if isinstance(error, SerializationException) or (isinstance(error, ClientException) and error.status_code == 400):
        return refuse(request, MalformedBody())
    if error.status_code >= 500:
        return fail(request, error)
    return problem(request, status=error.status_code, error=BadRequest())


def allowed_methods(request: Request[Any, Any, Any]) -> set[str]:
    """The methods that the requested path knows."""
    path = request.scope["path"].rstrip("/") or "/"
    for route in request.app.routes:
        template = route.path_format.split("/")
        given = path.split("/")
        if len(template) == len(given) and all(
            part.startswith("{") or part == asked for part, asked in zip(template, given, strict=True)
        ):
            return set(getattr(route, "methods", ()))
    return set()


def refuse_away(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The database is away for a moment."""
    return refuse(request, away(error))


def away(error: Exception) -> DatabaseAway:
    """What a failure of the database is to callers; it has been logged."""
    log.warning("database away", error=type(error).__name__)
    return DatabaseAway(retry_after=2)


async def answer(scope: Scope, receive: Receive, send: Send, error: FeedError) -> None:
    """Sends a refusal from where no handler has been called."""
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    await refuse(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)


async def answer_failure(scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
    """The same for a fault of ours."""
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    await fail(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)


def refuse_bytes(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A body that is not UTF-8, or nested beyond all measure: the decoder says so in errors of its own."""
    return refuse(request, MalformedBody())


def fail(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: logged with its trace, told without one."""
    log.error("unhandled error", path=request.scope.get("path"), exc_info=error)
    return problem(request, status=500, error=InternalError())


def wire_name(request: Request[Any, Any, Any], key: str) -> str:
    """The name that the caller knows a parameter by; a handler may have had to call it otherwise."""
    field = request.scope["route_handler"].parsed_fn_signature.parameters.get(key)
    definition = getattr(field, "kwarg_definition", None)
    return next(filter(None, (getattr(definition, place, None) for place in ("query", "header", "name"))), key)


def _of_validation(request: Request[Any, Any, Any], error: ValidationException) -> FeedError:
    extra = [item for item in error.extra or [] if isinstance(item, dict)]
    # The framework names a source by a plain word or by a member of its enumeration.
    sources = {getattr(item.get("source"), "value", item.get("source")) for item in extra}
    if "path" in sources:
        return NotFound()
    if sources & {"query", "header", "cookie"}:
        return Invalid(*(FieldError(_wire_name_of(request, item), "invalid_value") for item in extra))
    return MalformedBody()


def _wire_name_of(request: Request[Any, Any, Any], item: dict[str, Any]) -> str:
    name = wire_name(request, str(item.get("key", "")))
    # A header that a dependency asks for is unknown to the handler; headers are spelled so.
    return name.replace("_", "-").title() if str(getattr(item["source"], "value", item["source"])) == "header" else name


HANDLERS: Any = {
    Answered: repeat,
    FeedError: refuse,
    HTTPException: refuse_http,
    **dict.fromkeys(DOWN, refuse_away),
    UnicodeDecodeError: refuse_bytes,
    RecursionError: refuse_bytes,
    Exception: fail,
}
