"""The door for the app's own server: what happens to its accounts."""

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
from feed.postgres import retried
from feed.settings import hook_key
from feed.webhooks import is_genuine

WebhookId = Annotated[
    str, HeaderParameter(name="webhook-id", description="The same for each attempt to send an event.")
]
WebhookTime = Annotated[
    str, HeaderParameter(name="webhook-timestamp", description="Seconds since 1970 of this attempt.")
]
WebhookSignature = Annotated[
    str,
    HeaderParameter(
        name="webhook-signature",
        description="`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several with spaces between them.",
    ),
]


class HookSignatureInvalid(Unauthenticated):
    """Not signed with our common secret, changed on the way, or more than five minutes old."""


class Heard(msgspec.Struct, frozen=True):
    """What came of an event; with every one of these it has arrived and need not be sent again."""

    outcome: Outcome


async def must_be_signed(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """The body is read as JSON only once the signature over its bytes has been found good."""
    app_state: AppState = connection.app.state.app_state
    secret = app_state.settings.account_hook_secret
    if not secret:
        raise NotFound
    assert isinstance(connection, Request)
    genuine = is_genuine(
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
) -> Heard:
    """Tell what happened to an account of the app: `account.renamed` {name}, `account.banned` {until?, reason_code?},
    `account.unbanned`, `account.erased`; `sub` says whose.

    Signed as Standard Webhooks has it. An event acts once however often it is sent, and not when something newer of its kind has.
    """
    iss = app_state.settings.jwt_issuer if app_state.settings.jwks_url else LOCAL_ISSUER
    now = datetime.now(UTC)
    return Heard(await retried(lambda: apply_event(app_state.pool, iss, webhook_id, data, now)))


hooks = Router("/hooks", route_handlers=[hear_account_event], guards=[must_be_signed], tags=["Hooks"])
