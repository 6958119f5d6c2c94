"""Endpoints of admins for purges of the CDN."""

from feed.api.state import AppState
from feed.media import purges
from feed.postgres import transaction
from tests.support import make, make_media
from tests.support.api import Join


async def add(app_state: AppState, *states: str) -> list[int]:
    """Adds purges in these states; returns their ids."""
    pool = app_state.pool
    owner, post_id = await make.account(pool), await make.post(pool)
    media_ids = [await make_media.medium(pool, owner, post_id=post_id) for _ in states]
    async with transaction(pool) as conn:
        await purges.enqueue(conn, media_ids, "taken_down")
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM media_purges ORDER BY media_id")]
    for purge_id, state in zip(ids, states, strict=True):
        await pool.execute(
            """
            UPDATE media_purges SET state = $2, tries = 12, error_code = 'status_403', ended_at = $3,
                   purged_at = CASE WHEN $2 = 'delivered' THEN now() END, receipt = CASE WHEN $2 = 'delivered' THEN '200 ok' END
            WHERE id = $1
            """,
            purge_id,
            state,
            None if state == "waiting" else make.now(),
        )
    return ids


async def test_dead_purges_are_listed_with_their_receipts_for_admins_only(app_state: AppState, join: Join) -> None:
    ids = await add(app_state, "dead", "waiting", "dead", "delivered")
    admin = join("管理", roles=("admin",))
    page = (await admin("GET", "/admin/media/purges?state=dead&limit=1")).json()
    rest = (await admin("GET", f"/admin/media/purges?state=dead&limit=1&cursor={page['next_cursor']}")).json()
    listed = [item["id"] for item in page["items"] + rest["items"]]
    assert listed == sorted([str(ids[0]), str(ids[2])], reverse=True)
    assert rest["next_cursor"] is None
    item = page["items"][0]
    assert (item["reason"], item["tries"], item["error_code"]) == ("taken_down", 12, "status_403")
    assert len(item["paths"]) == 2
    (delivered,) = (await admin("GET", "/admin/media/purges?state=delivered")).json()["items"]
    assert delivered["receipt"] == "200 ok"
    assert len((await admin("GET", "/admin/media/purges")).json()["items"]) == 4
    assert (await admin("GET", "/admin/media/purges?state=nonsense")).status_code == 422
    for roles in ((), ("reviewer",), ("editor",)):
        assert (await join(f"别人{roles}", roles=roles)("GET", "/admin/media/purges")).status_code == 403


async def test_a_dead_purge_is_retried_once_and_audited(app_state: AppState, join: Join) -> None:
    dead, waiting = await add(app_state, "dead", "waiting")
    admin = join("管理", roles=("admin",))
    for _ in range(2):
        answer = await admin("POST", f"/admin/media/purges/{dead}/retry", headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    assert await app_state.pool.fetchval("SELECT tries FROM media_purges WHERE id = $1", dead) == 0
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'media_purge.retry'") == 1
    for purge_id, status, code in (
        (dead, 409, "purge_not_dead"),
        (waiting, 409, "purge_not_dead"),
        (1, 404, "purge_not_found"),
        ("x", 404, "purge_not_found"),
    ):
        answer = await admin("POST", f"/admin/media/purges/{purge_id}/retry")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
