"""The doors for providers of SMS: what has become of messages. They do not sign, so the address itself is the secret."""

import hmac
from collections.abc import Sequence

import msgspec
from litestar import Router, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody

from feed.api.inputs import AnyConnection, GivenWorld
from feed.api.world import World
from feed.errors import NotFound
from feed.messages import aliyun_wire, tencent_wire
from feed.messages.model import Receipt
from feed.messages.receipts import hear_receipts


class ReceiptsHeard(msgspec.Struct, frozen=True):
    """What either provider takes for an acknowledgement."""

    code: int = 0
    msg: str = "OK"
    result: int = 0
    errmsg: str = "OK"


async def must_know_the_address(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Whoever does not know the token finds nothing here."""
    world: World = connection.app.state.world
    token, given = world.settings.sms_receipt_token, str(connection.path_params.get("token", ""))
    if not token or not hmac.compare_digest(token.encode(), given.encode(errors="replace")):
        raise NotFound


@post("/aliyun/{token:str}", status_code=200, limit="hooks", refuses=(NotFound,))
async def hear_aliyun_receipts(
    token: FromPath[str], data: JSONBody[list[aliyun_wire.Report]], world: GivenWorld
) -> ReceiptsHeard:
    """Report deliveries as Aliyun does (SmsReport): a list, any number of times and in any order. Unknown ones are no error."""
    return await _hear(world, "aliyun", [aliyun_wire.receipt_of(report) for report in data])


@post("/tencent/{token:str}", status_code=200, limit="hooks", refuses=(NotFound,))
async def hear_tencent_receipts(
    token: FromPath[str], data: JSONBody[list[tencent_wire.Report]], world: GivenWorld
) -> ReceiptsHeard:
    """Report deliveries as Tencent Cloud does: a list, any number of times and in any order. Unknown ones are no error."""
    return await _hear(world, "tencent", [tencent_wire.receipt_of(report) for report in data])


async def _hear(world: World, provider: str, receipts: Sequence[Receipt | None]) -> ReceiptsHeard:
    await hear_receipts(world.pool, provider, [receipt for receipt in receipts if receipt is not None])
    return ReceiptsHeard()


sms_hooks = Router(
    "/hooks/sms",
    route_handlers=[hear_aliyun_receipts, hear_tencent_receipts],
    guards=[must_know_the_address],
    tags=["Hooks"],
)
