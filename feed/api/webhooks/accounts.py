"""The webhook for the app's server, which reports changes of its accounts."""

import time
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Request, Router, post
from litestar.handlers import BaseRouteHandler
from litestar.params import HeaderParameter, JSONBody

from feed.api.dependencies import AnyConnection, InjectedAppState
from feed.api.state import AppState
from feed.auth.tokens import LOCAL_ISSUER
from feed.errors import NotFound, Unauthenticated
from feed.moderation.account_events import AppEvent, Outcome, apply_event
from feed.settings import hook_key
from feed.webhooks import is_valid_signature

WebhookId = Annotated[
    str, HeaderParameter(name="webhook-id", description="The id of the event, the same for each attempt.")
]
WebhookTime = Annotated[
    str, HeaderParameter(name="webhook-timestamp", description="The time of this attempt, in seconds since 1970.")
]
WebhookSignature = Annotated[
    str,
    HeaderParameter(
        name="webhook-signature",
        description="`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several are separated by spaces.",
    ),
]


class HookSignatureInvalid(Unauthenticated):
    """Not signed with the shared secret, modified, or more than five minutes old."""


class EventResult(msgspec.Struct, frozen=True):
    """The outcome of an event; with each of them it was received and must not be sent again."""

    outcome: Outcome


async def require_signature(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard, so that the body is decoded only after its signature was verified.

    Raises NotFound without a configured secret, HookSignatureInvalid.
    """
    app_state: AppState = connection.app.state.app_state
    secret = app_state.settings.account_hook_secret
    if not secret:
        raise NotFound
    assert isinstance(connection, Request)
    genuine = is_valid_signature(
        hook_key(secret),
        webhook_id=connection.headers.get("webhook-id", ""),
        timestamp=connection.headers.get("webhook-timestamp", ""),
        signatures=connection.headers.get("webhook-signature", ""),
        body=await connection.body(),
        now=time.time(),
    )
    if not genuine:
        raise HookSignatureInvalid


@post(
    "/accounts",
    status_code=200,
    limit="hooks",
    from_app=True,
    errors=(
        NotFound,
        HookSignatureInvalid,
    ),
)
async def hear_account_event(
    data: JSONBody[AppEvent],
    app_state: InjectedAppState,
    webhook_id: WebhookId,
    webhook_timestamp: WebhookTime,
    webhook_signature: WebhookSignature,
) -> EventResult:
    """Report a change of an account of the app: `account.renamed` {name}, `account.banned` {until?, reason_code?},
    `account.unbanned`, `account.erased`; `sub` names the account.

    Signed as in Standard Webhooks. An event that is sent several times applies once, and not after a newer one of its kind.
    """
    iss = app_state.settings.jwt_issuer if app_state.settings.jwks_url else LOCAL_ISSUER
    now = datetime.now(UTC)
    return EventResult(await apply_event(app_state.pool, app_state.naming, iss, webhook_id, data, now))


router = Router("/hooks", route_handlers=[hear_account_event], guards=[require_signature], tags=["Hooks"])
