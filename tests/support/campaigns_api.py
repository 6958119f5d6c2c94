"""Campaigns through the API: drafted, published, entered, closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from feed.api.state import AppState
from tests.support.api import Person

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
