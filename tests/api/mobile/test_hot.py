"""Endpoints of the hot list: order, pages, hot actions, and the explanation of a position."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from feed.api.state import AppState, build_app_state
from feed.boards import redis_store
from feed.boards import store as boards
from feed.boards.actions import follow_change_log
from feed.boards.diversity import AUTHOR_MOST, WINDOW
from feed.boards.model import HOT
from feed.changes.actions import number_changes
from feed.curation.model import PINS_MOST
from feed.postgres import Pool
from feed.screens.posts import hot_lists, pages
from feed.screens.posts import new_count as new_posts
from tests.support import make
from tests.support.api import Join
from tests.support.app import app_over
from tests.support.campaigns_api import publish

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disables the caches, so that a test reads its own writes. Other tests cover the caches."""
    monkeypatch.setattr(pages, "CACHE_SECONDS", 0.0)
    monkeypatch.setattr(hot_lists, "_CACHE_SECONDS", 0.0)
    monkeypatch.setattr(new_posts, "_CACHE_SECONDS", 0.0)


def soon(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more or {"days": 1})).isoformat().replace("+00:00", "Z")


async def complete_board(app_state: AppState) -> None:
    """Completes the hot list's board in Redis, and sets the epoch of the process."""
    await number_changes(app_state.pool)
    while await follow_change_log(app_state.pool, app_state.redis):
        pass
    async with app_state.pool.acquire() as conn:
        app_state.projector.epoch = (await boards.get_log_head(conn)).epoch
    assert await redis_store.top(app_state.redis, HOT, epoch=app_state.projector.epoch, limit=1) is not None


async def hot(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"/feeds/hot{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def walk(client: httpx.AsyncClient, path: str, between: Callable[[], Awaitable[Any]] | None = None) -> list[str]:
    """The ids of all pages of a list; `between` runs after each page but the last."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await client.get(path + cursor)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return seen
        assert len(page["next_cursor"]) <= 200
        if between is not None:
            await between()
        cursor = f"&cursor={page['next_cursor']}"


async def liked(pool: Pool, post_id: int, times: int) -> int:
    for _ in range(times):
        await make.like(pool, post_id)
    return post_id


async def test_posts_are_ordered_by_hot_score_and_then_newest_first(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    now = make.now()
    young, old = await make.post(app_state.pool, at=now), await make.post(app_state.pool, at=now - timedelta(hours=11))
    loved = await liked(app_state.pool, await make.post(app_state.pool, at=now - timedelta(hours=6)), 9)
    ancient = await liked(app_state.pool, await make.post(app_state.pool, at=now - timedelta(days=730)), 30)
    # Ten times the engagement is worth twelve hours.
    expected = [str(post_id) for post_id in (loved, young, old, ancient)]
    assert await hot(client) == expected
    await complete_board(app_state)
    assert await hot(client) == expected


async def test_an_old_post_is_listed_after_all_newer_ones(client: httpx.AsyncClient, app_state: AppState) -> None:
    assert await hot(client) == []
    ancient = await make.post(app_state.pool, at=make.now() - timedelta(days=730))
    assert await hot(client) == [str(ancient)]
    fresh = await make.post(app_state.pool, at=make.now())
    assert await hot(client) == [str(fresh), str(ancient)]


async def test_engagement_of_the_author_does_not_change_the_order(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    ming = join("小明")
    first = (await ming("POST", "/posts", {"text": "一"})).json()["id"]
    second = (await join("小红")("POST", "/posts", {"text": "二"})).json()["id"]
    await ming("PUT", f"/posts/{first}/like")
    await ming("POST", f"/posts/{first}/comments", {"text": "自己顶"})
    assert await hot(client) == [second, first]
    why = (await client.get(f"/feeds/hot/{first}/why")).json()
    assert (why["inputs"]["likes"], why["inputs"]["comments"]) == (0, 0)
    await join("小红")("PUT", f"/posts/{first}/like")
    assert await hot(client) == [first, second]


async def test_consecutive_posts_of_one_author_are_limited(client: httpx.AsyncClient, app_state: AppState) -> None:
    busy = await make.account(app_state.pool)
    for _ in range(20):
        await make.post(app_state.pool, at=make.now() - DAY)
    flood = {str(await make.post(app_state.pool, busy, at=make.now())) for _ in range(30)}
    for _ in range(2):
        order = await hot(client, "?limit=50")
        assert len(order) == 50
        assert order[0] in flood
        # As long as there are other posts: eight of them to two of this author.
        for start in range(16):
            assert len(flood.intersection(order[start : start + WINDOW])) <= AUTHOR_MOST
        await complete_board(app_state)


@pytest.mark.parametrize("in_redis", [True, False])
async def test_pages_show_each_post_once_while_scores_change(
    client: httpx.AsyncClient, app_state: AppState, in_redis: bool
) -> None:
    there = [await make.post(app_state.pool, at=make.now() - timedelta(minutes=n)) for n in range(25)]
    if in_redis:
        await complete_board(app_state)
    before = await hot(client, "?limit=50")
    moved = iter(range(100))

    async def stir() -> None:
        n = next(moved)
        await liked(app_state.pool, there[-1 - n], 5)
        await make.post(app_state.pool, at=make.now())
        if in_redis:
            await complete_board(app_state)

    assert await walk(client, "/feeds/hot?limit=4", stir) == before


async def test_a_deletion_between_two_pages_leaves_no_gap(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    ming = join("小明")
    there = [(await ming("POST", "/posts", {"text": str(n)})).json()["id"] for n in range(9)]
    gone = iter([there[8], there[0], there[4], there[1]])

    async def remove() -> None:
        assert (await ming("DELETE", f"/posts/{next(gone)}")).status_code == 204

    seen = await walk(client, "/feeds/hot?limit=3", remove)
    # The first page was read before the deletions; later pages keep the order, without the deleted posts.
    assert seen == there[:5:-1] + [post_id for post_id in there[5::-1] if post_id not in (there[0],)]
    assert (await client.get("/feeds/hot?limit=50")).json()["next_cursor"] is None


@pytest.fixture
async def restarted(app_state: AppState) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another API process with the same servers."""
    other = build_app_state(app_state.settings, app_state.pool, app_state.redis, app_state.keys)
    transport = httpx.ASGITransport(app=app_over(other))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as opened:
        yield opened


async def test_a_cursor_outlives_the_process_and_not_an_emptied_redis(
    client: httpx.AsyncClient, restarted: httpx.AsyncClient, app_state: AppState
) -> None:
    for n in range(7):
        await make.post(app_state.pool, at=make.now() - timedelta(minutes=n))
    whole = await hot(client)
    first = (await client.get("/feeds/hot?limit=3")).json()
    await make.post(app_state.pool, at=make.now())
    for reader in (client, restarted):
        rest = (await reader.get(f"/feeds/hot?limit=10&cursor={first['next_cursor']}")).json()
        assert [item["id"] for item in first["items"] + rest["items"]] == whole
        assert rest["next_cursor"] is None
    await app_state.redis.flushdb()
    ended = await client.get(f"/feeds/hot?cursor={first['next_cursor']}")
    assert (ended.status_code, ended.json()["code"]) == (410, "cursor_expired")


async def test_a_cursor_belongs_to_its_list(client: httpx.AsyncClient, app_state: AppState, join: Join) -> None:
    campaign = await publish(join("编辑", roles=("editor",)))
    for number in range(3):
        await join(f"作者{number}")("POST", "/posts", {"text": "好 #读书#"})
    lists = ("/feeds/hot?", "/topics/读书/posts?sort=hot&", f"/campaigns/{campaign}/posts?sort=hot&", "/feeds/latest?")
    cursors = {path: (await client.get(f"{path}limit=2")).json()["next_cursor"] for path in lists}
    for path in lists:
        for owner, cursor in cursors.items():
            status = 200 if owner == path else 400
            assert (await client.get(f"{path}limit=2&cursor={cursor}")).status_code == status, (path, owner)
    assert (await client.get("/feeds/hot?cursor=forged")).json()["code"] == "cursor_invalid"
    assert (await client.get("/feeds/hot?limit=51")).status_code == 422
    assert (await client.get("/topics/读书/posts?sort=best")).status_code == 422


async def test_the_hot_list_ends_after_a_thousand_posts(client: httpx.AsyncClient, app_state: AppState) -> None:
    await app_state.pool.execute(
        """
        WITH author AS (
            INSERT INTO accounts (iss, sub, name) SELECT 'crowd', n::text, 'x' FROM generate_series(1, 1010) AS n RETURNING id
        ), made AS (
            INSERT INTO posts (author_id, state, published_at) SELECT id, 'published', now() FROM author RETURNING id, author_id
        ), said AS (
            INSERT INTO post_revisions (post_id, revision, text, content_sha256, author_id)
            SELECT id, 1, 'x', '', author_id FROM made
        )
        INSERT INTO post_stats (post_id) SELECT id FROM made
        """
    )
    await complete_board(app_state)
    seen = await walk(client, "/feeds/hot?limit=50")
    assert (len(seen), len(set(seen))) == (1000, 1000)
    first = (await client.get("/feeds/hot?limit=50")).json()["items"]
    assert [item["id"] for item in first] == seen[:50]


async def test_without_redis_every_page_comes_from_postgres(
    client: httpx.AsyncClient, app_state: AppState, restarted: httpx.AsyncClient
) -> None:
    for n in range(9):
        await liked(app_state.pool, await make.post(app_state.pool, at=make.now() - timedelta(hours=n)), n)
    await complete_board(app_state)
    pages_there = [(await client.get("/feeds/hot?limit=4")).json()["items"], await walk(client, "/feeds/hot?limit=4")]
    nowhere = build_app_state(app_state.settings, app_state.pool, Redis(host="127.0.0.1", port=1), app_state.keys)
    transport = httpx.ASGITransport(app=app_over(nowhere))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as away:
        pages_away = [(await away.get("/feeds/hot?limit=4")).json()["items"], await walk(away, "/feeds/hot?limit=4")]
        assert pages_away == pages_there
        # A list that began before the outage continues.
        cursor = (await client.get("/feeds/hot?limit=4")).json()["next_cursor"]
        page = (await away.get(f"/feeds/hot?limit=4&cursor={cursor}")).json()
        assert [item["id"] for item in page["items"]] == pages_there[1][4:8]
        # And one that began during the outage continues after it.
        cursor = (await away.get("/feeds/hot?limit=4")).json()["next_cursor"]
        page = (await client.get(f"/feeds/hot?limit=4&cursor={cursor}")).json()
        assert [item["id"] for item in page["items"]] == pages_there[1][4:8]


async def test_a_deleted_post_is_removed_from_cached_hot_pages_at_once(
    client: httpx.AsyncClient, app_state: AppState, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CACHE_SECONDS", 600.0)
    monkeypatch.setattr(hot_lists, "_CACHE_SECONDS", 600.0)
    ming = join("小明")
    kept, gone = [(await ming("POST", "/posts", {"text": "好 #读书#"})).json()["id"] for _ in range(2)]
    paths = ("/feeds/hot", "/topics/读书/posts?sort=hot")
    for path in paths:
        assert [item["id"] for item in (await client.get(path)).json()["items"]] == [gone, kept]
    await ming("DELETE", f"/posts/{gone}")
    for path in paths:
        assert [item["id"] for item in (await client.get(path)).json()["items"]] == [kept]


async def test_editors_pin_boost_and_suppress_with_a_reason_and_an_end(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    ids = [str(await make.post(app_state.pool, at=make.now() - timedelta(hours=n))) for n in range(5)]
    await complete_board(app_state)

    async def put(post_id: str, action: str, **until: float) -> Any:
        body = {"action": action, "reason": "编辑推荐", "until": soon(**until)}
        answer = await editor("PUT", f"/admin/hot/{post_id}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    made = await put(ids[4], "pin")
    assert (made["post_id"], made["action"], made["standing"], made["ended_at"]) == (ids[4], "pin", True, None)
    await put(ids[2], "boost")
    await put(ids[0], "suppress")
    assert await hot(client) == [ids[4], ids[2], ids[1], ids[3]]
    # Another action on the same post replaces the first one.
    await put(ids[4], "suppress")
    assert await hot(client) == [ids[2], ids[1], ids[3]]
    for _ in range(2):
        assert (await editor("DELETE", f"/admin/hot/{ids[4]}")).status_code == 204
    assert await hot(client) == [ids[2], ids[1], ids[3], ids[4]]
    # The action ends by the database clock.
    await put(ids[3], "pin")
    assert (await hot(client))[0] == ids[3]
    await app_state.pool.execute("UPDATE hot_actions SET until = clock_timestamp() WHERE post_id = $1", int(ids[3]))
    assert (await hot(client))[0] != ids[3]


async def test_the_list_is_not_empty_when_all_posts_are_suppressed(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    post_id = await make.post(app_state.pool)
    await editor("PUT", f"/admin/hot/{post_id}", {"action": "suppress", "reason": "重复", "until": soon()})
    assert await hot(client) == [str(post_id)]
    other = await make.post(app_state.pool)
    assert await hot(client) == [str(other)]


async def test_a_pin_lists_posts_with_low_scores_but_not_hidden_ones(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    ancient = await make.post(app_state.pool, at=make.now() - timedelta(days=730))
    await make.post(app_state.pool)
    await editor("PUT", f"/admin/hot/{ancient}", {"action": "pin", "reason": "回顾", "until": soon()})
    assert (await hot(client))[0] == str(ancient)
    await app_state.pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", ancient)
    assert str(ancient) not in await hot(client)
    # The pin of a hidden post can be ended.
    assert (await editor("DELETE", f"/admin/hot/{ancient}")).status_code == 204


async def test_an_equal_action_changes_nothing_and_changes_are_in_the_audit_log(
    app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    post_id = await make.post(app_state.pool)
    body = {"action": "pin", "reason": "好", "until": soon()}
    first, second = [(await editor("PUT", f"/admin/hot/{post_id}", body)).json() for _ in range(2)]
    assert first == second
    await editor("PUT", f"/admin/hot/{post_id}", body | {"reason": "更好"})
    for _ in range(2):
        await editor("DELETE", f"/admin/hot/{post_id}")
    rows = await app_state.pool.fetch("SELECT action, detail FROM audit WHERE subject_id = $1 ORDER BY id", post_id)
    assert [(row["action"], row["detail"].get("reason")) for row in rows] == [
        ("hot.pin", "好"),
        ("hot.pin", "更好"),
        ("hot.end", None),
    ]


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"action": "pin", "reason": "好", "until": "2020-01-01T00:00:00Z"}, 422, {"until"}),
        ({"action": "pin", "reason": "好", "until": "9999-12-31T23:59:59-12:00"}, 422, {"until"}),
        ({"action": "raise", "reason": " ", "until": "2090-01-01T00:00:00Z"}, 422, {"action", "reason"}),
        ({"action": "pin", "reason": "长" * 201, "until": "2090-01-01T00:00:00Z"}, 422, {"reason"}),
        ({"action": "pin", "reason": "a\0b", "until": "2090-01-01T00:00:00Z"}, 422, {"reason"}),
        ({"action": "pin", "reason": "好", "until": "2090-01-01T00:00:00"}, 422, {"until"}),
        ({"action": "pin", "reason": "好"}, 422, {"until"}),
        ({"action": 1, "reason": "好", "until": "2090-01-01T00:00:00Z"}, 422, {"action"}),
    ],
)
async def test_an_invalid_action_is_rejected(
    app_state: AppState, join: Join, body: dict[str, Any], status: int, fields: set[str]
) -> None:
    editor = join("编辑", roles=("editor",))
    answer = await editor("PUT", f"/admin/hot/{await make.post(app_state.pool)}", body)
    assert answer.status_code == status, answer.text
    assert {error["field"] for error in answer.json().get("errors", [])} == fields
    assert await app_state.pool.fetchval("SELECT count(*) FROM hot_actions") == 0


async def test_an_action_needs_a_published_post(app_state: AppState, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    body = {"action": "pin", "reason": "好", "until": soon()}
    hidden = {state: await make.post(app_state.pool, state=state) for state in ("pending", "removed", "deleted")}
    for post_id, status, code in (
        ("1", 404, "post_not_found"),
        ("x", 404, "post_not_found"),
        (hidden["deleted"], 404, "post_not_found"),
        (hidden["pending"], 409, "post_not_published"),
        (hidden["removed"], 409, "post_not_published"),
    ):
        answer = await editor("PUT", f"/admin/hot/{post_id}", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await editor("DELETE", "/admin/hot/1")).json()["code"] == "post_not_found"


async def test_the_number_of_pins_is_limited_under_concurrent_requests(app_state: AppState, join: Join) -> None:
    editors = [join(f"编辑{n}", roles=("editor",)) for n in range(3)]
    posts = [await make.post(app_state.pool) for _ in range(PINS_MOST + 5)]
    for editor in editors:
        await editor("GET", "/me")
    body = {"action": "pin", "reason": "好", "until": soon()}
    answers = await asyncio.gather(
        *(editors[n % 3]("PUT", f"/admin/hot/{post_id}", body) for n, post_id in enumerate(posts))
    )
    refused = [answer.json()["code"] for answer in answers if answer.status_code != 200]
    assert refused == ["pins_full"] * 5
    # A pinned post can be pinned again, and another one can be boosted.
    pinned = next(post_id for post_id, answer in zip(posts, answers, strict=True) if answer.status_code == 200)
    assert (await editors[0]("PUT", f"/admin/hot/{pinned}", body | {"reason": "新"})).status_code == 200
    free = next(post_id for post_id, answer in zip(posts, answers, strict=True) if answer.status_code != 200)
    assert (await editors[0]("PUT", f"/admin/hot/{free}", body | {"action": "boost"})).status_code == 200


async def test_the_explanation_contains_the_formula_and_for_staff_the_actions(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    first = await liked(app_state.pool, await make.post(app_state.pool, at=datetime(2026, 9, 1, 12, tzinfo=UTC)), 9)
    second = await make.post(app_state.pool, at=datetime(2026, 8, 1, tzinfo=UTC))
    await editor("PUT", f"/admin/hot/{second}", {"action": "pin", "reason": "回顾八月", "until": soon()})
    why = (await client.get(f"/feeds/hot/{first}/why")).json()
    assert why["rank"] == 2
    assert why["inputs"] == {
        "likes": 9,
        "comments": 0,
        "comment_weight": 2,
        "published_at": "2026-09-01T12:00:00Z",
        "period_ms": 43_200_000,
    }
    # 20,697.5 days since 1970 in half days, plus log10(1 + 9 likes).
    assert why["score"] == f"{20_697 * 2 + 1 + 1}.000000"
    assert "actions" not in (await client.get(f"/feeds/hot/{second}/why")).json()
    assert "actions" not in (await join("小明")("GET", f"/feeds/hot/{second}/why")).json()
    explained = (await editor("GET", f"/feeds/hot/{second}/why")).json()
    assert [(each["action"], each["reason"], each["standing"]) for each in explained["actions"]] == [
        ("pin", "回顾八月", True)
    ]
    assert (await client.get("/feeds/hot/1/why")).json()["code"] == "post_not_found"


async def test_the_explanation_of_a_pending_post_is_for_its_author_only(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    ming = join("小明")
    post_id = (await ming("POST", "/posts", {"text": "好"})).json()["id"]
    await app_state.pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", int(post_id))
    assert (await client.get(f"/feeds/hot/{post_id}/why")).status_code == 404
    why = (await ming("GET", f"/feeds/hot/{post_id}/why")).json()
    assert (why["rank"], why["score"], why["inputs"]) == (None, None, None)


async def test_videos_are_listed_by_time(client: httpx.AsyncClient, app_state: AppState) -> None:
    assert (await client.get("/feeds/videos")).json() == {"items": [], "next_cursor": None}
    ids = [await make.post(app_state.pool, at=make.now() - timedelta(minutes=n)) for n in range(6)]
    await app_state.pool.execute("UPDATE posts SET has_video = true WHERE id = ANY ($1::bigint[])", ids[::2])
    assert await walk(client, "/feeds/videos?limit=2") == [str(post_id) for post_id in ids[::2]]


async def test_the_number_of_newer_posts(client: httpx.AsyncClient, app_state: AppState, join: Join) -> None:
    ming = join("小明")
    ids = [(await ming("POST", "/posts", {"text": str(n)})).json()["id"] for n in range(4)]

    async def since(post_id: object) -> Any:
        return (await client.get(f"/feeds/latest/new?since_id={post_id}")).json()["count"]

    assert [await since(post_id) for post_id in ids] == [3, 2, 1, 0]
    await ming("DELETE", f"/posts/{ids[1]}")
    assert [await since(post_id) for post_id in ids] == [2, 2, 1, 0]
    # For an unknown id the time in the id is used.
    assert await since(int(ids[3]) + (60_000 << 20)) == 0
    assert await since(1) == 3
    assert await since(2**63 - 1) == 0
    for bad in ("since_id=x", "since_id=0", "since_id=", ""):
        answer = await client.get(f"/feeds/latest/new?{bad}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "since_id"), bad


async def test_the_number_of_newer_posts_is_at_most_a_hundred(client: httpx.AsyncClient, app_state: AppState) -> None:
    first = await make.post(app_state.pool, at=make.now() - DAY)
    author = await make.account(app_state.pool)
    await app_state.pool.execute(
        "INSERT INTO posts (author_id, state, published_at) SELECT $1, 'published', now() FROM generate_series(1, 130)",
        author,
    )
    assert (await client.get(f"/feeds/latest/new?since_id={first}")).json() == {"count": 100}


Step = tuple[str, int]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(("like", "post", "delete", "pin", "suppress")), st.integers(0, 19)), max_size=8),
    st.integers(1, 7),
)
async def test_changes_between_pages_cause_no_repetition_and_no_gap(
    client: httpx.AsyncClient, app_state: AppState, steps: list[Step], limit: int
) -> None:
    await app_state.pool.execute("UPDATE posts SET state = 'removed'")
    await app_state.pool.execute("DELETE FROM hot_actions")
    authors = [await make.account(app_state.pool) for _ in range(3)]
    there = [await make.post(app_state.pool, authors[n % 3], at=make.now() - timedelta(minutes=n)) for n in range(20)]
    whole = await hot(client, "?limit=50")
    assert sorted(whole) == sorted(map(str, there))
    left, gone = iter(steps), set[str]()

    async def stir() -> None:
        what, which = next(left, ("", 0))
        if what == "like":
            await make.like(app_state.pool, there[which])
        elif what == "post":
            await make.post(app_state.pool, authors[which % 3], at=make.now())
        elif what == "delete":
            await app_state.pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", there[which])
            gone.add(str(there[which]))
        elif what:
            await app_state.pool.execute(
                """
                INSERT INTO hot_actions (post_id, action, reason, until, made_by) VALUES ($1, $2, 'x', now() + interval '1 day', 1)
                ON CONFLICT DO NOTHING
                """,
                there[which],
                what,
            )

    await app_state.redis.flushdb()
    seen = await walk(client, f"/feeds/hot?limit={limit}", stir)
    assert len(seen) == len(set(seen))
    # The first order, without some of the posts removed meanwhile, and without new ones.
    assert [post_id for post_id in whole if post_id in seen] == seen
    assert set(whole) - set(seen) <= gone


async def test_a_campaigns_hot_list_pages_through_a_snapshot(client: httpx.AsyncClient, app_state: AppState) -> None:
    campaign = await make.campaign(app_state.pool)
    entries = [await make.entry(app_state.pool, campaign, at=make.now() - timedelta(minutes=n)) for n in range(9)]
    await make.post(app_state.pool)
    await complete_board(app_state)
    path = f"/campaigns/{campaign}/posts?sort=hot&limit=50"
    before = [item["id"] for item in (await client.get(path)).json()["items"]]
    assert before == list(map(str, entries))
    moved = iter(entries[::-1])

    async def stir() -> None:
        await liked(app_state.pool, next(moved), 3)

    assert await walk(client, f"/campaigns/{campaign}/posts?sort=hot&limit=2", stir) == before
    assert (await client.get(path)).json()["items"][0]["id"] != before[0]
    assert (await client.get("/campaigns/1/posts?sort=hot")).json()["code"] == "campaign_not_found"
    assert (await client.get("/campaigns/1/posts")).json()["code"] == "campaign_not_found"
