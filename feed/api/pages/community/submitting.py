"""Sends what a form says to an operation, once however often the form is sent."""

from typing import Any

from feed.api.dependencies import AnyRequest
from feed.api.pages.sending import send_with_key
from feed.api.pages.sessions import Session


async def submit(
    request: AnyRequest, session: Session, method: str, path: str, body: Any, form_token: str | None
) -> Any:
    """What the operation responds, decoded. A form that was sent before gets the response of the first time. Raises OperationFailed."""
    answer = await send_with_key(request, session.viewer, method, path, body, form_token)
    return answer.json() if answer.body else None
