"""What participants read after the announcement: the reserves, and their own objections with the answers."""

import httpx

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.keys.store import Keys
from feed.prizes.objections.actions import answer_objection, object_to_result
from tests.support import make, phases
from tests.support.api import Join
from tests.support.prizes_api import become


async def test_reserves_are_listed_without_names(client: httpx.AsyncClient, app_state: AppState, keys: Keys) -> None:
    campaign = await phases.announced(app_state.pool, keys, entries=6, reserve_count=3)
    found = (await client.get(f"/campaigns/{campaign.id}/winners")).json()
    assert [(each["position"], each["rank"], each["moved_up"]) for each in found["reserves"]] == [
        (1, 3, False),
        (2, 4, False),
        (3, 5, False),
    ]
    assert [each["post_id"] for each in found["reserves"]] == [str(each) for each in campaign.posts[2:5]]
    assert found["reserves"][0].keys() == {"position", "rank", "post_id", "comment_id", "moved_up"}


async def test_own_objections_stay_with_their_answers_after_the_result_is_undone(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    pool = app_state.pool
    campaign = await phases.announced(pool, keys)
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    me = await become(pool, join, author, "参与者")

    async def mine() -> list[tuple[str, str, str | None]]:
        found = (await me("GET", f"/campaigns/{campaign.id}/me")).json()["objections"]
        return [(each["kind"], each["state"], each["answer"]) for each in found]

    assert await mine() == []
    first = await object_to_result(pool, campaign.id, by=AccountId(author), text="少算了", kind="counts")
    await object_to_result(pool, campaign.id, by=AccountId(author), text="还有", kind="marks")
    await answer_objection(pool, first, by=AccountId(await make.person(pool, role="editor")), text="计数无误")
    assert await mine() == [("marks", "open", None), ("counts", "answered", "计数无误")]
    await pool.execute("UPDATE settlements SET undone_at = now() WHERE campaign_id = $1", campaign.id)
    assert len(await mine()) == 2
    # Of this person alone, whichever account asks.
    same = await make.account(pool)
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $2) WHERE id = $1", same, author
    )
    other = await become(pool, join, same, "同一人")
    assert len((await other("GET", f"/campaigns/{campaign.id}/me")).json()["objections"]) == 2
    stranger = await become(pool, join, await make.person(pool), "别人")
    assert (await stranger("GET", f"/campaigns/{campaign.id}/me")).json()["objections"] == []
