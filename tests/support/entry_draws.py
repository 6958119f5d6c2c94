"""Draws that are entered by a comment under the announcement or by liking it."""

from datetime import datetime
from typing import Any, NamedTuple

from feed.campaigns import draw_commitment
from feed.campaigns.model import rules_sha256
from feed.keys.store import Keys
from feed.postgres import Pool, transaction
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.draw.actions import give_up_next_beacon, publish_next_list
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.support import make, phases
from tests.support.make import DAY, HOUR

WAYS = ("comment", "like")


class EntryDraw(NamedTuple):
    """A draw by comment or like that is due; `people` have entered, each once."""

    id: int
    entry_by: str
    post_id: int
    people: list[int]
    ends_at: datetime


async def due(pool: Pool, keys: Keys, entry_by: str, *, people: int = 5, **more: Any) -> EntryDraw:
    """Ends a draw four days ago. Without a public value, so that it is decided at once."""
    ends_at = make.now() - 4 * DAY
    editor = await make.person(pool, role="editor")
    post_id = await make.post(pool, editor, at=ends_at - 2 * DAY, topics=())
    rules: dict[str, Any] = {
        "winner_count": 2,
        "reserve_count": 2,
        "prizes": [phases.PRIZE],
        "claim_days": 7,
        "beacon_order": [],
    } | more
    campaign_id = await make.campaign(
        pool,
        starts_at=ends_at - DAY,
        ends_at=ends_at,
        method="draw",
        entry_by=entry_by,
        announcement_post_id=str(post_id),
        **rules,
    )
    await pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign_id, editor)
    document = await pool.fetchval("SELECT rules FROM campaign_rules WHERE campaign_id = $1", campaign_id)
    await pool.execute(
        "UPDATE campaign_rules SET rules_sha256 = $2 WHERE campaign_id = $1", campaign_id, rules_sha256(document)
    )
    async with transaction(pool) as conn:
        await draw_commitment.commit_nonce(conn, campaign_id, draw_commitment.make_nonce(keys, campaign_id))
    draw = EntryDraw(campaign_id, entry_by, post_id, [], ends_at)
    for _ in range(people):
        account_id = await make.account(pool, created_at=ends_at - 90 * DAY)
        draw.people.append(account_id)
        await enter(pool, draw, account_id)
    return draw


async def enter(pool: Pool, draw: EntryDraw, account_id: int) -> None:
    """A comment or a like, an hour before the end."""
    if draw.entry_by == "like":
        await make.like(pool, draw.post_id, account_id, at=draw.ends_at - HOUR)
    else:
        await make.comment(pool, draw.post_id, account_id, at=draw.ends_at - HOUR)


async def decided(pool: Pool, keys: Keys, entry_by: str, **more: Any) -> EntryDraw:
    """A draw with a result that is not announced."""
    draw = await due(pool, keys, entry_by, **more)
    assert await freeze_next_campaign(pool)
    await decide(pool, keys)
    return draw


async def decide(pool: Pool, keys: Keys) -> None:
    assert await publish_next_list(pool)
    assert await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)


async def announce(pool: Pool, keys: Keys, campaign_id: int) -> None:
    for _ in range(2):
        await announce_winners(pool, keys, campaign_id, by=await make.person(pool, role="editor"))


async def holders(pool: Pool, campaign_id: int) -> list[int]:
    """The accounts that hold places, by place."""
    rows = await pool.fetch("SELECT account_id FROM held_places WHERE campaign_id = $1 ORDER BY place", campaign_id)
    return [row["account_id"] for row in rows]
