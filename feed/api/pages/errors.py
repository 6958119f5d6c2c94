"""What a browser sees when a page cannot be shown: a page with the message of the problem, with its status."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response

from feed.api.dependencies import AnyRequest
from feed.api.errors import html_problem
from feed.api.pages.calls import OperationFailed
from feed.api.pages.form import is_form, own_path
from feed.api.pages.page import page_language, see_other, sign_in_path
from feed.api.paths import own_address
from feed.errors import Unauthenticated


def operation_failed(request: AnyRequest, error: OperationFailed) -> Response[Any]:
    """The page of an operation's problem."""
    headers = {} if error.retry_after is None else {"retry-after": error.retry_after}
    return html_problem(request, error.problem, page_language(request), headers=headers)


def unauthenticated(request: AnyRequest, _: Unauthenticated) -> Response[Any]:
    """Leads to the sign-in, and back."""
    return sign_in_first(request)


def sign_in_first(request: AnyRequest) -> Response[None]:
    """To the sign-in, which leads back: to this page, or to the one with the form that was sent.

    A form is sent on to the sign-in by the browser, with its fields: what was typed is there again afterwards.
    """
    if request.method == "GET":
        return see_other(sign_in_path(own_address(request.scope)))
    # Behind a proxy the process sees another scheme, and perhaps another host, than the browser.
    back = own_path(request, request.headers.get("referer", "")) or "/"
    if not is_form(request):
        return see_other(sign_in_path(back))
    query = urlencode({"back": back, "action": own_address(request.scope).partition("?")[0]}, safe="/")
    headers = {"location": f"/sign-in/form?{query}", "cache-control": "no-store"}
    return Response(None, status_code=307, media_type="text/plain", headers=headers)


PAGE_EXCEPTION_HANDLERS: Any = {OperationFailed: operation_failed, Unauthenticated: unauthenticated}
