"""The effect of voids before they are made: the same counts and ranks as afterwards, and nothing kept."""

from typing import Any

from feed.api.state import AppState
from tests.support.api import Join
from tests.support.campaigns_api import engaged, leaderboard_of


async def test_the_preview_of_voids_shows_what_they_then_do_and_keeps_nothing(app_state: AppState, join: Join) -> None:
    editor, campaign, entries, _ = await engaged(app_state, join)
    path = f"/admin/campaigns/{campaign}/voids"
    body = {"post_id": entries[0], "kinds": ["like"], "reason_code": "bought"}
    before = await app_state.pool.fetchval("SELECT count(*) FROM audit")
    shown = await editor("POST", f"{path}/preview", body)
    assert shown.status_code == 200, shown.text
    effect: Any = shown.json()
    assert (effect["changed"], effect["likes"], effect["commenters"]) == (1, 3, 0)
    first = effect["items"][0]
    assert (first["post_id"], first["likes"], first["likes_then"], first["rank"], first["rank_then"]) == (
        entries[0],
        3,
        0,
        1,
        3,
    )
    assert (await editor("GET", path)).json() == {"items": []}
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit") == before
    assert [str(each.post_id) for each in (await leaderboard_of(app_state, campaign)).entries] == entries
    assert (await editor("POST", path, body)).status_code == 201
    assert [str(each.post_id) for each in (await leaderboard_of(app_state, campaign)).entries] == [
        *entries[1:],
        entries[0],
    ]


async def test_the_preview_refuses_what_the_request_would(app_state: AppState, join: Join) -> None:
    editor, campaign, entries, _ = await engaged(app_state, join)
    path = f"/admin/campaigns/{campaign}/voids/preview"
    for body, fields in (
        ({"kinds": [], "reason_code": "bought", "post_id": entries[0]}, ["kinds"]),
        ({"kinds": ["like"], "reason_code": "bought"}, ["user_ids"]),
        ({"kinds": ["like"], "reason_code": "bought", "user_ids": ["1"]}, ["user_ids[0]"]),
        ({"kinds": ["like"], "reason_code": "bought", "post_id": "1"}, ["post_id"]),
    ):
        refused = await editor("POST", path, body)
        assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, fields)
    draft = (await editor("POST", f"/admin/campaigns/{campaign}/copy")).json()["id"]
    early = await editor(
        "POST",
        f"/admin/campaigns/{draft}/voids/preview",
        {"kinds": ["like"], "reason_code": "bought", "post_id": entries[0]},
    )
    assert (early.status_code, early.json()["code"]) == (409, "campaign_not_open")
