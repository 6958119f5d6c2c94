"""What the pages of results share about the responses of operations: problems, what is missing, and names behind ids."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import find_json, get_json
from feed.api.pages.sessions import Session

# A page names this many people at most; the others are shown by their ids.
_MOST = 40
# As many as the operation gives at once.
_POSTS = 50
_TRAILING_ID = re.compile(r"(\d{1,20})/?(?:[?#]\S*)?\s*$", re.ASCII)


def trailing_id(text: str | None) -> str | None:
    """The id at the end of a pasted link, or an id alone; None if there is none."""
    found = None if text is None else _TRAILING_ID.search(text[:2000])
    return found[1] if found else None


async def names_of(request: AnyRequest, session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """The names by account id. An account that is erased or unknown has none."""
    wanted = sorted({each for each in ids if each})[:_MOST]
    found = await asyncio.gather(*(_name_of(request, session, each) for each in wanted))
    return {id_: name for id_, name in zip(wanted, found, strict=True) if name is not None}


async def _name_of(request: AnyRequest, session: Session, account_id: str) -> str | None:
    found = await find_json(request, session, f"/v1/users/{account_id}")
    return None if found is None else found["name"]


async def posts_of(request: AnyRequest, session: Session, ids: Iterable[str | None]) -> dict[str, Any]:
    """The public posts by id: those that are hidden or deleted are missing, and those beyond what a page names."""
    wanted = list(dict.fromkeys(each for each in ids if each))[:_POSTS]
    if not wanted:
        return {}
    found = await get_json(request, session, "/v1/posts", {"ids": ",".join(wanted)})
    return {each["id"]: each for each in found["items"]}
