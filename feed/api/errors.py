"""Maps errors to HTTP statuses and problem documents (RFC 9457)."""

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, get_args

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

from feed.api.html.error_page import WaysOut, error_page, page_policy
from feed.api.languages import preferred_language
from feed.api.media_types import prefers_text
from feed.api.messages import field_message, message_of
from feed.api.parameters import parameter_problem
from feed.api.paths import allowed_methods, own_address, page_above, path_of_own
from feed.api.responses import stored_response
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
from feed.idempotency import AlreadyAnswered
from feed.keys.files import KeyStoreError
from feed.keys.fingerprints import KeysUnusable
from feed.links import local_path
from feed.media.model import FileTooLarge, UnsupportedMedia
from feed.pagination import CursorExpired, CursorInvalid
from feed.postgres import RETRYABLE, UNAVAILABLE
from feed.reasons import VerdictName, VerdictReason
from feed.texts import among

PROBLEM_JSON = "application/problem+json"
# Below these paths messages name a field in words: staff read them as a list.
_OF_STAFF = ("/v1/admin/", "/v1/moderation/")

_HTML = "text/html"
_PLAIN = "text/plain"
_OF_CONTRACT = "/v1/"

# In the request's state: the error after which it can be repeated.
WRITE_CONFLICT = "write_conflict"

log = structlog.get_logger()


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A problem document: `code` is stable, the messages follow `Accept-Language`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list["ProblemField"] = []
    # Of a case that was decided meanwhile.
    decision: "FirstDecision | msgspec.UnsetType" = msgspec.UNSET


class FirstDecision(msgspec.Struct, frozen=True):
    """What was decided about the case before, and by whom."""

    verdict: VerdictName
    stage: int
    reason_code: Annotated[str, among(get_args(VerdictReason))]
    user_id: str
    user_name: str
    made_at: datetime


class ProblemField(msgspec.Struct):
    """One invalid field."""

    field: str
    code: str
    message: str


class BadRequest(FeedError):
    """The framework rejected the request for another reason."""


class MethodNotAllowed(FeedError):
    """The path exists, but not with this method."""


class BodyTooLarge(FeedError):
    """More than 256 KB of JSON."""


class UnsupportedMediaType(FeedError):
    """A body that is not JSON in UTF-8, or is compressed."""


class NotMultipart(FeedError):
    """A body that is not multipart/form-data, or is compressed."""


class InternalError(FeedError):
    """An unexpected error; it has been logged."""


class HostNotAllowed(FeedError):
    """The `Host` header is not an allowed one."""


class NotAcceptable(FeedError):
    """`Accept` excludes the media type of this path."""


class BodyTooSlow(FeedError):
    """The body did not arrive within the timeout."""


class UriTooLong(FeedError):
    """Path and query are longer than 8 KB."""


class HeadersTooLarge(FeedError):
    """The headers are larger than 16 KB."""


class NotReady(Unavailable):
    """The process waits for Postgres, or for the keys of this installation."""


class TookTooLong(Unavailable):
    """The handler did not respond within the timeout."""


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
    (FileTooLarge, 413),
    (UriTooLong, 414),
    (UnsupportedMediaType, 415),
    (UnsupportedMedia, 415),
    (NotMultipart, 415),
    (TooMany, 429),
    (HeadersTooLarge, 431),
    (InternalError, 500),
    (Unavailable, 503),
)


def status_of(error: FeedError) -> int:
    """The HTTP status of an error."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language of messages: `zh-CN` unless the caller prefers English."""
    given = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"accept-language"]
    return preferred_language(",".join(given))


def problem_fields(errors: Iterable[FieldError], language: str, *, is_named: bool = True) -> list[ProblemField]:
    """The errors of fields with their messages; `is_named`: each with the words of its field, for staff."""
    return [
        ProblemField(error.field, error.code, field_message(error, language, is_named=is_named)) for error in errors
    ]


def problem_of(
    code: str, status: int, language: str, fields: Iterable[FieldError] = (), *, is_named: bool = False
) -> Problem:
    """The problem document of an error code, with its messages in a language; `is_named` as in `problem_fields`."""
    message = message_of(code, language) or HTTPStatus(status).phrase
    return Problem(
        type=f"urn:feed:problem:{code}",
        title=message,
        status=status,
        detail=message,
        code=code,
        errors=problem_fields(fields, language, is_named=is_named),
    )


def problem(
    request: Request[Any, Any, Any], *, status: int, error: FeedError, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """The response with the problem document of an error."""
    language = language_of(request)
    is_named = str(request.scope.get("path", "")).startswith(_OF_STAFF)
    document = problem_of(error.code, status, language, error.errors, is_named=is_named)
    if (decision := error.params.get("decision")) is not None:
        document.decision = msgspec.convert(decision, FirstDecision, from_attributes=True)
    headers = {"cache-control": "no-store", "content-language": language, "vary": "Accept-Language", **(headers or {})}
    if "retry_after" in error.params:
        headers["retry-after"] = str(error.params["retry_after"])
    if status in (408, 413):
        # The rest of the body is not read.
        headers["connection"] = "close"
    if isinstance(error, UnsupportedMediaType):
        # RFC 9110, 15.5.16: what would have been accepted.
        headers |= {"accept": "application/json", "accept-encoding": "identity"}
    if isinstance(error, NotMultipart):
        headers |= {"accept": "multipart/form-data", "accept-encoding": "identity"}
    if _is_of_reader(request):
        headers["vary"] = "Accept, Accept-Language"
        if "text/html" in request.headers.get("accept", ""):
            return html_problem(request, document, language, headers=headers)
        if status in (404, 405):
            return Response(f"{document.title}\n".encode(), status_code=status, media_type=_PLAIN, headers=headers)
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="feed"'
    return Response(msgspec.json.encode(document), status_code=status, media_type=PROBLEM_JSON, headers=headers)


def html_problem(
    request: Request[Any, Any, Any], document: Problem, language: str, *, headers: dict[str, str]
) -> Response[bytes]:
    """The page of a problem document, for browsers; it leads back to the page of this site that the request came from."""
    messages = [each.message for each in document.errors]
    ways = _ways_out(request, document.status, headers.get("retry-after"))
    body = error_page(document.status, document.code, document.title, language, messages, ways)
    return Response(
        body,
        status_code=document.status,
        media_type=_HTML,
        headers={
            "cache-control": "no-store",
            "content-language": language,
            "content-security-policy": page_policy(),
            "referrer-policy": "same-origin",
            **headers,
        },
    )


def _ways_out(request: Request[Any, Any, Any], status: int, retry_after: str | None) -> WaysOut:
    address = own_address(request.scope)
    public_url = request.app.state.app_state.settings.public_url
    referer, host = request.headers.get("referer", ""), request.headers.get("host")
    before = path_of_own(referer, host, public_url)
    back = local_path(before) if before is not None else None
    is_page = request.method in ("GET", "HEAD")
    return WaysOut(
        path=address if is_page else back or "/",
        back=None if back == address else back,
        retry=address if is_page and status in (429, 503) else None,
        retry_after=int(retry_after) if retry_after is not None and retry_after.isdecimal() else None,
    )


def _is_of_reader(request: Request[Any, Any, Any]) -> bool:
    """Whether a request outside of /v1 is that of a browser rather than of a client of the API."""
    path = str(request.scope.get("path", ""))
    return not f"{path}/".startswith(_OF_CONTRACT) and prefers_text(",".join(request.headers.getall("accept", [])))


def error_response(request: Request[Any, Any, Any], error: FeedError) -> Response[bytes]:
    """The response to an error of ours."""
    return problem(request, status=status_of(error), error=error)


def http_error_response(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The response to an error that the framework raises before a handler is called."""
    if isinstance(error, ValidationException):
        return error_response(request, _validation_error(request, error))
    if isinstance(error, NotFoundException):
        return error_response(request, NotFound())
    if isinstance(error, MethodNotAllowedException):
        methods = allowed_methods(request)
        page = _page_of_form(request) if "POST" in methods else None
        if page is not None:
            return Response(b"", status_code=303, headers={"location": page, "cache-control": "no-store"})
        return problem(request, status=405, error=MethodNotAllowed(), headers={"allow": ", ".join(sorted(methods))})
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return error_response(request, BodyTooLarge())
    if isinstance(error, SerializationException) or (isinstance(error, ClientException) and error.status_code == 400):
        return error_response(request, MalformedBody())
    if error.status_code >= 500:
        return internal_error_response(request, error)
    return problem(request, status=error.status_code, error=BadRequest())


def _page_of_form(request: Request[Any, Any, Any]) -> str | None:
    """The page above the address of a form, for a browser that opens that address: by a reload after a refusal, by another language or
    after the sign-in. It keeps the query. None for other requests.
    """
    asks_for_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if not asks_for_page or not _is_of_reader(request):
        return None
    return page_above(request)


def database_away_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The response when the database is unreachable."""
    return error_response(request, database_away(error))


def key_store_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The response when a file of the key store is missing, damaged or open to other users."""
    log.error("key store unusable", error=str(error))
    return error_response(request, KeysUnusable(retry_after=60))


def keys_unusable_response(request: Request[Any, Any, Any], error: KeysUnusable) -> Response[bytes]:
    """The response when a key is not the one that the database knows; the log says which."""
    log.error("key store unusable", error="; ".join(getattr(error, "__notes__", ())))
    return error_response(request, error)


def write_conflict_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The response to a deadlock or serialization failure, which `retries_middleware` sends only after repeated attempts."""
    request.scope["state"][WRITE_CONFLICT] = error
    return database_away_response(request, error)


def database_away(error: Exception) -> DatabaseAway:
    """Logs an error of the database connection and returns the one for callers."""
    log.warning("database away", error=type(error).__name__)
    return DatabaseAway(retry_after=2)


async def send_error(scope: Scope, receive: Receive, send: Send, error: FeedError) -> None:
    """Sends the response to an error, from middleware."""
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    await error_response(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)


async def send_internal_error(scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
    """Logs an unexpected error and sends the response to it, from middleware."""
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    await internal_error_response(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)


def internal_error_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Logs an unexpected error with its traceback; the response has none."""
    log.error("unhandled error", path=request.scope.get("path"), exc_info=error)
    return problem(request, status=500, error=InternalError())


def _validation_error(request: Request[Any, Any, Any], error: ValidationException) -> FeedError:
    extra = [item for item in error.extra or [] if isinstance(item, dict)]
    # The framework gives the source as a string or as an enum member.
    sources = {getattr(item.get("source"), "value", item.get("source")) for item in extra}
    if "path" in sources:
        return NotFound()
    if sources & {"query", "header", "cookie"}:
        return Invalid(
            *(parameter_problem(request, str(item.get("key", "")), is_header="header" in sources) for item in extra)
        )
    return MalformedBody()


EXCEPTION_HANDLERS: Any = {
    AlreadyAnswered: stored_response,
    FeedError: error_response,
    KeysUnusable: keys_unusable_response,
    KeyStoreError: key_store_response,
    HTTPException: http_error_response,
    **dict.fromkeys(UNAVAILABLE, database_away_response),
    **dict.fromkeys(RETRYABLE, write_conflict_response),
    Exception: internal_error_response,
}
