"""JSON bodies are read strictly: `"1"` is no number and `1` is no text, whatever the framework would make of them."""

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures.state import State

from feed.api.errors import UnsupportedMediaType
from feed.errors import MalformedBody


class StrictRequest(Request[Any, Any, State]):
    """A request whose body has the handler's type, or is refused."""

    async def json(self) -> Any:
        """The body as the handler's `data`, with no value turned into one of another type.

        Raises MalformedBody, UnsupportedMediaType.
        """
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise UnsupportedMediaType
        field = self.route_handler.parsed_data_field
        if field is None:
            return await super().json()
        try:
            return msgspec.json.decode(await self.body() or b"null", type=field.annotation)
        except msgspec.MsgspecError:
            raise MalformedBody from None
