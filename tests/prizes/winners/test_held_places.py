"""All readers agree on held places and on open objections, in every state."""

from typing import Any, get_args

import asyncpg
import pytest

from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes import settlement_store, winner_store
from feed.prizes.model import WinnerState
from feed.prizes.objections import store as objections_store
from feed.screens.prizes.overdue import list_overdue
from feed.screens.prizes.settlement import get_decision
from feed.screens.prizes.winners import list_winners
from tests.support import make, phases
from tests.support.results import get_result

OVER = ("lapsed", "declined", "forfeited")


@pytest.mark.parametrize("state", get_args(WinnerState))
async def test_a_place_is_held_for_every_reader_or_for_none(state: WinnerState, pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    first, _ = await phases.winners_of(pool, campaign.id)
    await pool.execute("UPDATE winners SET state = $2 WHERE id = $1", first["id"], state)
    held = state not in OVER
    async with pool.acquire() as conn:
        settled = await settlement_store.find_settled(conn, campaign.id)
        assert settled is not None
        shown = {each.place for each in (await list_winners(conn, campaign.id)).items}
        decided = {each.place for each in (await get_decision(conn, campaign.id)).winners}
        holder = await winner_store.find_holder(conn, settled.id, 1)
        named = (await get_result(conn, campaign.id)).count(b'"p**')
    assert shown == decided == ({1, 2} if held else {2})
    assert (holder is not None) == held
    assert named == len(shown)
    # The unique index on held places agrees.
    again = """
        INSERT INTO winners (campaign_id, settlement_id, place, rank, post_id, account_id, person, score, prizes)
        SELECT campaign_id, settlement_id, place, 9, post_id, account_id, '\\x09', score, prizes FROM winners WHERE id = $1
    """
    if held:
        with pytest.raises(asyncpg.UniqueViolationError, match="winners_one_per_place"):
            await pool.execute(again, first["id"])
    else:
        await pool.execute(again, first["id"])


async def test_undoing_a_result_ends_the_held_places_only(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    first, second = await phases.winners_of(pool, campaign.id)
    await pool.execute("UPDATE winners SET state = 'declined', state_reason = 'declined' WHERE id = $1", first["id"])
    async with pool.acquire() as conn:
        settled = await settlement_store.find_settled(conn, campaign.id)
        assert settled is not None
        assert await winner_store.mark_all_forfeited(conn, settled.id) == [second["id"]]
        assert await winner_store.mark_all_forfeited(conn, settled.id) == []
    reasons = [row["state_reason"] for row in await pool.fetch("SELECT state_reason FROM winners ORDER BY place, id")]
    assert reasons == ["declined", "settlement_undone"]


# Differences from an unanswered objection, the state of the winner that it names, and whether it is open.
OBJECTIONS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "unanswered": ({}, "notified", True),
    "dismissed": ({"answered": True}, "notified", False),
    "to be replaced": ({"answered": True, "remedy": "replace"}, "notified", True),
    "declined otherwise": ({"answered": True, "remedy": "replace"}, "declined", False),
    "lapsed otherwise": ({"answered": True, "remedy": "replace"}, "lapsed", False),
    "replaced": ({"answered": True, "remedy": "replace", "remedied": True}, "forfeited", False),
    "to be settled again": ({"answered": True, "remedy": "settle_again"}, "notified", True),
    "settled again": ({"answered": True, "remedy": "settle_again", "remedied": True}, "notified", False),
    "of a result that is undone": ({"undone": True}, "notified", False),
}


@pytest.mark.parametrize("case", OBJECTIONS)
async def test_an_objection_is_open_for_every_reader_or_for_none(case: str, pool: Pool, keys: Keys) -> None:
    columns, state, is_open = OBJECTIONS[case]
    campaign = await phases.announced(pool, keys)
    first, _ = await phases.winners_of(pool, campaign.id)
    await pool.execute("UPDATE winners SET state = $2 WHERE id = $1", first["id"], state)
    async with pool.acquire() as conn:
        settled = await settlement_store.find_settled(conn, campaign.id)
    assert settled is not None
    answered_by = await make.person(pool, role="editor")
    remedy = columns.get("remedy")
    await pool.execute(
        """
        INSERT INTO objections
            (campaign_id, settlement_id, account_id, text, made_at, answer, answered_by, answered_at, remedy, winner_id, remedied_at)
        SELECT $1, $2, $3, '', long_ago, CASE WHEN $4 THEN '' END, CASE WHEN $4 THEN $5::bigint END,
            CASE WHEN $4 THEN long_ago END, $6, $7, CASE WHEN $8 THEN now() END
        FROM (SELECT now() - interval '3 days' AS long_ago) AS clock
        """,
        campaign.id,
        settled.id,
        await make.person(pool),
        columns.get("answered", False),
        answered_by,
        remedy,
        first["id"] if remedy == "replace" else None,
        columns.get("remedied", False),
    )
    if columns.get("undone"):
        await pool.execute("UPDATE settlements SET undone_at = now() WHERE id = $1", settled.id)
    await pool.execute("UPDATE campaigns SET objections_end_at = now() WHERE id = $1", campaign.id)
    async with pool.acquire() as conn:
        assert await objections_store.has_open(conn, settled.id) == is_open
        assert (await get_decision(conn, campaign.id)).objections_open == int(is_open)
        late = {each.kind: each.count for each in await list_overdue(conn, kept_days=90)}
        assert late.get("objection_open", 0) == int(is_open)
        # The result becomes final unless an objection is open or the settlement was undone.
        assert await objections_store.list_due_to_finish(conn) == (
            [] if is_open or columns.get("undone") else [campaign.id]
        )
