"""Children below 14: no location, no region, no name in public rankings and lists of winners."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from feed.accounts.model import CHILD_NAME
from feed.api.state import AppState
from feed.auth.tokens import issue_token
from feed.geoip.files import open_regions
from feed.keys.store import Keys
from tests.support import phases
from tests.support.api import Join, Person
from tests.support.app import app_over
from tests.support.campaigns_api import post as enter
from tests.support.campaigns_api import publish

PLACE = {"name": "莲花山", "lat": 22.55, "lng": 114.05}
ADDRESS = "203.0.113.9"


@pytest.fixture
def app_state(app_state: AppState, tmp_path: Path) -> AppState:
    (tmp_path / "regions.csv").write_text("203.0.113.0/24,广东\n", "utf-8")
    return msgspec.structs.replace(app_state, regions=open_regions(str(tmp_path / "regions.csv")))


def user(app_state: AppState, keys: Keys, name: str, band: str) -> Person:
    """A user whose token says the band, at an address of a known region."""
    transport = httpx.ASGITransport(app=app_over(app_state), client=(ADDRESS, 1))  # type: ignore[arg-type]
    client = httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1")
    phone = f"+8613955{sum(map(ord, name)):06d}"
    return Person(client, issue_token(keys.token_key, sub=f"test:{name}", name=name, phone=phone, age_band=band))


@pytest.mark.parametrize(
    ("band", "stored"),
    [
        ("under_14", "under_14"),
        ("14_17", "14_17"),
        ("adult", "adult"),
        ("", None),
        ("13", None),
        ("UNDER_14", None),
    ],
)
async def test_where_a_child_writes_is_neither_stored_nor_shown(
    app_state: AppState, keys: Keys, band: str, stored: str | None
) -> None:
    author, other = user(app_state, keys, "小明", band), user(app_state, keys, "小红", "adult")
    assert (await author("GET", "/me/settings")).json()["age_band"] == stored
    post = (await author("POST", "/posts", {"text": "读书", "location": PLACE})).json()
    path = f"/posts/{post['id']}"
    comment = (await author("POST", f"{path}/comments", {"text": "好"})).json()
    seen = (await other("GET", path)).json()
    listed = (await other("GET", f"{path}/comments")).json()["items"][0]
    profile = (await other("GET", f"/users/{post['author']['id']}")).json()
    regions = [
        each["ip_region"] for each in (post, seen, comment, listed, profile, (await author("GET", "/me")).json())
    ]
    child = stored == "under_14"
    assert regions == [None if child else "广东"] * 6
    assert [each["location"] for each in (post, seen)] == ([None, None] if child else [PLACE, PLACE])
    kept: Any = await app_state.pool.fetchrow("SELECT location, ip_region FROM posts WHERE id = $1", int(post["id"]))
    assert (kept["location"] is None, kept["ip_region"] is None) == (child, child)
    assert (await app_state.pool.fetchval("SELECT ip_region FROM comments")) == (None if child else "广东")


async def test_what_was_written_before_the_age_was_known_is_hidden_too(app_state: AppState, keys: Keys) -> None:
    author, other = user(app_state, keys, "小明", ""), user(app_state, keys, "小红", "adult")
    post = (await author("POST", "/posts", {"text": "读书", "location": PLACE})).json()
    comment = (await author("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()
    assert (post["ip_region"], comment["ip_region"]) == ("广东", "广东")
    assert (await user(app_state, keys, "小明", "under_14")("GET", "/me/settings")).json()["age_band"] == "under_14"
    app_state.invalidate_posts([int(post["id"])])
    seen = (await other("GET", f"/posts/{post['id']}")).json()
    (listed,) = (await other("GET", f"/posts/{post['id']}/comments")).json()["items"]
    assert (seen["ip_region"], seen["location"], listed["ip_region"]) == (None, None, None)
    # A later token that says nothing changes nothing.
    assert (await author("GET", "/me/settings")).json()["age_band"] == "under_14"


async def test_an_account_says_its_age_unless_the_app_does(app_state: AppState, join: Join) -> None:
    author = join("小明")
    assert (await author("PATCH", "/me/settings", {"age_band": "14_17"})).json()["age_band"] == "14_17"
    assert (await author("PATCH", "/me/settings", {"age_band": "under_14"})).json()["age_band"] == "under_14"
    await app_state.pool.execute("UPDATE accounts SET age_band_by_app = true")
    refused = await author("PATCH", "/me/settings", {"age_band": "adult"})
    assert (refused.status_code, refused.json()["code"]) == (409, "age_band_by_app")
    assert (await author("PATCH", "/me/settings", {"age_band": "under_14"})).status_code == 200


async def test_a_child_has_no_name_on_a_leaderboard(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await publish(join("编辑", roles=("editor",)))
    child, adult = user(app_state, keys, "朵朵", "under_14"), user(app_state, keys, "老王", "adult")
    entries = {await enter(child): CHILD_NAME, await enter(adult): "老王"}
    for viewer in (child, adult):
        items = (await viewer("GET", f"/campaigns/{campaign}/leaderboard")).json()["items"]
        assert {each["post"]["id"]: each["post"]["author"]["name"] for each in items} == entries
    # Elsewhere the name that the child has chosen stands beside the post.
    (post,) = (key for key, name in entries.items() if name == CHILD_NAME)
    assert (await adult("GET", f"/posts/{post}")).json()["author"]["name"] == "朵朵"


async def test_a_child_has_no_name_among_the_winners(app_state: AppState, keys: Keys, join: Join) -> None:
    pool = app_state.pool
    campaign = await phases.announced(pool, keys)
    await pool.execute("UPDATE accounts SET name = '朵朵', age_band = 'under_14'")
    anyone = join("路人")
    listed = (await anyone("GET", f"/campaigns/{campaign.id}/winners")).json()["items"]
    people = (await anyone("GET", f"/campaigns/{campaign.id}/result")).json()["people"]
    assert listed
    assert {each["name_masked"][:1] for each in listed} == {CHILD_NAME[:1]}
    assert {name[:1] for name in people.values()} == {CHILD_NAME[:1]}
    assert "朵" not in (await anyone("GET", f"/campaigns/{campaign.id}/leaderboard")).text
