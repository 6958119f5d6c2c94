"""One-tap protection: strangers neither comment on what a person has written nor reply to it; all others do as before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join, Person


async def publish(person: Person, text: str = "一条动态") -> str:
    return str((await person("POST", "/posts", {"text": text})).json()["id"])


async def comment(person: Person, post_id: str, text: str = "你好", **more: Any) -> httpx.Response:
    return await person("POST", f"/posts/{post_id}/comments", {"text": text, **more})


async def protect(person: Person) -> None:
    assert (await person("PUT", "/me/protection", {})).status_code == 200


async def may_comment(person: Person, post_id: str) -> bool:
    """What the card says, which has to be what the operation does."""
    said = (await person("GET", f"/posts/{post_id}")).json()["viewer"]["can_comment"]
    listed = [each for each in (await person("GET", "/feeds/latest")).json()["items"] if each["id"] == post_id]
    assert [each["viewer"]["can_comment"] for each in listed] == [said]
    answer = await comment(person, post_id)
    assert (
        answer.status_code == 201 if said else (answer.status_code, answer.json()["code"]) == (403, "comments_limited")
    )
    return bool(said)


async def test_a_stranger_can_neither_comment_nor_reply(join: Join) -> None:
    owner, stranger, third = join("受护"), join("生人"), join("旁人")
    own, other = await publish(owner), await publish(third)
    theirs = (await comment(owner, other)).json()["id"]
    await protect(owner)
    assert not await may_comment(stranger, own)
    replied = await comment(stranger, other, reply_to_id=theirs)
    assert (replied.status_code, replied.json()["code"]) == (403, "comments_limited")
    # Nothing says until when, or who is no stranger.
    assert "until" not in replied.text
    # Elsewhere strangers comment as before.
    assert (await comment(stranger, other)).status_code == 201
    # And the person itself everywhere.
    assert await may_comment(owner, own)


@pytest.mark.parametrize("act", ["liked the post", "liked the comment", "commented", "replied"])
async def test_with_whom_the_person_has_had_to_do_is_no_stranger(join: Join, act: str) -> None:
    owner, known, third = join("受护"), join("熟人"), join("旁人")
    own, theirs, other = await publish(owner), await publish(known), await publish(third)
    answered = (await comment(known, other)).json()["id"]
    await protect(owner)
    assert not await may_comment(known, own)
    if act == "liked the post":
        await owner("PUT", f"/posts/{theirs}/like")
    elif act == "liked the comment":
        await owner("PUT", f"/comments/{answered}/like")
    elif act == "commented":
        await comment(owner, theirs)
    else:
        await comment(owner, other, reply_to_id=answered)
    assert await may_comment(known, own)


async def test_what_a_stranger_has_done_makes_it_no_acquaintance(join: Join) -> None:
    owner, stranger = join("受护"), join("生人")
    own = await publish(owner)
    await stranger("PUT", f"/posts/{own}/like")
    await comment(stranger, own)
    await protect(owner)
    assert not await may_comment(stranger, own)


async def test_staff_are_no_strangers(join: Join) -> None:
    owner, reviewer = join("受护"), join("审读", roles=("reviewer",))
    own = await publish(owner)
    await protect(owner)
    assert await may_comment(reviewer, own)


async def test_it_holds_for_all_accounts_of_both_persons(join: Join, app_state: AppState) -> None:
    phone, other_phone = "+8613900000001", "+8613900000002"
    one, two = join("甲", phone=phone), join("乙", phone=phone)
    known, second = join("丙", phone=other_phone), join("丁", phone=other_phone)
    stranger = join("生人")
    posts = [await publish(one), await publish(two)]
    theirs = await publish(known)
    await one("PUT", f"/posts/{theirs}/like")
    await protect(two)
    # An account that becomes the person's later is protected too.
    three = join("戊", phone=phone)
    posts.append(await publish(three))
    for post_id in posts:
        assert not await may_comment(stranger, post_id)
        assert await may_comment(known, post_id)
        assert await may_comment(second, post_id)
        assert await may_comment(one, post_id)
    assert (await one("DELETE", "/me/protection")).status_code == 204
    app_state.pages.invalidate(None)
    for post_id in posts:
        assert await may_comment(stranger, post_id)


async def test_it_lapses_by_itself(join: Join, app_state: AppState) -> None:
    owner, stranger = join("受护"), join("生人")
    own = await publish(owner)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = await owner("PUT", "/me/protection", {"until": until})
    assert datetime.fromisoformat(answer.json()["until"]) == datetime.fromisoformat(until)
    assert (await owner("GET", "/me/settings")).json()["protected_until"] == answer.json()["until"]
    assert not await may_comment(stranger, own)
    await app_state.pool.execute(
        "UPDATE accounts SET protected_until = now() - interval '1 second' WHERE protected_until > now()"
    )
    app_state.pages.invalidate(None)
    assert await may_comment(stranger, own)
    assert (await owner("GET", "/me/settings")).json()["protected_until"] is None


@pytest.mark.parametrize("days", [-1, 91])
async def test_its_end_is_in_the_future_and_near(join: Join, days: int) -> None:
    until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    answer = await join("受护")("PUT", "/me/protection", {"until": until})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "out_of_days")


async def test_blocks_and_closed_comments_say_what_they_said(join: Join) -> None:
    owner, stranger, blocked = join("受护"), join("生人"), join("拉黑的")
    own = await publish(owner)
    await protect(owner)
    ids = (await blocked("GET", "/me")).json()["id"]
    await owner("PUT", f"/users/{ids}/block")
    assert (await comment(blocked, own)).json()["code"] == "post_not_found"
    await owner("PATCH", f"/posts/{own}", {"comment_policy": "nobody"})
    assert (await comment(stranger, own)).json()["code"] == "comments_closed"


async def test_it_ends_twice(join: Join) -> None:
    owner = join("受护")
    for _ in range(2):
        assert (await owner("DELETE", "/me/protection")).status_code == 204
