"""The photos and videos of what is reviewed: in cases, reports, appeals, takedowns and histories, by addresses that expire."""

import re
from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.media.removal_store import mark_removed
from feed.postgres import transaction
from tests.support.api import Join
from tests.support.make_media import medium

GRANTED = re.compile(r"http://.+/media/[0-9a-f]{32}/(list|full)\.webp\?until=\d+&grant=[0-9a-f]{32}")


class Desk:
    """A post with a photo and a video of an edit, its author, and reviewers."""

    def __init__(self, app_state: AppState, join: Join) -> None:
        self.pool = app_state.pool
        self.author, self.reader = join("作者"), join("读者")
        self.reviewer, self.other = join("审读", roles=("reviewer",)), join("复审", roles=("reviewer",))

    async def post(self, text: str = "图片动态") -> str:
        made = (await self.author("POST", "/posts", {"text": text})).json()
        self.author_id = AccountId(int(made["author"]["id"]))
        return str(made["id"])

    async def photo(self, post_id: str, **members: Any) -> str:
        return str(await medium(self.pool, self.author_id, post_id=int(post_id), **members))

    async def case(self, query: str) -> dict[str, Any]:
        items = (await self.reviewer("GET", f"/moderation/cases?{query}")).json()["items"]
        found: dict[str, Any] = items[0]
        return found


@pytest.fixture
def desk(app_state: AppState, join: Join) -> Desk:
    return Desk(app_state, join)


def ids(cards: list[dict[str, Any]]) -> list[str]:
    for card in cards:
        assert GRANTED.fullmatch(card["thumb_url"]), card
        assert GRANTED.fullmatch(card["url"]) or card["kind"] == "video"
    return [card["id"] for card in cards]


async def test_a_case_shows_its_media_in_their_order_and_what_an_edit_replaces(desk: Desk) -> None:
    post_id = await desk.post()
    photos = [await desk.photo(post_id, alt=f"第{n}张") for n in range(3)]
    case = await desk.case(f"subject_id={post_id}")
    assert (ids(case["subject"]["media"]), case["subject"]["former_media"]) == (photos, [])
    assert [card["alt"] for card in case["subject"]["media"]] == ["第0张", "第1张", "第2张"]
    # A later revision has its own media; the reviewer sees both.
    await desk.author("PATCH", f"/posts/{post_id}", {"text": "改了"})
    await desk.pool.execute(
        "UPDATE post_revisions SET media_ids = $2 WHERE post_id = $1 AND revision = 2", int(post_id), [int(photos[2])]
    )
    case = await desk.case(f"subject_id={post_id}")
    assert (ids(case["subject"]["media"]), ids(case["subject"]["former_media"])) == ([photos[2]], photos)
    history = (await desk.reviewer("GET", f"/moderation/cases/{case['id']}/history")).json()
    assert [ids(each["media"]) for each in history["revisions"]] == [[photos[2]], photos]
    for person in (desk.author, desk.reviewer):
        versions = (await person("GET", f"/posts/{post_id}/revisions")).json()["items"]
        assert [ids(each["media"]) for each in versions] == [[photos[2]], photos]


async def test_media_that_are_not_ready_are_shown_with_their_state(desk: Desk) -> None:
    post_id = await desk.post()
    await desk.photo(post_id, state="processing")
    await desk.photo(post_id, state="failed")
    media = (await desk.case(f"subject_id={post_id}"))["subject"]["media"]
    assert [(each["state"], each["url"], each["error_code"]) for each in media] == [
        ("processing", None, None),
        ("failed", None, "corrupt"),
    ]


async def test_media_that_are_removed_for_good_are_named_with_the_reason(desk: Desk) -> None:
    post_id = await desk.post()
    kept, gone = await desk.photo(post_id), await desk.photo(post_id)
    async with transaction(desk.pool) as conn:
        await mark_removed(conn, [int(gone)], "taken_down")
    subject = (await desk.case(f"subject_id={post_id}"))["subject"]
    assert ids(subject["media"]) == [kept]
    assert [(each["id"], each["kind"], each["removed_for"]) for each in subject["removed_media"]] == [
        (gone, "image", "taken_down")
    ]


async def test_cases_are_found_by_their_media(desk: Desk) -> None:
    with_media, without = await desk.post("有图"), await desk.post("没有图")
    await desk.photo(with_media)
    for wanted, post_id in ((True, with_media), (False, without)):
        found = await desk.reviewer("GET", f"/moderation/cases?has_media={str(wanted).lower()}")
        assert [case["subject"]["id"] for case in found.json()["items"]] == [post_id]


async def test_a_report_keeps_the_media_that_were_reported(desk: Desk) -> None:
    post_id = await desk.post()
    photo = await desk.photo(post_id)
    await desk.reader("POST", "/reports", {"target": {"kind": "post", "id": post_id}, "reason_code": "porn"})
    await desk.author("PATCH", f"/posts/{post_id}", {"text": "换掉了"})
    await desk.pool.execute(
        "UPDATE post_revisions SET media_ids = '{}' WHERE post_id = $1 AND revision = 2", int(post_id)
    )
    case = await desk.case("kind=report")
    (evidence,) = case["report"]["evidence"]
    assert (ids(evidence["media"]), evidence["removed_media"]) == ([photo], [])


async def test_an_author_sees_the_own_removed_photos_and_a_takedown_shows_them_to_staff(desk: Desk) -> None:
    post_id = await desk.post()
    photo = await desk.photo(post_id)
    target = {"kind": "post", "id": post_id}
    taken = (await desk.reviewer("POST", "/moderation/takedowns", {"target": target, "reason_code": "porn"})).json()
    assert ids(taken["evidence"]["media"]) == [photo]
    listed = (await desk.reviewer("GET", "/moderation/takedowns")).json()["items"]
    assert ids(listed[0]["evidence"]["media"]) == [photo]
    (decision,) = (await desk.author("GET", "/me/decisions")).json()["items"]
    assert ids(decision["target"]["media"]) == [photo]
    versions = (await desk.author("GET", f"/posts/{post_id}/revisions")).json()["items"]
    assert ids(versions[0]["media"]) == [photo]
    appeal = (await desk.author("POST", "/appeals", {"target": target, "text": "这是我自己拍的"})).json()
    assert ids(appeal["decision"]["target"]["media"]) == [photo]
    case = (await desk.other("GET", "/moderation/cases?kind=appeal")).json()["items"][0]
    assert ids(case["subject"]["media"]) == [photo]
    # Nobody else.
    for path in (f"/posts/{post_id}/revisions", f"/posts/{post_id}"):
        assert (await desk.reader("GET", path)).status_code == 404


async def test_a_takedown_of_an_image_by_a_photo_shows_it(desk: Desk) -> None:
    photo = await desk.photo(await desk.post(), sha256=bytes(32))
    body = {"target": {"kind": "image_hash", "id": f"media:{photo}"}, "reason_code": "porn"}
    taken = (await desk.reviewer("POST", "/moderation/takedowns", body)).json()
    assert ids(taken["evidence"]["media"]) == [photo]
    unknown = {"target": {"kind": "image_hash", "id": "media:17"}, "reason_code": "porn"}
    answer = await desk.reviewer("POST", "/moderation/takedowns", unknown)
    assert (answer.status_code, answer.json()["code"]) == (404, "media_not_found")
