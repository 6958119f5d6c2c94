"""Rules of a campaign that has ended, for tests of results."""

from decimal import Decimal

from feed.campaigns.model import Caps, Prize, Rules, Weights
from feed.postgres import Connection
from feed.screens.prizes.cards import get_result_version, read_result
from tests.support.make import DAY, now

ENDS_AT = now().replace(microsecond=0)
RULES = Rules(
    title="读书月",
    topic="读书",
    starts_at=ENDS_AT - 10 * DAY,
    ends_at=ENDS_AT,
    method="ranked",
    winner_count=2,
    reserve_count=2,
    prizes=(Prize(name="深圳盒子", kind="goods", per_winner=1, value_cny=Decimal("59.9")),),
    weights=Weights(Decimal("0.5"), Decimal("0.3"), Decimal("0.2")),
    caps=Caps(1000, 200),
)


async def get_result(conn: Connection, campaign_id: int, viewer_id: int | None = None) -> bytes:
    """The published result as it is served to the viewer."""
    return await read_result(conn, await get_result_version(conn, campaign_id, viewer_id))
