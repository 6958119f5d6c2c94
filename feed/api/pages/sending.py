"""Operations that act, called for a form: once, however often the form is sent."""

import asyncio
from collections.abc import Mapping
from typing import Any

from feed.accounts.model import Viewer
from feed.api.dependencies import AnyRequest
from feed.api.errors import problem_of, status_of
from feed.api.pages.calls import Answer, OperationFailed, call
from feed.api.pages.form import Form
from feed.api.pages.page import page_language
from feed.api.pages.sessions import Session
from feed.errors import FieldError, Invalid

# The first request of a form that was sent twice is still at work: its response is awaited in these steps.
_BUSY = "idempotency_key_busy"
_WAITS = (0.1, 0.2, 0.4, 0.8, 1.6)


def refused(request: AnyRequest, *errors: FieldError) -> OperationFailed:
    """The refusal of what a form has for no operation, in the shape of an operation's: pages show both with the form."""
    problem = problem_of(Invalid.code, status_of(Invalid()), page_language(request), errors)
    return OperationFailed(problem.status, problem, None)


async def send(
    request: AnyRequest,
    session: Session,
    form: Form,
    method: str,
    path: str,
    body: Any = None,
    *,
    keyed: bool = True,
    query: Mapping[str, Any] | None = None,
) -> Answer:
    """Calls an operation with the token of the form as its key; without `keyed` one that is idempotent by itself.

    Raises OperationFailed.
    """
    return await send_with_key(request, session.viewer, method, path, body, form.token if keyed else None, query)


async def send_with_key(
    request: AnyRequest,
    viewer: Viewer,
    method: str,
    path: str,
    body: Any,
    key: str | None,
    query: Mapping[str, Any] | None = None,
) -> Answer:
    """The same for a viewer, with a key. Raises OperationFailed."""
    for wait in _WAITS:
        try:
            return await call(request, viewer, method, path, body=body, query=query, key=key)
        except OperationFailed as failed:
            if failed.problem.code != _BUSY:
                raise
            await asyncio.sleep(wait)
    return await call(request, viewer, method, path, body=body, query=query, key=key)
