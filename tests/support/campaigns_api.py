"""Campaigns through the API: drafted, published, entered, closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from feed.api.state import AppState
from feed.boards import redis_store
from feed.boards import store as boards
from feed.boards.actions import follow_change_log
from feed.boards.model import board_of
from feed.changes.actions import number_changes
from feed.screens.campaigns.final_leaderboard import FinalLeaderboards
from feed.screens.campaigns.leaderboard import LeaderboardRows, Leaderboards, get_leaderboard
from tests.support.api import Join, Person

HOUR = timedelta(hours=1)
TEXT = "读完了《红楼梦》#读书#"


def wire(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def terms(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "title": "读书月",
        "topic": "读书",
        "body": "分享你的读书瞬间",
        "starts_at": wire(now - HOUR),
        "ends_at": wire(now + HOUR),
        "method": "ranked",
        "winner_count": 3,
        "reserve_count": 2,
        "prizes": [{"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": 59.90}],
        "weights": {"quality": 0.5, "likes": 0.3, "comments": 0.2},
        "claim_days": 7,
        "organiser": "读特客户端",
        "contact": "0755-12345678",
    } | changed


async def publish(editor: Person, **changed: Any) -> str:
    made = await editor("POST", "/admin/campaigns", terms(**changed))
    assert made.status_code == 201, made.text
    campaign = str(made.json()["id"])
    published = await editor("POST", f"/admin/campaigns/{campaign}/publish")
    assert published.status_code == 200, published.text
    return campaign


async def post(person: Person, text: str = TEXT) -> str:
    return str((await person("POST", "/posts", {"text": text})).json()["id"])


async def close(app_state: AppState, campaign: str) -> None:
    await app_state.pool.execute(
        "UPDATE campaigns SET ends_at = clock_timestamp() - interval '1 millisecond' WHERE id = $1", int(campaign)
    )


async def my_id(person: Person) -> str:
    made = await person("POST", "/posts", {"text": "我"})
    return str(made.json()["author"]["id"])


async def engaged(app_state: AppState, join: Join) -> tuple[Person, str, list[str], Person]:
    """A campaign whose three entries have 3, 2 and 1 likers; one person likes the last one with two accounts."""
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor)
    authors = [join(f"作者{number}") for number in range(3)]
    entries = [await post(author) for author in authors]
    fans = [join(f"读者{number}") for number in range(3)]
    for number, entry in enumerate(entries):
        for fan in fans[number:]:
            assert (await fan("PUT", f"/posts/{entry}/like")).status_code == 200
    await fans[0]("POST", f"/posts/{entries[0]}/comments", {"text": "好"})
    return editor, campaign, entries, authors[0]


async def leaderboard_of(app_state: AppState, campaign: str) -> LeaderboardRows:
    """The leaderboard; asserts that Redis and Postgres give the same."""
    await number_changes(app_state.pool)
    while await follow_change_log(app_state.pool, app_state.redis):
        pass
    async with app_state.pool.acquire() as conn:
        epoch = (await boards.get_log_head(conn)).epoch
    assert await redis_store.top(app_state.redis, board_of(int(campaign)), epoch=epoch, limit=10) is not None
    from_redis, from_postgres = [
        await get_leaderboard(
            Leaderboards(app_state.pool, app_state.redis, FinalLeaderboards(app_state.pool), read_epoch),
            int(campaign),
            limit=10,
        )
        for read_epoch in (lambda: epoch, lambda: None)
    ]
    assert from_redis.entries == from_postgres.entries
    assert from_redis.basis == from_postgres.basis
    return from_redis
