"""The endpoint of admins that reads the audit log."""

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.params import FromQuery

from feed.api.dependencies import Cursor, InjectedAppState, InjectedViewer, Limit, field_id, requires_role
from feed.api.errors import language_of
from feed.api.responses import PRIVATE, response_specs
from feed.audit.reading import record_reading
from feed.errors import FieldError, Invalid
from feed.ids import MAX_ID
from feed.pagination import Page
from feed.screens.staff import audit as screen
from feed.screens.staff.audit import AuditCard, AuditFilter

_CODE = re.compile(r"[a-z][a-z_.]{0,59}")


@get(
    "/",
    responses=response_specs(Page[AuditCard], description="Or text/csv, by Accept."),
    also=("text/csv",),
    accept="any",
    weight=5,
)
async def list_audit(
    request: Request[Any, Any, Any],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    subject: FromQuery[str | None] = None,
    actor: FromQuery[str | None] = None,
    action: FromQuery[str | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The audit log, newest first: JSON, or CSV with `Accept: text/csv`. The conditions can be combined; each reading is recorded in the log.

    A table has the rows of one page; `Link` leads to the next one.
    """
    wanted = _read_filter(subject, actor, action)
    name = f"audit:{wanted.subject}:{wanted.actor_id}:{wanted.action}"
    before_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    await record_reading(
        app_state.pool, viewer.account_id, subject=wanted.subject, actor_id=wanted.actor_id, action=wanted.action
    )
    language = language_of(request)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_audit(conn, wanted, before_id=before_id, limit=limit + 1, language=language)
    shown = found[:limit]
    next_cursor = app_state.cursors.write(name, int(shown[-1].id)) if len(found) > limit else None
    headers = {"cache-control": PRIVATE, "content-language": language, "vary": "Accept, Accept-Language"}
    if request.accept.best_match(["application/json", "text/csv"]) != "text/csv":
        body = msgspec.json.encode(Page(shown, next_cursor))
        return Response(body, media_type="application/json", headers=headers)
    if next_cursor is not None:
        headers["link"] = f'<?{urlencode({**request.query_params, "cursor": next_cursor})}>; rel="next"'
    headers["content-disposition"] = 'attachment; filename="audit.csv"'
    return Response(screen.csv_of(shown), media_type="text/csv", headers=headers)


def _read_filter(subject: str | None, actor: str | None, action: str | None) -> AuditFilter:
    """The conditions. Raises Invalid."""
    of: tuple[str, int] | None = None
    if subject is not None:
        kind, _, id_ = subject.partition(":")
        if not _CODE.fullmatch(kind):
            raise Invalid(FieldError("subject", "not_found"))
        of = kind, field_id(id_, "subject")
    if action is not None and not _CODE.fullmatch(action):
        raise Invalid(FieldError("action", "not_found"))
    return AuditFilter(of, None if actor is None else field_id(actor, "actor"), action)


audit = Router("/audit", route_handlers=[list_audit], guards=[requires_role("admin")])
