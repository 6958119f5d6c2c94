"""GETs of the fast path as pages call them: the same handlers behind the same checks, without the form of an HTTP request."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Litestar
from litestar.types import Scope

from feed.accounts.model import Viewer
from feed.api.errors import database_away, status_of
from feed.api.middleware.fast_path import endpoints_of, match_request
from feed.api.middleware.metrics import count
from feed.api.middleware.rate_limit import count_request
from feed.api.responses import EncodedResponse
from feed.api.state import AppState
from feed.errors import FeedError
from feed.postgres import UNAVAILABLE


class FastCalls:
    """The GETs of an application that its pages call directly."""

    def __init__(self, app: Litestar) -> None:
        self._endpoints = endpoints_of(app).get("GET", {})

    async def get(
        self, outer: Scope, app_state: AppState, viewer: Viewer | None, path: str, query: Mapping[str, Any]
    ) -> bytes | None:
        """The body of the response, for a viewer and within the request of a page; None if the operation has to be called as a request.

        Raises the operation's errors.
        """
        given = urlencode(query).encode() if query else b""
        # A slash in a segment of the path is encoded, and is decoded on the way of a request.
        match = None if "%" in path else match_request(self._endpoints, path, given)
        if match is None:
            return None
        endpoint, arguments = match
        if endpoint.viewer_name == "viewer" and viewer is None:
            return None
        scope: Any = {"state": {"viewer": viewer}, "headers": outer["headers"], "client": outer["client"]}
        started, status = time.perf_counter(), 500
        try:
            await count_request(scope, app_state, endpoint.limit, endpoint.weight)
            response = await endpoint.handler(app_state=app_state, **{endpoint.viewer_name: viewer}, **arguments)
            assert isinstance(response, EncodedResponse), endpoint.template
            status = 200
        except FeedError as error:
            status = status_of(error)
            raise
        except UNAVAILABLE as error:
            status = 503
            raise database_away(error) from error
        finally:
            count("GET", endpoint.template, status, time.perf_counter() - started)
        return response.content
