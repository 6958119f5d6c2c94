"""Webhooks for delivery reports of SMS providers. Reports are not signed: the path contains a secret token."""

import hmac
from typing import Any

import msgspec
from litestar import Router, post
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import AnyConnection, InjectedAppState
from feed.api.state import AppState
from feed.errors import NotFound
from feed.sms import registry
from feed.sms.provider import ReceiptFormat
from feed.sms.receipts import record_receipts


class ReceiptsReceived(msgspec.Struct, frozen=True):
    """An acknowledgement that all providers accept."""

    code: int = 0
    msg: str = "OK"
    result: int = 0
    errmsg: str = "OK"


async def require_token(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard that compares the path's token. Raises NotFound for a wrong one, and if none is configured."""
    app_state: AppState = connection.app.state.app_state
    token, given = app_state.settings.sms_receipt_token, str(connection.path_params.get("token", ""))
    if not token or not hmac.compare_digest(token.encode(), given.encode(errors="replace")):
        raise NotFound


def receipts_handler(provider: str, receipts: ReceiptFormat[Any]) -> HTTPRouteHandler:
    """The handler for the delivery reports of a provider."""

    async def hear_receipts_of(
        token: FromPath[str], data: JSONBody[list[Any]], app_state: InjectedAppState
    ) -> ReceiptsReceived:
        read = [receipts.read(report) for report in data]
        await record_receipts(app_state.pool, provider, [receipt for receipt in read if receipt is not None])
        return ReceiptsReceived()

    hear_receipts_of.__name__ = f"hear_{provider}_receipts"
    hear_receipts_of.__doc__ = (
        f"Report deliveries in the format of {receipts.title}: a list, any number of times and in any order. "
        "Reports of unknown messages are ignored."
    )
    # A provider may add members to its reports and parameters to the address.
    # Litestar decodes and documents the provider's own type of report.
    hear_receipts_of.__annotations__["data"] = JSONBody[list[receipts.report]]  # type: ignore[name-defined]
    return post(f"/{provider}/{{token:str}}", status_code=200, limit="hooks", closed_query=False, errors=(NotFound,))(
        hear_receipts_of
    )


def sms_webhooks() -> Router:
    """A route for each registered provider with delivery reports."""
    return Router(
        "/hooks/sms",
        route_handlers=[
            receipts_handler(registration.name, registration.receipts)
            for registration in registry.REGISTRATIONS
            if registration.receipts is not None
        ],
        guards=[require_token],
        tags=["Hooks"],
    )
