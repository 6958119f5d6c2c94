"""A file that a browser sends to a page, and that goes on to the API's operation as it arrives."""

from typing import Any

from feed.api.client_address import header
from feed.api.dependencies import AnyRequest
from feed.api.forms import FORM_BYTES
from feed.api.pages.calls import call
from feed.api.pages.form import require_own_upload
from feed.api.pages.sessions import Session
from feed.media.model import DIRECT_BYTES_MOST

# What `request_max_body_size` of such a page is: that of the operation.
UPLOAD_BYTES_MOST = DIRECT_BYTES_MOST + FORM_BYTES
# Of the browser's request, what says how its body is read.
_BODY_HEADERS = (b"content-type", b"content-length", b"transfer-encoding", b"content-encoding")


async def pass_upload_on(request: AnyRequest, session: Session, key: str | None = None) -> Any:
    """The new medium, as the operation responds. `key` is the Idempotency-Key: the token of the form.

    Raises OtherSite before anything of the body is read, Unauthenticated, OperationFailed.
    """
    require_own_upload(request, session)
    found = [(name, header(request.scope, name)) for name in _BODY_HEADERS]
    answer = await call(
        request,
        session.viewer,
        "POST",
        "/v1/media",
        key=key or None,
        receive=request.receive,
        headers={name.decode(): value for name, value in found if value is not None},
    )
    return answer.json()
