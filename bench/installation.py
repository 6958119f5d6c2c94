"""The installation under test: seeded, with an open campaign and tokens of users."""

import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from bench.load import Load, load_of
from bench.photos import add_photos
from bench.presence import ITEMS, NothingToMeasure, Presence, until_pages
from feed.accounts import web_sessions
from feed.accounts.known_device import SignInClient
from feed.accounts.model import AccountId
from feed.auth.tokens import issue_token
from feed.commands.bench import progress, seed_installation
from feed.commands.supervisor import RunningInstallation, run_installation
from feed.keys.store import Keys, open_keys
from feed.postgres import Pool, open_pool
from feed.seeding.model import SUBJECT, Sizes
from feed.seeding.texts import topic_name

# Rate limits are counted as usual but never reached.
ENVIRON = {"FEED_LIMITS_SCALE": "100000"}
_TOKEN_SECONDS = 86_400
# The same number of entries in each installation, so that leaderboards are comparable.
_ENTRIES = 300
# Likes and comments go to the newest posts, as in production.
_POSTS = 2_000
_BROWSERS = 500
# The newest posts are opened most.
_OPENED_POSTS = 200
# Its newest posts have nine photos each.
_PHOTO_TOPIC = 1


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """The installation with the tokens, posts and pages that the load uses."""

    place: RunningInstallation
    sizes: Sizes
    tokens: list[str]
    post_ids: list[int]
    pages: dict[str, Load]
    # The first page for people, and that of a post, not signed in and signed in.
    html: dict[str, Load]
    body_bytes: dict[str, int]
    presence: Presence


@asynccontextmanager
async def scene(data: Path, sizes: Sizes, *, tokens: int, workers: int = 1) -> AsyncIterator[Scene]:
    """Runs the installation on `data`, seeds it if it is empty, and waits for its pages. Raises NothingToMeasure."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FEED_")} | ENVIRON
    async with run_installation(data, port=0, workers=workers, environ=environ) as place:
        pool = await open_pool(place.settings.database_url, size=2, statement_seconds=600)
        try:
            if not await pool.fetchval("SELECT EXISTS (SELECT FROM posts)"):
                with progress(sizes.rows, sys.stderr) as advance:
                    await seed_installation(place.settings, sizes, advance)
            keys = open_keys(place.settings.keys_dir, create=False)
            await add_photos(pool, topic_name(_PHOTO_TOPIC), posts=ITEMS)
            campaign_id = await _campaign(pool, keys, place.base_url)
            rows = await pool.fetch("SELECT id FROM posts ORDER BY published_at DESC LIMIT $1", _POSTS)
            held = [issue_token(keys.token_key, sub=f"{SUBJECT}{n}", seconds=_TOKEN_SECONDS) for n in range(tokens)]
            paths = page_paths(campaign_id)
            lengths = await until_pages(place.base_url, paths, held[0])
            if lengths["photos"] < 2 * lengths["topic"]:
                raise NothingToMeasure("the page of photos has none")
            post_ids = [row["id"] for row in rows]
            browsers = await open_browsers(pool)
            html = html_loads(browsers, post_ids)
            html_bytes = await html_lengths(place.base_url, browsers[0], post_ids[0])
            yield Scene(
                place=place,
                sizes=sizes,
                tokens=held,
                post_ids=post_ids,
                pages={name: load_of("GET", path, tokens=held) for name, path in paths.items()},
                html=html,
                body_bytes=lengths | html_bytes,
                presence=Presence(
                    place.base_url, pool, paths=paths, token=held[0], browser=browsers[0], post_ids=post_ids
                ),
            )
        finally:
            await pool.close()


async def open_browsers(pool: Pool) -> list[str]:
    """The secrets of sessions of _BROWSERS accounts."""
    accounts = await pool.fetch("SELECT id FROM accounts ORDER BY id DESC LIMIT $1", _BROWSERS)
    secrets = []
    for row in accounts:
        ticket = await web_sessions.issue_ticket(pool, AccountId(row["id"]), "/")
        secrets.append((await web_sessions.exchange_ticket(pool, ticket, SignInClient()))[0])
    return secrets


def html_loads(browsers: Sequence[str], post_ids: Sequence[int]) -> dict[str, Load]:
    """The loads of pages for people."""
    some = post_ids[:_OPENED_POSTS]
    return {
        "html": load_of("GET", "/"),
        "html_own": load_of("GET", "/", cookies=browsers),
        "html_post": load_of("GET", "/posts/{post}", posts=some),
        "html_post_own": load_of("GET", "/posts/{post}", posts=some, cookies=browsers),
    }


async def html_lengths(base_url: str, browser: str, post_id: int) -> dict[str, int]:
    """The lengths of these pages. Raises NothingToMeasure."""
    found = {}
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=60) as client:
        for key, path in (("html", "/"), ("html_post", f"/posts/{post_id}")):
            found[key] = len((await client.get(path)).raise_for_status().content)
            own = (await client.get(path, headers={"cookie": f"feed_session={browser}"})).raise_for_status()
            if b'href="/me"' not in own.content:
                raise NothingToMeasure("the browser is not signed in")
            found[f"{key}_own"] = len(own.content)
    return found


def page_paths(campaign_id: int) -> dict[str, str]:
    """The paths of the measured pages of 20 items."""
    return {
        "latest": "/v1/feeds/latest",
        "hot": "/v1/feeds/hot",
        "topic": f"/v1/topics/{quote(topic_name(0))}/posts",
        "photos": f"/v1/topics/{quote(topic_name(_PHOTO_TOPIC))}/posts",
        "leaderboard": f"/v1/campaigns/{campaign_id}/leaderboard",
    }


async def _campaign(pool: Pool, keys: Keys, base_url: str) -> int:
    """The id of an open campaign, published through the API if there is none. The newest posts of its topic are entries."""
    known: int | None = await pool.fetchval(
        "SELECT max(id) FROM campaigns WHERE state = 'scheduled' AND ends_at > now()"
    )
    if known is not None:
        return known
    since: datetime = await pool.fetchval(
        """
        SELECT min(published_at) FROM (
            SELECT published_at FROM topic_posts JOIN topics ON topics.id = topic_posts.topic_id
            WHERE topics.name = $1 ORDER BY published_at DESC LIMIT $2
        ) AS newest
        """,
        topic_name(0),
        _ENTRIES,
    )
    terms = {
        "title": topic_name(0),
        "topic": topic_name(0),
        "body": "分享你的一个读书瞬间。",
        "starts_at": _wire(since - timedelta(milliseconds=1)),
        "ends_at": _wire(datetime.now(since.tzinfo) + timedelta(days=7)),
        "method": "ranked",
        "winner_count": 3,
        "reserve_count": 2,
        "prizes": [{"name": "有你“圳”好深圳盒子", "kind": "goods", "per_winner": 1, "value_cny": "199"}],
        "weights": {"quality": "0.5", "likes": "0.3", "comments": "0.2"},
        "caps": {"likes": 1000, "comments": 200},
        "tie_break": ["quality", "likes", "comments", "earliest"],
        "claim_days": 7,
        "unclaimed": "next_reserve",
        "objection_days": 3,
        "organiser": "读特客户端",
        "contact": "0755-12345678",
        "board": "public",
    }
    editor = issue_token(keys.token_key, sub="bench-editor", name="编辑", roles=("editor",), seconds=600)
    headers = {"authorization": f"Bearer {editor}"}
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, headers=headers, timeout=60) as client:
        campaign = _done(await client.post("/v1/admin/campaigns", json=terms))
        _done(await client.post(f"/v1/admin/campaigns/{campaign['id']}/publish"))
    return int(campaign["id"])


def _done(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.url} answers {answer.status_code}: {answer.text[:500]}")
    return json.loads(answer.content) if answer.content else None


def _wire(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
