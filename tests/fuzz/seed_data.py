"""Something to ask about: people in every role, posts, comments, a campaign, a case, each known by its id."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx

from feed.auth.tokens import issue_token
from feed.commands.supervisor import RunningInstallation
from feed.keys.store import open_keys
from tests.support.waiting import HANG_SECONDS

ROLES: dict[str, tuple[str, ...]] = {
    "user": (),
    "reviewer": ("reviewer",),
    "editor": ("editor",),
    "admin": ("admin", "editor", "reviewer"),
}
# One address asks as often as a city: limits have tests of their own.
ENVIRON = {"FEED_LIMITS": "off"}


class Known(NamedTuple):
    """Tokens by role, and for every kind of path parameter some ids that mean something."""

    tokens: dict[str, str]
    ids: dict[str, list[str]]


async def make(place: RunningInstallation, round_: int) -> Known:
    """Fresh people and subjects: those of the round before have deleted their posts and blocked each other."""
    keys = open_keys(place.settings.keys_dir, create=False)
    tokens = {
        name: issue_token(
            keys.token_key, sub=f"fuzz:{round_}:{name}", name=name, roles=roles, phone=f"+86138{round_:04}{place_:04}"
        )
        for place_, (name, roles) in enumerate(ROLES.items())
    }
    async with httpx.AsyncClient(base_url=f"{place.base_url}/v1", trust_env=False, timeout=HANG_SECONDS) as client:

        async def ask(who: str, method: str, path: str, body: Any = None) -> Any:
            answer = await client.request(method, path, json=body, headers={"authorization": f"Bearer {tokens[who]}"})
            answer.raise_for_status()
            return answer.json() if answer.content else None

        users = [(await ask(who, "GET", "/me"))["id"] for who in ROLES]
        posts = [(await ask("user", "POST", "/posts", {"text": f"第 {n} 篇 #读书#"}))["id"] for n in range(6)]
        comments = [(await ask("admin", "POST", f"/posts/{post}/comments", {"text": "好书"}))["id"] for post in posts]
        campaigns = [(await ask("editor", "POST", "/admin/campaigns", _campaign()))["id"] for _ in range(2)]
        await ask("editor", "POST", f"/admin/campaigns/{campaigns[0]}/publish")
        entry = (await ask("user", "POST", "/posts", {"text": "参加 #读书月#"}))["id"]
        cases = [case["id"] for case in (await ask("reviewer", "GET", "/moderation/cases"))["items"]]
    ids = {
        "post_id": [*posts, entry],
        "comment_id": comments,
        "user_id": users,
        "campaign_id": campaigns,
        "case_id": cases,
        "name": ["读书", "读书月"],
    }
    return Known(tokens, ids)


def _campaign() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "title": "读书月",
        "topic": "读书月",
        "body": "分享你的读书瞬间",
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=7)).isoformat(),
        "method": "ranked",
        "winner_count": 3,
        "reserve_count": 2,
        "prizes": [{"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": "59.90"}],
        "weights": {"quality": "0.5", "likes": "0.3", "comments": "0.2"},
        "claim_days": 7,
        "organiser": "读特客户端",
        "contact": "0755-12345678",
    }
