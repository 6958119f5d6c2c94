"""Jobs that end prizes: unclaimed by the deadline, or forfeited because the post or the account is gone."""

from collections.abc import Awaitable, Callable
from functools import partial

from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.inbox import store as inbox
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, act_on_next
from feed.prizes import notices, winner_store
from feed.prizes.model import Winner, WinnerId
from feed.prizes.winners import amendment_store
from feed.prizes.winners.places import fill_place


async def lapse_next_claim(pool: Pool, keys: Keys) -> bool:
    """Ends one prize whose claim deadline has passed. False when there is none.

    The next reserve moves up, unless the rules leave the place empty.
    """
    return await act_on_next(
        pool, winner_store.list_lapsed, partial(_end_prize, keys=keys, mark=winner_store.mark_lapsed)
    )


async def forfeit_next_prize(pool: Pool, keys: Keys) -> bool:
    """Ends one prize whose post was deleted, removed or rejected since the freeze, or whose winner was erased.

    The next reserve moves up. A removal that is appealed waits, and a prize that is handed over stays. False when there is none.
    """
    return await act_on_next(
        pool, winner_store.list_forfeited, partial(_end_prize, keys=keys, mark=winner_store.mark_forfeited)
    )


async def _end_prize(
    conn: Connection,
    due: tuple[int, WinnerId],
    *,
    keys: Keys,
    mark: Callable[[Connection, WinnerId], Awaitable[Winner | None]],
) -> bool:
    campaign_id, winner_id = due
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    if campaign is None or (former := await mark(conn, winner_id)) is None:
        return False
    rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
    successor = await fill_place(conn, keys, campaign, rules, former)
    if former.claim_ends_at is not None:  # A winner who was not notified of the prize is not notified of its end.
        now = await amendment_store.get_clock(conn)
        await inbox.add_notifications(conn, [notices.of_lost_prize(former, campaign, now=now)])
    if former.state == "forfeited":
        editors = await lifecycle.list_responsible_editors(conn, campaign_id)
        await inbox.add_notifications(conn, [notices.of_ended_place(former, each, campaign) for each in editors])
    detail = {"place": former.place, "successor": None if successor is None else str(successor)}
    await audit.add(conn, None, f"prize_{former.state}", "prize", former.id, detail)
    return True
