"""The filters of the queue, as they go from page to page in the query of addresses."""

from typing import Any
from urllib.parse import urlencode

import msgspec

from feed.api.dependencies import AnyRequest

_LONGEST = 300


class Filters(msgspec.Struct, frozen=True):
    """Which cases a reviewer works on. What is given is passed on as it is: the operation checks it."""

    given: dict[str, str]

    @property
    def query(self) -> str:
        """As a query, empty without a filter."""
        return urlencode(self.given)

    def path(self, path: str, **more: Any) -> str:
        """The address of a page with these filters; parameters that are None are left out."""
        query = urlencode(self.given | {name: str(value) for name, value in more.items() if value is not None})
        return f"{path}?{query}" if query else path

    def body(self) -> dict[str, Any]:
        """As members of a request that leases."""
        found: dict[str, Any] = dict(self.given)
        stage, has_media = found.get("stage"), found.get("has_media")
        if stage is not None and stage.isascii() and stage.isdecimal():
            found["stage"] = int(stage[:9])
        if has_media is not None:
            found["has_media"] = {"true": True, "false": False}.get(has_media, has_media)
        return found


_NAMES = ("stage", "kind", "campaign_id", "topic", "has_media", "author_id", "link")


def read_filters(request: AnyRequest) -> Filters:
    """The filters in the query of a page."""
    given = {name: request.query_params.get(name, "").strip() for name in _NAMES}
    return Filters({name: value[:_LONGEST] for name, value in given.items() if value})
