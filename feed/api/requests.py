"""Requests are read strictly: `"1"` is no number and `1` is no text, whatever the framework would make of them."""

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures.state import State

from feed.api.errors import UnsupportedMediaType, allowed_methods, wire_name
from feed.errors import FieldError, Invalid, MalformedBody, Unauthenticated


class StrictRequest(Request[Any, Any, State]):
    """A request whose body has the handler's type, or is refused."""

    async def json(self) -> Any:
        """The body as the handler's `data`, with no value turned into one of another type.

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


# Under this name a handler's dependency leaves, in the request's state, whose key it is.
KEYED = "keyed"


async def look_first(request: Request[Any, Any, State]) -> Response[None] | None:
    """What is settled before the handler: OPTIONS is answered for the whole path, nobody in particular is told so before
    his body is looked at, and a parameter is never null.

    The framework answers OPTIONS for the handler that it met first, and reads the word null as no value. Raises
    Unauthenticated, Invalid.
    """
    if request.method == "OPTIONS":
        return Response(None, status_code=204, headers={"allow": ", ".join(sorted(allowed_methods(request)))})
    if "viewer" in request.route_handler.parsed_fn_signature.parameters and "authorization" not in request.headers:
        raise Unauthenticated
    if b"=null" in request.scope["query_string"]:
        _refuse_null(request)
    return None


def _refuse_null(request: Request[Any, Any, State]) -> None:
    known = request.route_handler.parsed_fn_signature.parameters
    kinds = {wire_name(request, key): field for key, field in known.items()}
    given = sorted({name for name, value in request.query_params.multi_items() if value == "null"} & kinds.keys())
    # The word is a text like any other where texts are asked for.
    if wrong := [name for name in given if str not in (kinds[name].annotation, *kinds[name].args)]:
        raise Invalid(*(FieldError(name, "invalid_value") for name in wrong))
