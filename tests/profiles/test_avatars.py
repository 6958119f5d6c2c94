"""Avatars: whose photo may be one, where its address is, and what becomes of the former one."""

import re
from pathlib import Path
from typing import Any

import pytest

import feed
from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.erasure.actions import request_deletion, take_back_deletion
from feed.media import store as media_store
from feed.media.processing import name_of
from feed.moderation.takedowns.actions import take_down
from feed.moderation.takedowns.model import Target
from feed.screens.media.readers import find_file
from tests.support.api import Join, Person
from tests.support.make_media import medium
from tests.support.takedowns import spread

BASE = "http://127.0.0.1:8080/media"


async def cases_of(reviewer: Person, kind: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await reviewer("GET", f"/moderation/cases?kind={kind}")).json()["items"]
    return items


async def judge(reviewer: Person, case: dict[str, Any], verdict: str, **more: Any) -> tuple[int, Any]:
    body = {"verdict": verdict, "version": case["version"], **more}
    answer = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)
    return answer.status_code, answer.json()


async def avatar(person: Person) -> str | None:
    url: str | None = (await person("GET", "/me")).json()["avatar_url"]
    return url


async def photo(app_state: AppState, owner: int, **more: Any) -> tuple[int, str]:
    """Its id, and its address as an avatar."""
    media_id = await medium(app_state.pool, owner, **more)
    key = await app_state.pool.fetchval("SELECT key FROM media WHERE id = $1", media_id)
    return media_id, f"{BASE}/{key}/list.webp"


async def wear(person: Person, media_id: int | None) -> tuple[int, Any]:
    answer = await person("PATCH", "/me", {"avatar_media_id": None if media_id is None else str(media_id)})
    return answer.status_code, answer.json()


async def is_public(app_state: AppState, url: str) -> bool:
    key, file = url.split("/")[-2:]
    async with app_state.pool.acquire() as conn:
        found = await find_file(conn, key, file)
    return found is not None and found.is_public


async def id_of(person: Person) -> int:
    return int((await person("GET", "/me")).json()["id"])


async def test_a_photo_becomes_the_avatar_everywhere_and_null_removes_it(join: Join, app_state: AppState) -> None:
    author, reader = join("小明"), join("小红")
    owner = await id_of(author)
    media_id, url = await photo(app_state, owner)
    assert not await is_public(app_state, url)
    assert (await wear(author, media_id))[1]["avatar_url"] == url
    assert await is_public(app_state, url)
    post = (await author("POST", "/posts", {"text": "你好"})).json()
    await author("POST", f"/posts/{post['id']}/comments", {"text": "自己评论"})
    await author("PUT", f"/posts/{post['id']}/like")
    for path in (f"/users/{owner}", f"/posts/{post['id']}", "/feeds/latest", f"/posts/{post['id']}/comments"):
        assert f'"{url}"' in (await reader("GET", path)).text, path
    status, me = await wear(author, None)
    assert (status, me["avatar_url"]) == (200, None)
    assert not await is_public(app_state, url)
    removed = await app_state.pool.fetchval("SELECT removed_for FROM media WHERE id = $1", media_id)
    assert removed == "replaced"


async def test_a_photo_of_a_later_attempt_becomes_the_avatar_under_its_own_name(
    join: Join, app_state: AppState
) -> None:
    """A restart of the worker in the middle is enough for such a name."""
    author = join("小明")
    media_id, url = await photo(app_state, await id_of(author))
    await app_state.pool.execute(
        "UPDATE media SET renditions = replace(renditions::text, '.webp', '-2.webp')::jsonb WHERE id = $1", media_id
    )
    later = url.replace("list.webp", name_of("list.webp", 2))
    assert (await wear(author, media_id))[1]["avatar_url"] == later
    assert await is_public(app_state, later)


async def test_copies_of_the_avatar_of_who_leaves_or_is_taken_down_are_purged(join: Join, app_state: AppState) -> None:
    author, second = join("小明", phone="+8613900000001"), join("小号", phone="+8613900000001")
    ids = [await id_of(each) for each in (author, second)]
    photos = [await photo(app_state, owner) for owner in ids]
    for person, (media_id, _) in zip((author, second), photos, strict=True):
        await wear(person, media_id)

    async def purges() -> list[tuple[int, str]]:
        rows = await app_state.pool.fetch("DELETE FROM media_purges RETURNING media_id, reason")
        return sorted((row["media_id"], row["reason"]) for row in rows)

    assert await purges() == []
    await request_deletion(app_state.pool, AccountId(ids[0]), days=7)
    assert await purges() == [(photos[0][0], "hidden")]
    await request_deletion(app_state.pool, AccountId(ids[0]), days=7)
    await take_back_deletion(app_state.pool, AccountId(ids[0]))
    assert await purges() == []
    assert await is_public(app_state, photos[0][1])
    reviewer = await id_of(join("审", roles=("reviewer",)))
    await take_down(app_state.pool, AccountId(reviewer), Target("user", str(ids[1])), "fraud")
    assert await purges() == sorted((media_id, "taken_down") for media_id, _ in photos)
    for _, url in photos:
        assert not await is_public(app_state, url)
    # The job looks again and again.
    await spread(app_state.pool)
    assert await purges() == []


async def test_avatars_follow_a_new_base_of_addresses(join: Join, app_state: AppState) -> None:
    author = join("小明")
    media_id, url = await photo(app_state, await id_of(author))
    await wear(author, media_id)
    async with app_state.pool.acquire() as conn:
        await media_store.record_base(conn, "https://cdn.example.cn/m")
    assert await avatar(author) == url.replace(BASE, "https://cdn.example.cn/m")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"state": "processing"}, "media_not_ready"),
        ({"state": "failed"}, "media_not_ready"),
        ({"used_as": "cover"}, "media_in_use"),
    ],
)
async def test_only_a_ready_photo_that_nothing_uses_is_taken(
    join: Join, app_state: AppState, made: dict[str, Any], code: str
) -> None:
    author = join("小明")
    media_id, _ = await photo(app_state, await id_of(author), **made)
    status, problem = await wear(author, media_id)
    assert (status, problem["code"]) == (409, code)
    assert await avatar(author) is None


async def test_videos_and_photos_of_others_are_refused_as_those_that_do_not_exist(
    join: Join, app_state: AppState
) -> None:
    author, other = join("小明"), join("小红")
    theirs, _ = await photo(app_state, await id_of(other))
    video, _ = await photo(app_state, await id_of(author), kind="video")
    for media_id, code in ((theirs, "not_found"), (1, "not_found"), (video, "not_image")):
        status, problem = await wear(author, media_id)
        assert status == 422
        assert [(each["field"], each["code"]) for each in problem["errors"]] == [("avatar_media_id", code)]


async def test_a_rejected_avatar_gives_way_to_the_former_one_whose_copies_return(
    join: Join, app_state: AppState
) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    owner = await id_of(author)
    former, former_url = await photo(app_state, owner)
    await wear(author, former)
    (case,) = await cases_of(reviewer, "avatar")
    assert (await judge(reviewer, case, "approve"))[0] == 200
    new, new_url = await photo(app_state, owner)
    await wear(author, new)
    assert (await is_public(app_state, former_url), await is_public(app_state, new_url)) == (False, True)
    (case,) = await cases_of(reviewer, "avatar")
    status, judged = await judge(reviewer, case, "reject", reason_code="porn")
    assert status == 200, judged
    assert await avatar(author) == former_url
    assert (await is_public(app_state, former_url), await is_public(app_state, new_url)) == (True, False)
    purged = await app_state.pool.fetch("SELECT media_id FROM media_purges")
    assert {row["media_id"] for row in purged} >= {new}
    # The verdict can be undone, and so the rejected one is kept for reviewers.
    assert (await judge(reviewer, judged, "restore", reason_code="mistaken"))[0] == 200
    assert await avatar(author) == new_url


async def test_an_approved_avatar_ends_the_former_one(join: Join, app_state: AppState) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    owner = await id_of(author)
    first, first_url = await photo(app_state, owner)
    second, second_url = await photo(app_state, owner)
    await wear(author, first)
    (case,) = await cases_of(reviewer, "avatar")
    assert (await judge(reviewer, case, "approve"))[0] == 200
    await wear(author, second)
    removed = "SELECT removed_for FROM media WHERE id = $1"
    assert await app_state.pool.fetchval(removed, first) is None
    (case,) = await cases_of(reviewer, "avatar")
    assert (await judge(reviewer, case, "approve"))[0] == 200
    assert await app_state.pool.fetchval(removed, first) == "replaced"
    assert await avatar(author) == second_url
    assert not await is_public(app_state, first_url)


def test_every_screen_makes_the_address_of_an_avatar() -> None:
    """The column has a path: a screen that reads it without `avatar_address` would show that."""
    for file in sorted((Path(feed.__file__).parent / "screens").rglob("*.py")):
        for line in file.read_text("utf-8").splitlines():
            for found in re.finditer(r"(?:accounts|imposing|lifting|departures)\.avatar_url", line):
                behind = line[: found.start()]
                assert behind.endswith(("avatar_address(", "starts_with(")), f"{file.name}: {line.strip()}"
