"""Covers of campaigns and pictures of prizes: which photos they may be, who sees them, and what becomes of the former ones."""

import asyncio
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from feed.media.removal import expire_unused
from feed.screens.media.readers import find_file
from tests.support import make, make_media
from tests.support.api import Join, Person
from tests.support.campaigns_api import publish, terms
from tests.support.statements import count_statements, record_statements

BASE = "http://127.0.0.1:8080/media"
PRIZE = {"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": "59.9"}


async def id_of(person: Person) -> int:
    return int((await person("GET", "/me")).json()["id"])


async def photo(app_state: AppState, owner: int, **more: Any) -> str:
    return str(await make_media.medium(app_state.pool, owner, **more))


async def rows(app_state: AppState) -> dict[str, tuple[str | None, str | None, str | None]]:
    """How each medium is used, by which campaign, and why it was removed."""
    found = await app_state.pool.fetch("SELECT id::text, used_as, campaign_id::text, removed_for FROM media")
    return {row["id"]: (row["used_as"], row["campaign_id"], row["removed_for"]) for row in found}


async def is_public(app_state: AppState, media_id: str) -> bool:
    key = await app_state.pool.fetchval("SELECT key FROM media WHERE id = $1", int(media_id))
    async with app_state.pool.acquire() as conn:
        found = await find_file(conn, key, "list.webp")
    return found is not None and found.is_public


async def create(editor: Person, **fields: Any) -> tuple[int, Any]:
    answer = await editor("POST", "/admin/campaigns", terms(**fields))
    return answer.status_code, answer.json()


async def change(editor: Person, campaign: str, **fields: Any) -> tuple[int, Any]:
    answer = await editor("PATCH", f"/admin/campaigns/{campaign}", fields)
    return answer.status_code, answer.json()


def wrong(answer: tuple[int, Any]) -> tuple[int, str, list[tuple[str, str]]]:
    status, body = answer
    return status, body["code"], [(each["field"], each["code"]) for each in body["errors"]]


def prize(image: str | None, **more: Any) -> dict[str, Any]:
    return PRIZE | {"image_media_id": image} | more


async def test_a_picture_of_a_campaign_is_described_no_more_by_who_has_uploaded_it(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    """Not even before the publication: what a campaign shows changes by saving it, with the right to and a record."""
    editor = join("编辑", roles=("editor",))
    owner = await id_of(editor)
    cover, image, unused = [await photo(app_state, owner, alt="书架") for _ in range(3)]
    _, draft = await create(editor, cover_media_id=cover, prizes=[prize(image)])

    async def describe(media_id: str) -> tuple[int, Any]:
        answer = await editor("PATCH", f"/media/{media_id}", {"alt": "另一段"})
        return answer.status_code, answer.json().get("code")

    assert [await describe(each) for each in (cover, image)] == [(409, "media_in_use")] * 2
    await editor("POST", f"/admin/campaigns/{draft['id']}/publish")
    await app_state.pool.execute("UPDATE staff_rights SET revoked_at = now() WHERE account_id = $1", owner)
    assert [await describe(each) for each in (cover, image)] == [(409, "media_in_use")] * 2
    shown = (await client.get(f"/campaigns/{draft['id']}")).json()
    assert shown["cover"]["alt"] == "书架"
    assert (await describe(unused))[0] == 200


async def test_pictures_are_for_editors_until_the_campaign_is_published(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    editor = join("编辑", roles=("editor",))
    owner = await id_of(editor)
    cover, image = await photo(app_state, owner, alt="书架"), await photo(app_state, owner)
    status, draft = await create(editor, cover_media_id=cover, prizes=[prize(image)])
    assert (status, draft["cover"]["id"], draft["prizes"][0]["image"]["id"]) == (201, cover, image)
    assert draft["cover"]["alt"] == "书架"
    assert "?until=" in draft["cover"]["thumb_url"]
    id_ = draft["id"]
    assert await rows(app_state) == {cover: ("cover", id_, None), image: ("prize", id_, None)}
    assert not await is_public(app_state, cover)

    published = (await editor("POST", f"/admin/campaigns/{id_}/publish")).json()
    assert published["cover"]["thumb_url"].startswith(f"{BASE}/")
    assert "?" not in published["cover"]["thumb_url"]
    assert await is_public(app_state, cover)
    assert await is_public(app_state, image)
    for card in ((await client.get(f"/campaigns/{id_}")).json(), (await client.get("/campaigns")).json()["items"][0]):
        assert card["cover"] == published["cover"]
        assert card["prizes"][0]["image"] == published["prizes"][0]["image"]
        assert (card["cover_media_id"], card["prizes"][0]["image_media_id"]) == (cover, image)
    # The document that is hashed and signed has the ids, and no addresses.
    rules = (await client.get(f"/campaigns/{id_}/rules")).json()["rules"]
    assert rules["cover_media_id"] == cover
    assert "cover" not in rules
    assert sorted(rules["prizes"][0]) == sorted(card["prizes"][0].keys() - {"image"})


async def test_an_editor_may_take_the_photo_of_another_one_and_of_nobody_else(join: Join, app_state: AppState) -> None:
    editor, colleague, reviewer = (
        join("编辑", roles=("editor",)),
        join("同事", roles=("admin",)),
        join("审核", roles=("reviewer",)),
    )
    author = join("小明")
    theirs = await photo(app_state, await id_of(colleague))
    assert (await create(editor, cover_media_id=theirs))[0] == 201
    for person in (author, reviewer):
        private = await photo(app_state, await id_of(person))
        assert wrong(await create(editor, cover_media_id=private)) == (
            422,
            "invalid",
            [("cover_media_id", "not_found")],
        )
        assert (await rows(app_state))[private] == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "status", "code", "field_code"),
    [
        ("unknown", 422, "invalid", "not_found"),
        ("removed", 422, "invalid", "not_found"),
        ("video", 422, "invalid", "not_image"),
        ("processing", 409, "media_not_ready", "not_ready"),
        ("failed", 409, "media_not_ready", "not_ready"),
        ("in a post", 409, "media_in_use", "in_use"),
        ("an avatar", 409, "media_in_use", "in_use"),
        ("of another campaign", 409, "media_in_use", "in_use"),
    ],
)
async def test_what_is_no_free_and_ready_photo_is_refused_by_its_field(
    join: Join, app_state: AppState, kind: str, status: int, code: str, field_code: str
) -> None:
    editor = join("编辑", roles=("editor",))
    owner = await id_of(editor)
    match kind:
        case "unknown":
            media_id = "4711"
        case "removed":
            media_id = await photo(app_state, owner)
            assert (await editor("DELETE", f"/media/{media_id}")).status_code == 204
        case "video":
            media_id = await photo(app_state, owner, kind="video")
        case "processing" | "failed":
            media_id = await photo(app_state, owner, state=kind)
        case "in a post":
            media_id = await photo(app_state, owner, post_id=await make.post(app_state.pool, owner))
        case "an avatar":
            media_id = await photo(app_state, owner, used_as="avatar")
        case _:
            media_id = await photo(app_state, owner)
            assert (await create(editor, topic="音乐", cover_media_id=media_id))[0] == 201
    before = await rows(app_state)
    named = ("cover_media_id", "prizes[1].image_media_id")
    bodies: list[dict[str, Any]] = [{"cover_media_id": media_id}, {"prizes": [PRIZE, prize(media_id, name="书签")]}]
    draft, open_ = (await create(editor))[1]["id"], await publish(editor, topic="摄影")
    for field, body in zip(named, bodies, strict=True):
        expected = (status, code, [(field, field_code)])
        assert wrong(await create(editor, **body)) == expected
        assert wrong(await change(editor, draft, **body)) == expected
        assert wrong(await change(editor, open_, **body)) == expected
        proposal = await editor("PUT", f"/admin/campaigns/{open_}/proposal", body)
        assert wrong((proposal.status_code, proposal.json())) == expected
    assert await rows(app_state) == before


async def test_a_picture_is_named_once_in_a_draft_and_may_move_within_it(join: Join, app_state: AppState) -> None:
    editor = join("编辑", roles=("editor",))
    media_id = await photo(app_state, await id_of(editor))
    twice = await create(editor, cover_media_id=media_id, prizes=[prize(media_id)])
    assert wrong(twice) == (422, "invalid", [("prizes[0].image_media_id", "repeated")])
    two = await create(editor, prizes=[prize(media_id), prize(media_id, name="书签")])
    assert wrong(two) == (422, "invalid", [("prizes[1].image_media_id", "repeated")])
    _, draft = await create(editor, cover_media_id=media_id)
    status, moved = await change(editor, draft["id"], cover_media_id=None, prizes=[prize(media_id)])
    assert (status, moved["cover"], moved["prizes"][0]["image"]["id"]) == (200, None, media_id)
    assert (await rows(app_state))[media_id] == ("prize", draft["id"], None)
    again = await change(editor, draft["id"], cover_media_id=media_id)
    assert wrong(again) == (422, "invalid", [("prizes[0].image_media_id", "repeated")])


@pytest.mark.parametrize("is_published", [False, True])
async def test_a_replaced_picture_is_removed_and_one_that_stays_is_not(
    client: httpx.AsyncClient, join: Join, app_state: AppState, is_published: bool
) -> None:
    editor = join("编辑", roles=("editor",))
    owner = await id_of(editor)
    cover, image, other = [await photo(app_state, owner) for _ in range(3)]
    _, draft = await create(editor, cover_media_id=cover, prizes=[prize(image)])
    id_ = draft["id"]
    if is_published:
        assert (await editor("POST", f"/admin/campaigns/{id_}/publish")).status_code == 200
    # Other fields, and the same pictures again.
    assert (await change(editor, id_, title="读书季", cover_media_id=cover))[0] == 200
    assert [removed for _, _, removed in (await rows(app_state)).values()] == [None] * 3
    status, changed = await change(editor, id_, cover_media_id=other)
    assert (status, changed["cover"]["id"], changed["prizes"][0]["image"]["id"]) == (200, other, image)
    assert await rows(app_state) == {
        cover: ("cover", id_, "replaced"),
        other: ("cover", id_, None),
        image: ("prize", id_, None),
    }
    assert not await is_public(app_state, cover)
    assert await is_public(app_state, other) is is_published
    assert await app_state.pool.fetchval("SELECT array_agg(media_id) FROM media_purges") == [int(cover)]
    # It is removed for good.
    assert wrong(await change(editor, id_, cover_media_id=cover))[2] == [("cover_media_id", "not_found")]
    assert (await change(editor, id_, cover_media_id=None))[0] == 200
    assert (await rows(app_state))[other] == ("cover", id_, "replaced")


async def test_a_picture_of_a_draft_neither_expires_nor_is_deleted_or_posted(join: Join, app_state: AppState) -> None:
    editor = join("编辑", roles=("editor",))
    cover = await photo(app_state, await id_of(editor))
    _, draft = await create(editor, cover_media_id=cover)
    await app_state.pool.execute(
        "UPDATE media SET created_at = now() - interval '9 days', uploaded_at = now() - interval '9 days', ready_at = now() - interval '9 days'"
    )
    await expire_unused(app_state.pool)
    assert (await editor("DELETE", f"/media/{cover}")).json()["code"] == "media_in_use"
    assert (await editor("POST", "/posts", {"text": "", "media_ids": [cover]})).json()["code"] == "media_in_use"
    assert (await rows(app_state))[cover] == ("cover", draft["id"], None)


async def test_a_refused_change_attaches_and_removes_nothing(join: Join, app_state: AppState) -> None:
    editor = join("编辑", roles=("editor",))
    owner = await id_of(editor)
    cover, other = await photo(app_state, owner), await photo(app_state, owner)
    campaign = await publish(editor, cover_media_id=cover)
    answer = await change(editor, campaign, cover_media_id=other, winner_count=1)
    assert wrong(answer) == (409, "campaign_running", [("winner_count", "fixed_after_opening")])
    assert await rows(app_state) == {cover: ("cover", campaign, None), other: (None, None, None)}


async def test_a_copy_has_no_pictures(join: Join, app_state: AppState) -> None:
    editor = join("编辑", roles=("editor",))
    owner = await id_of(editor)
    cover, image = await photo(app_state, owner), await photo(app_state, owner)
    campaign = await publish(editor, cover_media_id=cover, prizes=[prize(image)])
    copy = (await editor("POST", f"/admin/campaigns/{campaign}/copy")).json()
    assert (copy["cover_media_id"], copy["cover"]) == (None, None)
    assert (copy["prizes"][0]["name"], copy["prizes"][0]["image_media_id"], copy["prizes"][0]["image"]) == (
        "好书",
        None,
        None,
    )
    assert await rows(app_state) == {cover: ("cover", campaign, None), image: ("prize", campaign, None)}


async def test_a_cancelled_campaign_keeps_its_pictures(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    editor, second = join("编辑", roles=("editor",)), join("主编", roles=("editor",))
    cover = await photo(app_state, await id_of(editor))
    campaign = await publish(editor, cover_media_id=cover)
    for person in (editor, second):
        await person("POST", f"/admin/campaigns/{campaign}/cancel", {"reason": "活动合并"})
    card = (await client.get(f"/campaigns/{campaign}")).json()
    assert (card["state"], card["cover"]["id"]) == ("cancelled", cover)
    assert await is_public(app_state, cover)


async def test_a_proposal_attaches_its_picture_with_the_change(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    editor = join("编辑", roles=("editor",))
    cover = await photo(app_state, await id_of(editor))
    campaign = await publish(editor)
    proposed = await editor("PUT", f"/admin/campaigns/{campaign}/proposal", {"cover_media_id": cover})
    assert proposed.status_code == 200
    assert (await rows(app_state))[cover] == (None, None, None)
    assert not await is_public(app_state, cover)
    assert (await change(editor, campaign, cover_media_id=cover))[0] == 200
    assert (await client.get(f"/campaigns/{campaign}")).json()["cover"]["id"] == cover


async def test_two_editors_at_once_give_a_photo_to_one_campaign(join: Join, app_state: AppState) -> None:
    editor, other = join("编辑", roles=("editor",)), join("同事", roles=("editor",))
    cover = await photo(app_state, await id_of(editor))
    answers = await asyncio.gather(*(create(each, cover_media_id=cover) for each in (editor, other) * 3))
    assert sorted(status for status, _ in answers) == [201] + [409] * 5
    (campaign,) = [body["id"] for status, body in answers if status == 201]
    assert (await rows(app_state))[cover] == ("cover", campaign, None)


async def test_two_editors_at_once_leave_one_cover(join: Join, app_state: AppState) -> None:
    editor, other = join("编辑", roles=("editor",)), join("同事", roles=("editor",))
    owner = await id_of(editor)
    covers = [await photo(app_state, owner) for _ in range(6)]
    id_ = (await create(editor))[1]["id"]
    answers = await asyncio.gather(
        *(change(each, id_, cover_media_id=cover) for each, cover in zip((editor, other) * 3, covers, strict=True))
    )
    assert [status for status, _ in answers] == [200] * 6
    card = (await editor("GET", f"/admin/campaigns/{id_}")).json()
    kept = [media_id for media_id, (_, _, removed) in (await rows(app_state)).items() if removed is None]
    assert kept == [card["cover_media_id"]] == [card["cover"]["id"]]


async def test_a_repeated_creation_attaches_once(join: Join, app_state: AppState) -> None:
    editor = join("编辑", roles=("editor",))
    cover = await photo(app_state, await id_of(editor))
    headers = {"Idempotency-Key": "draft-1"}
    body = terms(cover_media_id=cover)
    first, again = [await editor("POST", "/admin/campaigns", body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["cover"]["id"] == cover


async def test_ids_that_an_earlier_version_stored_show_nothing_and_are_checked_by_publishing(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    editor, author = join("编辑", roles=("editor",)), join("小明")
    private = await photo(app_state, await id_of(author))
    id_ = (await create(editor))[1]["id"]
    await app_state.pool.execute(
        "UPDATE campaigns SET draft = draft || jsonb_build_object('cover_media_id', $2::text) WHERE id = $1",
        int(id_),
        private,
    )
    status, draft = await change(editor, id_, title="读书季")
    assert (status, draft["cover_media_id"], draft["cover"]) == (200, private, None)
    assert (await rows(app_state))[private] == (None, None, None)
    refused = await editor("POST", f"/admin/campaigns/{id_}/publish")
    assert wrong((refused.status_code, refused.json())) == (
        409,
        "campaign_incomplete",
        [("cover_media_id", "not_found")],
    )


@pytest.mark.parametrize("campaigns", [1, 4])
async def test_a_list_reads_the_pictures_of_all_campaigns_with_one_statement(
    client: httpx.AsyncClient, join: Join, app_state: AppState, campaigns: int
) -> None:
    editor = join("编辑", roles=("editor",))
    owner = await id_of(editor)
    covers = [await photo(app_state, owner) for _ in range(campaigns)]
    for number, cover in enumerate(covers):
        image = await photo(app_state, owner)
        await publish(editor, topic=f"话题{number}", cover_media_id=cover, prizes=[prize(image)])
    for person, path in ((client.request, "/campaigns"), (editor, "/admin/campaigns")):
        async with record_statements(app_state.pool) as recorded:
            page = (await person("GET", path)).json()
            await count_statements(recorded)
        assert [each["cover"]["id"] for each in page["items"]] == covers[::-1]
        assert all(each["prizes"][0]["image"]["thumb_url"] for each in page["items"])
        assert len([each for each in recorded if "FROM media" in each]) == 1


async def test_a_taken_down_picture_is_not_shown(client: httpx.AsyncClient, join: Join, app_state: AppState) -> None:
    editor = join("编辑", roles=("editor",))
    cover = await photo(app_state, await id_of(editor))
    campaign = await publish(editor, cover_media_id=cover)
    await app_state.pool.execute(
        "UPDATE media SET removed_at = now(), removed_for = 'taken_down' WHERE id = $1", int(cover)
    )
    card = (await client.get(f"/campaigns/{campaign}")).json()
    assert (card["cover_media_id"], card["cover"]) == (cover, None)
    # Its rules can still be changed.
    assert (await change(editor, campaign, title="读书季"))[0] == 200
