"""Strict reading of requests: values of the wrong JSON type are rejected, which the framework would convert."""

import re
from typing import Any

from litestar import Request, Response
from litestar.datastructures.state import State

from feed.api.errors import UnsupportedMediaType
from feed.api.parameters import list_query_problems
from feed.api.paths import allowed_methods, path_parameters
from feed.api.screened import require_publishable
from feed.decoding.decoder import body_decoder, without_lone_surrogates
from feed.errors import FieldError, Invalid, Unauthenticated


class StrictRequest(Request[Any, Any, State]):
    """A request whose JSON body must have the type of the handler's `data`."""

    async def json(self) -> Any:
        """The body as the handler's `data`, without type conversions.

        Raises UnsupportedMediaType, MalformedBody, Invalid, also for texts that the machine check refuses.
        """
        field = self.route_handler.parsed_data_field
        if field is None:
            return await super().json()
        if not is_json(self.headers.get("content-type", "")):
            raise UnsupportedMediaType
        body = await self.body()
        if self.route_handler.opt.get("from_app"):
            body = without_lone_surrogates(body)
        decoded = body_decoder(field.annotation).decode(body)
        require_publishable(self.app.state.app_state.screener, field.annotation, decoded)
        return decoded


# In the request's state of a HEAD request, which handlers see as GET.
IS_HEAD = "is_head"
# In the request's state: the account id and the KeyedRequest of a request with an Idempotency-Key.
KEYED_REQUEST = "keyed_request"

KEY_LONGEST = 200
_KEY = re.compile(rb"[!-~]{1,%d}" % KEY_LONGEST)
_KEY_HEADER = "Idempotency-Key"

# What browsers, of earlier versions too, send with what the user has not opened.
_PURPOSE_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PURPOSES = ("prefetch", "prerender", "preview")


def is_read_by_user(request: Request[Any, Any, State]) -> bool:
    """Whether a GET is for the user to read: not HEAD, and not fetched in advance by a browser or an app that says so."""
    purposes = " ".join(request.headers.get(name, "") for name in _PURPOSE_HEADERS).lower()
    return IS_HEAD not in request.scope["state"] and not any(each in purposes for each in _PURPOSES)


async def check_request(request: Request[Any, Any, State]) -> Response[None] | None:
    """Runs before the handler: responds to OPTIONS, restores slashes in path parameters, requires a token before the body
    is read, and rejects an unusable Idempotency-Key and parameters that the framework would convert.

    The framework would answer OPTIONS for one handler of the path only. Raises Unauthenticated, Invalid.
    """
    if request.method == "OPTIONS":
        return Response(None, status_code=204, headers={"allow": ", ".join(sorted(allowed_methods(request)))})
    request.scope["path_params"] = path_parameters(request.scope["path_params"])
    if "viewer" in request.route_handler.parsed_fn_signature.parameters and "authorization" not in request.headers:
        raise Unauthenticated
    if request.method == "POST":
        _check_key(request)
    if request.scope["query_string"] and (problems := list_query_problems(request)):
        raise Invalid(*problems)
    return None


def is_json(content_type: str) -> bool:
    """Whether the media type is JSON in UTF-8, which is the only encoding of JSON between systems (RFC 8259)."""
    kind, *parameters = content_type.lower().split(";")
    return kind.strip() == "application/json" and not any(_is_other_charset(each) for each in parameters)


def _is_other_charset(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8")


def key_problem(key: bytes) -> FieldError | None:
    """The problem of an Idempotency-Key: it has 1 to 200 printable ASCII characters."""
    if _KEY.fullmatch(key) is not None:
        return None
    if not key:
        return FieldError(_KEY_HEADER, "required")
    if len(key) > KEY_LONGEST:
        return FieldError(_KEY_HEADER, "too_long", {"longest": KEY_LONGEST})
    return FieldError(_KEY_HEADER, "forbidden_character")


def _check_key(request: Request[Any, Any, State]) -> None:
    keys = [value for name, value in request.scope["headers"] if name == b"idempotency-key"]
    problems = [problem for key in keys if (problem := key_problem(key)) is not None]
    if not problems and len(keys) > 1:
        problems = [FieldError(_KEY_HEADER, "repeated")]
    if problems:
        raise Invalid(problems[0])
