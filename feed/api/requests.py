"""Strict reading of requests: values of the wrong JSON type are rejected, which the framework would convert."""

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures.state import State

from feed.api.errors import UnsupportedMediaType, allowed_methods, wire_name
from feed.api.paths import path_parameters
from feed.errors import FieldError, Invalid, MalformedBody, Unauthenticated


class StrictRequest(Request[Any, Any, State]):
    """A request whose JSON body must have the type of the handler's `data`."""

    async def json(self) -> Any:
        """The body as the handler's `data`, without type conversions.

        Raises UnsupportedMediaType, MalformedBody.
        """
        field = self.route_handler.parsed_data_field
        if field is None:
            return await super().json()
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise UnsupportedMediaType
        try:
            return msgspec.json.decode(await self.body() or b"null", type=field.annotation)
        except msgspec.MsgspecError:
            raise MalformedBody from None


# In the request's state: the account id and the KeyedRequest of a request with an Idempotency-Key.
KEYED_REQUEST = "keyed_request"


async def check_request(request: Request[Any, Any, State]) -> Response[None] | None:
    """Runs before the handler: responds to OPTIONS, restores slashes in path parameters, requires a token before the body
    is read, and rejects `null` parameters.

    The framework would answer OPTIONS for one handler of the path only, and read the text null as None. Raises
    Unauthenticated, Invalid.
    """
    if request.method == "OPTIONS":
        return Response(None, status_code=204, headers={"allow": ", ".join(sorted(allowed_methods(request)))})
    request.scope["path_params"] = path_parameters(request.scope["path_params"])
    if "viewer" in request.route_handler.parsed_fn_signature.parameters and "authorization" not in request.headers:
        raise Unauthenticated
    if b"=null" in request.scope["query_string"]:
        _reject_null(request)
    return None


def _reject_null(request: Request[Any, Any, State]) -> None:
    parameters = request.route_handler.parsed_fn_signature.parameters
    fields = {wire_name(request, key): field for key, field in parameters.items()}
    nulls = sorted({name for name, value in request.query_params.multi_items() if value == "null"} & fields.keys())
    # For a parameter of type str, null is a text.
    if wrong := [name for name in nulls if str not in (fields[name].annotation, *fields[name].args)]:
        raise Invalid(*(FieldError(name, "invalid_value") for name in wrong))
