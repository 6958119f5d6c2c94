"""Campaigns in each phase from the end to the claim, with two places, one reserve, and the most liked post first."""

from datetime import timedelta
from typing import Any, NamedTuple

from asyncpg import Record

from feed.accounts.model import AccountId
from feed.campaigns import draw_commitment
from feed.campaigns.model import rules_sha256
from feed.keys.store import Keys
from feed.postgres import Pool, transaction
from feed.prizes.announcement.announce import announce_winners, finish_next_objections
from feed.prizes.claims.form import ClaimForm
from feed.prizes.draw.actions import give_up_next_beacon, publish_next_list
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.support import make
from tests.support.make import DAY

PRIZE = {"name": "深圳盒子", "kind": "goods", "per_winner": 1, "value_cny": "99"}
NUMBER_NAME = "中国福利彩票双色球"
FORM = ClaimForm(recipient_name="吴秀兰", phone="13800100100", address="深圳市福田区红荔路2001号", privacy_version="1")


class Played(NamedTuple):
    """A campaign and its posts, the most liked first."""

    id: int
    posts: list[int]


async def due(pool: Pool, keys: Keys | None = None, *, entries: int = 4, **more: Any) -> Played:
    """A campaign that is due to be settled since a day; with `keys` its authors have phones."""
    ends_at = make.now() - 4 * DAY
    rules: dict[str, Any] = {"winner_count": 2, "reserve_count": 1, "prizes": [PRIZE], "claim_days": 7} | more
    campaign_id = await make.campaign(pool, starts_at=ends_at - 10 * DAY, ends_at=ends_at, **rules)
    await pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign_id, await make.person(pool))
    document = await pool.fetchval("SELECT rules FROM campaign_rules WHERE campaign_id = $1", campaign_id)
    await pool.execute(
        "UPDATE campaign_rules SET rules_sha256 = $2 WHERE campaign_id = $1", campaign_id, rules_sha256(document)
    )
    posts = [await make.entry(pool, campaign_id, at=ends_at - DAY) for _ in range(entries)]
    for likes, post_id in enumerate(reversed(posts)):
        for _ in range(likes):
            await make.like(pool, post_id, at=ends_at - DAY)
        if keys is not None:
            await _give_phone(pool, keys, post_id)
    return Played(campaign_id, posts)


async def due_draw(pool: Pool, keys: Keys, *, entries: int = 6, **more: Any) -> Played:
    """A draw that is due since a day, with a committed nonce; its first two posts are of one person."""
    rules = {"method": "draw", "beacon": NUMBER_NAME, "beacon_wait_hours": 96} | more
    campaign = await due(pool, keys, entries=entries, **rules)
    async with transaction(pool) as conn:
        await draw_commitment.commit_nonce(conn, campaign.id, draw_commitment.make_nonce(keys, campaign.id))
    first, second = campaign.posts[:2]
    await pool.execute(
        """
        UPDATE accounts SET person = (
            SELECT person FROM accounts JOIN posts ON posts.author_id = accounts.id WHERE posts.id = $1
        ) WHERE id = (SELECT author_id FROM posts WHERE id = $2)
        """,
        first,
        second,
    )
    return campaign


async def listed(pool: Pool, keys: Keys, *, ago: timedelta = timedelta(minutes=2), **more: Any) -> Played:
    """A draw whose list was published `ago`."""
    campaign = await due_draw(pool, keys, **more)
    assert await freeze_next_campaign(pool)
    assert await publish_next_list(pool)
    await age_list(pool, campaign.id, ago)
    return campaign


async def decide_draw(pool: Pool, keys: Keys) -> None:
    """Decides the draws that are due and wait for no public value, with a value of our own."""
    assert await freeze_next_campaign(pool)
    assert await publish_next_list(pool)
    assert await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)


async def age_list(pool: Pool, campaign_id: int, ago: timedelta) -> None:
    """Sets the publication time of the list back."""
    await pool.execute(
        """
        UPDATE draws SET list_published_at = clock_timestamp() - $2::interval
        FROM settlements WHERE settlements.id = settlement_id AND campaign_id = $1 AND undone_at IS NULL
        """,
        campaign_id,
        ago,
    )


async def frozen(pool: Pool, keys: Keys | None = None, *, entries: int = 4, **more: Any) -> Played:
    """A campaign with a frozen sheet."""
    campaign = await due(pool, keys, entries=entries, **more)
    assert await freeze_next_campaign(pool)
    return campaign


async def settled(pool: Pool, keys: Keys, *, entries: int = 4, **more: Any) -> Played:
    """A campaign with a result that is not announced."""
    campaign = await frozen(pool, keys, entries=entries, **more)
    assert await settle_next_campaign(pool, keys)
    return campaign


async def announced(pool: Pool, keys: Keys, *, entries: int = 4, **more: Any) -> Played:
    """A campaign whose result two editors have announced."""
    campaign = await settled(pool, keys, entries=entries, **more)
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    return campaign


async def finish(pool: Pool, campaign_id: int, *, days: int = 0) -> None:
    """Makes the campaign final, `days` days ago, so that prizes may be handed over."""
    await pool.execute("UPDATE campaigns SET objections_end_at = clock_timestamp() WHERE id = $1", campaign_id)
    assert await finish_next_objections(pool)
    await pool.execute(
        "UPDATE campaigns SET final_at = final_at - make_interval(days => $2) WHERE id = $1", campaign_id, days
    )


async def result_of(pool: Pool, campaign_id: int) -> bytes | None:
    """The signed result of the settlement in force, if there is one."""
    found: bytes | None = await pool.fetchval(
        "SELECT result FROM settlements WHERE campaign_id = $1 AND undone_at IS NULL", campaign_id
    )
    return found


async def winners_of(pool: Pool, campaign_id: int) -> list[Record]:
    """`id`, `account_id`, `post_id`, `place`, `state` of all winners, also of those who lost their place, by place."""
    found: list[Record] = await pool.fetch(
        "SELECT id, account_id, post_id, place, state FROM winners WHERE campaign_id = $1 ORDER BY place, id",
        campaign_id,
    )
    return found


async def rewind(pool: Pool, campaign_id: int) -> None:
    """Restores the state before the commit of the settlement, with a frozen sheet."""
    await pool.execute("DELETE FROM winners WHERE campaign_id = $1", campaign_id)
    await pool.execute("DELETE FROM reserves")
    for table in ("result_heads", "result_hashes", "result_rows"):
        await pool.execute(f"DELETE FROM {table}")
    await pool.execute("UPDATE settlements SET result = NULL, result_sha256 = NULL, settled_at = NULL")
    await pool.execute("UPDATE campaigns SET state = 'judging' WHERE id = $1", campaign_id)


async def _give_phone(pool: Pool, keys: Keys, post_id: int) -> None:
    account_id: AccountId = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
    sealed = keys.seal(f"+86139{account_id % 10**8:08}".encode(), aad=f"account:{account_id}".encode())
    await pool.execute("UPDATE accounts SET phone_sealed = $2 WHERE id = $1", account_id, sealed)
