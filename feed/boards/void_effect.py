"""What voids would change: they are added, counted, and taken back within one transaction."""

import msgspec

from feed.accounts.model import AccountId
from feed.boards.compute import campaign_rows
from feed.boards.model import Row
from feed.campaigns.entries.voids import NewVoids, insert_voids, list_affected, void_problems
from feed.campaigns.locking import lock_judgeable_campaign
from feed.errors import Invalid
from feed.postgres import Pool, transaction


class Measured(msgspec.Struct, frozen=True):
    """The rows of the affected entries that compete, by post, without and with the voids."""

    before: dict[int, Row]
    after: dict[int, Row]


class _Undone(Exception):
    """Ends the transaction without a commit."""

    def __init__(self, measured: Measured) -> None:
        super().__init__()
        self.measured = measured


async def measure_voids(pool: Pool, editor_id: AccountId, campaign_id: int, new: NewVoids) -> Measured:
    """The effect of the voids, which are not kept. Raises what adding them would raise: Invalid and the states of the campaign."""
    if problems := void_problems(new):
        raise Invalid(*problems)
    try:
        async with transaction(pool) as conn:
            await lock_judgeable_campaign(conn, campaign_id)
            affected = await list_affected(conn, campaign_id, new)
            before = await campaign_rows(conn, campaign_id, affected)
            await insert_voids(conn, campaign_id, new, first_id=None, by=editor_id)
            raise _Undone(Measured(before, await campaign_rows(conn, campaign_id, affected)))
    except _Undone as undone:
        return undone.measured
