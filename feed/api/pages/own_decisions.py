"""What was decided about the user of a page, searched in the list of the user's decisions."""

from collections.abc import Callable
from typing import Any

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import get_json
from feed.api.pages.sessions import Session

# No decision is looked for behind so many.
_PAGES_MOST = 20
_AT_ONCE = 50


async def find_decision(request: AnyRequest, session: Session, is_wanted: Callable[[Any], bool]) -> Any:
    """The newest decision in force that is wanted, as its user reads it; None without one. Raises OperationFailed."""
    cursor: str | None = None
    for _ in range(_PAGES_MOST):
        listed = await get_json(request, session, "/v1/me/decisions", {"limit": _AT_ONCE, "cursor": cursor})
        for each in listed["items"]:
            if each["in_force"] and is_wanted(each):
                return each
        cursor = listed["next_cursor"]
        if cursor is None:
            return None
    return None


async def find_restriction(request: AnyRequest, session: Session) -> Any:
    """The mute or ban that keeps the user from publishing; None without one. Raises OperationFailed."""
    return await find_decision(request, session, lambda each: each["effect"] in ("mute", "ban"))
