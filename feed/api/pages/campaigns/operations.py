"""The calls of the API that the pages of campaigns and prizes have in common."""

from collections.abc import Mapping
from typing import Any

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import Answer, OperationFailed, call
from feed.api.pages.page import page_language
from feed.api.pages.sessions import Session


async def read(
    request: AnyRequest, session: Session | None, path: str, query: Mapping[str, Any] | None = None
) -> Answer:
    """The answer of a GET as the user of the session, in the language of the page. Raises OperationFailed."""
    viewer = None if session is None else session.viewer
    return await call(request, viewer, "GET", path, query=query, language=page_language(request))


async def read_unless(
    request: AnyRequest, session: Session | None, path: str, *codes: str, query: Mapping[str, Any] | None = None
) -> Answer | None:
    """The same; None where the operation answers with one of the codes. Raises OperationFailed for every other problem."""
    try:
        return await read(request, session, path, query)
    except OperationFailed as failed:
        if failed.problem.code in codes:
            return None
        raise
