"""The endpoint that opens the cases again which a reviewer has approved."""

import msgspec
from litestar import Router, post
from litestar.params import FromPath, JSONBody

from feed.accounts.model import AccountId, AccountNotFound
from feed.api.dependencies import InjectedAppState, InjectedKeyedRequest, InjectedViewer, path_id, requires_role
from feed.moderation.requeue import requeue_approvals as requeue
from feed.reasons import RequeueReason
from feed.times import Instant


class RequeueIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Since when the reviewer's approvals are looked at again, and why."""

    since: Instant
    reason_code: RequeueReason


class Requeued(msgspec.Struct, frozen=True):
    """How many cases were opened; with `more` the request is to be repeated."""

    requeued: int
    more: bool


@post("/{user_id:str}/requeue", status_code=200, errors=(AccountNotFound,), guards=[requires_role("admin")])
async def requeue_approvals(
    user_id: FromPath[str],
    data: JSONBody[RequeueIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Requeued:
    """Open the cases again that a reviewer has approved since then. Nothing is hidden; another person has to decide."""
    requeued, more = await requeue(
        app_state.pool,
        viewer.account_id,
        AccountId(path_id(user_id, AccountNotFound)),
        since=data.since,
        reason_code=data.reason_code,
        request=keyed_request,
    )
    return Requeued(requeued, more)


reviewers = Router("/moderation/reviewers", route_handlers=[requeue_approvals])
