"""Calls of operations from pages."""

from typing import Any

import pytest
from litestar import Request

from feed.api.pages.calls import OperationFailed, call
from feed.api.state import AppState
from feed.errors import Unauthenticated
from tests.support.app import app_over


def request_of(app_state: AppState) -> Request[Any, Any, Any]:
    """The request of a page, from a browser without a session."""
    app = app_over(app_state)
    return Request(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "app": app,
            "litestar_app": app,
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(b"host", b"feed.test")],
            "client": ("127.0.0.1", 1),
            "server": ("feed.test", 80),
            "state": {},
        }  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/me", None),
        ("GET", "/v1/me/posts", None),
        ("PATCH", "/v1/me", {"name": "小明"}),
        ("POST", "/v1/posts", {"text": "你好"}),
        ("GET", "/v1/admin/status", None),
        ("GET", "/v1/moderation/queue", None),
    ],
)
async def test_an_operation_that_needs_a_user_leads_to_the_sign_in(
    app_state: AppState, method: str, path: str, body: Any
) -> None:
    # Not the problem of an operation: no page has to look for it.
    with pytest.raises(Unauthenticated):
        await call(request_of(app_state), None, method, path, body=body)


async def test_a_wrong_code_is_a_problem_beside_its_field(app_state: AppState) -> None:
    body = {"phone": "+8613800000001", "code": "000000"}
    with pytest.raises(OperationFailed) as failed:
        await call(request_of(app_state), None, "POST", "/v1/auth/tokens", body=body)
    assert (failed.value.status, failed.value.problem.code) == (401, "code_refused")


async def test_what_is_not_there_is_a_problem_with_its_code(app_state: AppState) -> None:
    with pytest.raises(OperationFailed) as failed:
        await call(request_of(app_state), None, "GET", "/v1/posts/1")
    assert (failed.value.status, failed.value.problem.code) == (404, "post_not_found")
