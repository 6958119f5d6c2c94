"""Webhooks for providers of SMS, which report what has become of messages. They do not sign, so the address is the secret."""

import hmac
from typing import Any

import msgspec
from litestar import Router, post
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import AnyConnection, InjectedAppState
from feed.api.state import AppState
from feed.errors import NotFound
from feed.sms import registry as opening
from feed.sms.provider import ReceiptFormat
from feed.sms.receipts import hear_receipts


class ReceiptsHeard(msgspec.Struct, frozen=True):
    """What every provider takes for an acknowledgement."""

    code: int = 0
    msg: str = "OK"
    result: int = 0
    errmsg: str = "OK"


async def must_know_the_address(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Without the token there is no such address. Raises NotFound."""
    app_state: AppState = connection.app.state.app_state
    token, given = app_state.settings.sms_receipt_token, str(connection.path_params.get("token", ""))
    if not token or not hmac.compare_digest(token.encode(), given.encode(errors="replace")):
        raise NotFound


def receipts_hook(provider: str, receipts: ReceiptFormat[Any]) -> HTTPRouteHandler:
    """The handler at which a provider reports deliveries."""

    async def hear_receipts_of(
        token: FromPath[str], data: JSONBody[list[Any]], app_state: InjectedAppState
    ) -> ReceiptsHeard:
        read = [receipts.read(report) for report in data]
        await hear_receipts(app_state.pool, provider, [receipt for receipt in read if receipt is not None])
        return ReceiptsHeard()

    hear_receipts_of.__name__ = f"hear_{provider}_receipts"
    hear_receipts_of.__doc__ = (
        f"Report deliveries as {receipts.title} does: a list, any number of times and in any order. "
        "Unknown ones are no error."
    )
    # What is decoded, and documented, is the provider's own report.
    hear_receipts_of.__annotations__["data"] = JSONBody[list[receipts.report]]  # type: ignore[name-defined]
    return post(f"/{provider}/{{token:str}}", status_code=200, limit="hooks", errors=(NotFound,))(hear_receipts_of)


def sms_hooks() -> Router:
    """One route for each registered provider that reports."""
    return Router(
        "/hooks/sms",
        route_handlers=[
            receipts_hook(registration.name, registration.receipts)
            for registration in opening.REGISTRATIONS
            if registration.receipts is not None
        ],
        guards=[must_know_the_address],
        tags=["Hooks"],
    )
