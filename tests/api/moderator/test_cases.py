"""The moderation endpoints, with each error."""

from typing import Any

import httpx
import pytest

from feed.api.dependencies import DEPENDENCIES
from feed.api.moderator import router
from feed.api.state import AppState
from tests.support.api import Join, Person
from tests.support.campaigns_api import my_id, publish

TEXT = "今天读完一本书 #爱读书的深圳人#"
ENDPOINTS = [
    ("GET", "/moderation/cases", None),
    ("POST", "/moderation/cases/lease", {"count": 1}),
    ("POST", "/moderation/cases/1/release", None),
    ("POST", "/moderation/cases/1/extend", None),
    ("POST", "/moderation/cases/1/verdict", {"verdict": "approve", "reason_code": "fine", "version": 1}),
    (
        "POST",
        "/moderation/verdicts",
        {"cases": [{"id": "1", "version": 1}], "verdict": "remove", "reason_code": "spam"},
    ),
    ("POST", "/moderation/verdicts/1/undo", None),
    ("PUT", "/moderation/users/1/sanction", {"kind": "mute", "reason_code": "spam"}),
    ("DELETE", "/moderation/users/1/sanction", None),
    ("GET", "/reason-codes", None),
    ("GET", "/moderation/words", None),
    ("PUT", "/moderation/words", {"words": [{"term": "赌博", "level": "block"}]}),
    ("DELETE", "/moderation/words?term=1", None),
    ("GET", "/moderation/cases/1/history", None),
    ("GET", "/moderation/queue", None),
    ("GET", "/moderation/queue/waiting", None),
    ("GET", "/moderation/queue/subjects", None),
    ("GET", "/moderation/cases/leased", None),
    ("GET", "/moderation/cases/1", None),
    ("POST", "/moderation/words/check", {"text": "读书"}),
    ("POST", "/moderation/cases/1/revision", {"text": "改过的文字"}),
    ("GET", "/moderation/users?q=小", None),
    ("GET", "/moderation/users/1", None),
    ("GET", "/moderation/sanctions", None),
    ("POST", "/moderation/takedowns", {"target": {"kind": "post", "id": "1"}, "reason_code": "spam"}),
    ("DELETE", "/moderation/takedowns", {"target": {"kind": "post", "id": "1"}}),
    ("GET", "/moderation/takedowns", None),
    ("PUT", "/moderation/posts/1/ai-label", None),
    ("DELETE", "/moderation/posts/1/ai-label", None),
    ("GET", "/posts/1/why", None),
]


async def published(author: Person, text: str = TEXT) -> dict[str, Any]:
    made = await author("POST", "/posts", {"text": text})
    assert made.status_code == 201
    post: dict[str, Any] = made.json()
    return post


async def open_cases(reviewer: Person, query: str = "") -> list[dict[str, Any]]:
    answer = await reviewer("GET", f"/moderation/cases{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_guard_test_covers_every_moderation_endpoint() -> None:
    # What only admins may do has a test of its own.
    of_staff = [route for route in _routes() if "/reviewers/" not in route.path and route.path != "/audit"]
    assert len(ENDPOINTS) == sum(len(route.methods - {"OPTIONS"}) for route in of_staff)


def _routes() -> list[Any]:
    from litestar import Litestar

    return [
        route
        for route in Litestar([router], dependencies=DEPENDENCIES, openapi_config=None).routes
        if hasattr(route, "methods")
    ]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
async def test_an_endpoint_is_for_staff_only(
    client: httpx.AsyncClient, join: Join, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert (await client.request(method, path, json=body)).status_code == 401
    refused = await join("小明")(method, path, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    # Reviewers read the list of words.
    changes_words = path.startswith("/moderation/words") and method != "GET"
    for role in ("editor", "admin") if changes_words else ("reviewer", "editor", "admin"):
        assert (await join(role, roles=(role,))(method, path, body)).status_code in (200, 204, 404)


async def test_a_case_contains_its_subject(join: Join) -> None:
    post = await published(join("小明"))
    reviewer = join("审核", roles=("reviewer",))
    (case,) = await open_cases(reviewer)
    assert case["subject"] == {
        "kind": "post",
        "id": post["id"],
        "post_id": post["id"],
        "revision": 1,
        "state": "published",
        "text": TEXT,
        "former_text": None,
        "media": [],
        "former_media": [],
        "removed_media": [],
        "similar": [],
        "author": post["author"],
    }
    assert (case["kind"], case["stage"], case["state"], case["version"]) == ("post", 1, "open", 1)
    assert case["machine"]["verdict"] == "pass"
    assert (case["campaign"], case["leased_by"], case["leased_until"]) == (None, None, None)
    assert case["due_at"] > case["created_at"]


async def test_a_removed_post_is_in_no_list_and_listed_again_when_restored(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    post = await published(ming)
    paths = ("/feeds/latest", "/topics/爱读书的深圳人/posts", f"/users/{post['author']['id']}/posts")
    (case,) = (await reviewer("POST", "/moderation/cases/lease", {"count": 1})).json()["items"]
    assert case["leased_by"] is not None

    body = {"verdict": "remove", "reason_code": "spam", "version": case["version"]}
    judged = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)
    assert judged.status_code == 200, judged.text
    assert (judged.json()["state"], judged.json()["version"], judged.json()["leased_by"]) == ("closed", 2, None)
    assert judged.json()["subject"]["state"] == "removed"
    assert (await client.get(f"/posts/{post['id']}")).status_code == 404
    assert (await ming("GET", f"/posts/{post['id']}")).json()["state"] == "removed"
    for path in paths:
        answer = (await client.get(path)).json()
        # The page of a topic is not found while all of its posts are hidden.
        assert answer.get("items") == [] or answer["code"] == "topic_not_found", path
    assert (await client.get(f"/users/{post['author']['id']}")).json()["post_count"] == 0
    assert await open_cases(reviewer) == []
    assert [item["id"] for item in await open_cases(reviewer, "?state=closed")] == [case["id"]]

    body = {"verdict": "restore", "reason_code": "mistaken", "version": 2}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)).status_code == 200
    assert (await client.get(f"/posts/{post['id']}")).json()["state"] == "published"
    assert (await client.get(f"/users/{post['author']['id']}")).json()["post_count"] == 1


async def test_a_removed_comment_is_not_counted(client: httpx.AsyncClient, join: Join) -> None:
    post = await published(join("小明"))
    comment = (await join("小红")("POST", f"/posts/{post['id']}/comments", {"text": "加我微信"})).json()
    reviewer = join("审核", roles=("reviewer",))
    (case,) = await open_cases(reviewer, "?kind=comment")
    assert (case["subject"]["id"], case["subject"]["text"]) == (comment["id"], "加我微信")
    assert case["subject"]["post_id"] == post["id"]
    body = {"verdict": "remove", "reason_code": "spam", "version": 1}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)).status_code == 200
    assert (await client.get(f"/posts/{post['id']}")).json()["comment_count"] == 0
    assert (await client.get(f"/posts/{post['id']}/comments")).json()["items"] == []


async def test_leased_and_stale_cases_are_rejected(join: Join) -> None:
    first, second = join("一审", roles=("reviewer",)), join("二审", roles=("reviewer",))
    await published(join("小明"))
    (case,) = (await first("POST", "/moderation/cases/lease", {"count": 5})).json()["items"]
    path = f"/moderation/cases/{case['id']}"
    body = {"verdict": "approve", "reason_code": "fine", "version": 1}
    for answer in (await second("POST", f"{path}/verdict", body), await second("POST", f"{path}/extend")):
        assert (answer.status_code, answer.json()["code"]) == (409, "case_leased")
    assert (await second("POST", "/moderation/cases/lease", {"count": 5})).json() == {"items": []}
    assert (await first("POST", f"{path}/extend")).status_code == 200
    assert (await first("POST", f"{path}/release")).json()["leased_by"] is None
    not_held = await first("POST", f"{path}/extend")
    assert (not_held.status_code, not_held.json()["code"]) == (409, "case_not_leased")
    stale = await second("POST", f"{path}/verdict", body | {"version": 9})
    assert (stale.status_code, stale.json()["code"]) == (409, "case_stale")
    assert (await second("POST", f"{path}/verdict", body)).status_code == 200
    again = await second("POST", f"{path}/verdict", body)
    assert (again.status_code, again.json()["code"]) == (409, "case_stale")


async def test_reviewers_cannot_judge_their_own_posts(join: Join) -> None:
    reviewer = join("审核", roles=("reviewer",))
    await published(reviewer)
    (case,) = await open_cases(reviewer)
    body = {"verdict": "approve", "reason_code": "fine", "version": 1}
    refused = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_subject")


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({}, 422, ["verdict", "version"]),
        ({"verdict": "burn", "reason_code": "fine", "version": 1}, 422, ["verdict"]),
        ({"verdict": "approve", "reason_code": "", "version": 1}, 422, ["reason_code"]),
        *(
            ({"verdict": verdict, "version": 1, **reason}, 422, ["reason_code"])
            for verdict in ("remove", "reject")
            for reason in ({}, *({"reason_code": code} for code in (None, "", "fine", "mistaken", "FINE")))
        ),
        ({"verdict": "approve", "reason_code": "fine", "note": "长" * 501, "version": 1}, 422, ["note"]),
        ({"verdict": "approve", "reason_code": "fine", "note": "\x00", "version": 1}, 422, ["note"]),
        ({"verdict": "approve", "reason_code": "fine", "version": 10**40}, 422, ["version"]),
        ({"verdict": "approve", "reason_code": "fine", "version": 2**31 - 1}, 409, []),
    ],
)
async def test_an_invalid_verdict_is_rejected_field_by_field(
    join: Join, body: dict[str, Any], status: int, fields: list[str]
) -> None:
    reviewer = join("审核", roles=("reviewer",))
    await published(join("小明"))
    (case,) = await open_cases(reviewer)
    answer = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)
    assert answer.status_code == status, answer.text
    assert [error["field"] for error in answer.json().get("errors", [])] == fields


@pytest.mark.parametrize("case_id", ["1", "x", "0", "-1", "9" * 40])
async def test_an_unknown_case_is_not_found(join: Join, case_id: str) -> None:
    reviewer = join("审核", roles=("reviewer",))
    body = {"verdict": "approve", "reason_code": "fine", "version": 1}
    for tail, json in (("verdict", body), ("release", None), ("extend", None)):
        answer = await reviewer("POST", f"/moderation/cases/{case_id}/{tail}", json)
        assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")


async def test_the_queue_is_paged(join: Join) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    posts = [(await published(ming, f"第{n}条"))["id"] for n in range(5)]
    seen: list[str] = []
    path = "/moderation/cases?limit=2"
    for _ in range(3):
        page = (await reviewer("GET", path)).json()
        seen += [item["subject"]["id"] for item in page["items"]]
        path = f"/moderation/cases?limit=2&cursor={page['next_cursor']}"
    assert seen == posts
    assert page["next_cursor"] is None
    first = (await reviewer("GET", "/moderation/cases?limit=2")).json()["next_cursor"]
    foreign = await reviewer("GET", f"/moderation/cases?limit=2&kind=comment&cursor={first}")
    assert (foreign.status_code, foreign.json()["code"]) == (400, "cursor_invalid")


async def test_the_queue_is_filtered(app_state: AppState, join: Join) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    tagged = await published(ming)
    await published(ming, "没有话题")
    await join("小红")("POST", f"/posts/{tagged['id']}/comments", {"text": "真好"})
    found = {
        query: len(await open_cases(reviewer, query))
        for query in (
            "?kind=post",
            "?kind=comment",
            "?stage=1",
            "?stage=2",
            "?topic=爱读书的深圳人",
            "?topic=没有这个",
            "?topic=%00",
            "?has_media=false",
            "?has_media=true",
            "?campaign_id=1",
            "?state=closed",
        )
    }
    assert list(found.values()) == [2, 1, 3, 0, 2, 0, 0, 3, 0, 0, 0]


@pytest.mark.parametrize("query", ["kind=poem", "stage=0", "stage=x", "state=ajar", "has_media=maybe", "campaign_id=x"])
async def test_an_invalid_filter_is_rejected(join: Join, query: str) -> None:
    answer = await join("审核", roles=("reviewer",))("GET", f"/moderation/cases?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


async def test_a_batch_returns_an_outcome_per_case_and_can_be_undone(client: httpx.AsyncClient, join: Join) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    posts = [await published(ming) for _ in range(2)]
    seen = [{"id": case["id"], "version": 1} for case in await open_cases(reviewer)]
    wrong = [{"id": "x", "version": 1}, {"id": seen[0]["id"], "version": 1}]
    body = {"cases": seen + wrong, "verdict": "remove", "reason_code": "spam"}
    batch = (await reviewer("POST", "/moderation/verdicts", body)).json()
    assert [item["outcome"] for item in batch["items"]] == ["done", "done", "case_not_found", "case_stale"]
    assert (await client.get(f"/posts/{posts[1]['id']}")).status_code == 404

    undone = await reviewer("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    assert [item["outcome"] for item in undone.json()["items"]] == ["done", "done"]
    assert (await client.get(f"/posts/{posts[1]['id']}")).status_code == 200
    assert len(await open_cases(reviewer)) == 2
    again = await reviewer("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    assert (again.status_code, again.json()["code"]) == (404, "batch_not_found")


async def test_a_mute_is_imposed_and_lifted(join: Join) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    author_id = (await published(ming))["author"]["id"]
    path = f"/moderation/users/{author_id}/sanction"
    body = {"kind": "mute", "reason_code": "spam", "until": "2199-01-01T08:00:00+08:00"}
    imposed = await reviewer("PUT", path, body)
    assert imposed.status_code == 200, imposed.text
    assert imposed.json()["until"] == "2199-01-01T00:00:00Z"
    refused = await ming("POST", "/posts", {"text": "还想说"})
    assert (refused.status_code, refused.json()["code"]) == (403, "muted")
    assert (await reviewer("DELETE", path)).status_code == 204
    assert (await ming("POST", "/posts", {"text": "还想说"})).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "mute", "reason_code": "spam", "until": "2001-01-01T00:00:00Z"}, 422),
        ({"kind": "mute", "reason_code": "spam", "until": "0001-01-01T00:00:00+14:00"}, 422),
        ({"kind": "mute", "reason_code": "spam", "until": "9999-12-31T23:59:59-14:00"}, 422),
        ({"kind": "mute", "reason_code": "spam", "until": "2099-01-01T00:00:00"}, 422),
        ({"kind": "mute", "reason_code": "spam", "until": "soon"}, 422),
        ({"kind": "exile", "reason_code": "spam"}, 422),
        ({"kind": "mute", "reason_code": "?"}, 422),
        ({"reason_code": "spam"}, 422),
    ],
)
async def test_an_invalid_sanction_is_rejected(join: Join, body: dict[str, Any], status: int) -> None:
    author_id = (await published(join("小明")))["author"]["id"]
    answer = await join("审核", roles=("reviewer",))("PUT", f"/moderation/users/{author_id}/sanction", body)
    assert answer.status_code == status, answer.text


async def test_every_reason_code_has_its_texts(join: Join) -> None:
    reasons = (await join("审核", roles=("reviewer",))("GET", "/reason-codes")).json()["items"]
    spam = next(each for each in reasons if each["code"] == "spam")
    assert (spam["zh"], spam["en"]) == ("广告或刷屏", "Advertising or flooding")
    assert all("verdict" in each["applies_to"] for each in reasons)


@pytest.mark.parametrize("subject", ["post", "comment"])
@pytest.mark.parametrize("verdict", ["remove", "reject"])
async def test_whoever_is_hidden_reads_a_reason_for_it(join: Join, subject: str, verdict: str) -> None:
    reviewer, author = join("审核", roles=("reviewer",)), join("小明")
    post_id = (await published(author))["id"]
    if subject == "comment":
        assert (await author("POST", f"/posts/{post_id}/comments", {"text": "好"})).status_code == 201
    case = next(each for each in await open_cases(reviewer) if each["subject"]["kind"] == subject)
    reasons: tuple[dict[str, Any], ...] = ({}, {"reason_code": "fine"}, {"reason_code": "mistaken"})
    for reason in reasons:
        given = {"verdict": verdict, **reason}
        alone = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", given | {"version": 1})
        batch = {"cases": [{"id": case["id"], "version": 1}], **given}
        for refused in (alone, await reviewer("POST", "/moderation/verdicts", batch)):
            assert refused.status_code == 422, refused.text
            assert [error["field"] for error in refused.json()["errors"]] == ["reason_code"]
    assert (await author("GET", "/me/inbox")).json()["items"] == []
    given = {"verdict": verdict, "version": 1, "reason_code": "spam"}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", given)).status_code == 200
    (item,) = (await author("GET", "/me/inbox")).json()["items"]
    assert "原因：广告或刷屏" in item["body"]


async def test_reasons_in_favour_are_none_against_anything(join: Join) -> None:
    """Of every operation that hides something, excludes from a campaign or restricts an account."""
    reviewer, editor, author = join("审核", roles=("reviewer",)), join("编辑", roles=("editor",)), join("小明")
    campaign = await publish(editor)
    post_id = (await published(author, "#读书# 好"))["id"]
    user_id = await my_id(author)
    place = f"/admin/campaigns/{campaign}"
    for code in ("fine", "mistaken"):
        given = {"reason_code": code, "note": "误判"}
        for answer in (
            await reviewer("PUT", f"/moderation/users/{user_id}/sanction", {"kind": "mute", "reason_code": code}),
            await editor("POST", f"{place}/entries/{post_id}/disqualify", given),
            await editor("POST", f"{place}/voids", given | {"user_ids": [user_id], "kinds": ["like"]}),
            await editor("POST", f"{place}/voids", given | {"post_id": post_id, "kinds": ["like"]}),
        ):
            assert answer.status_code == 422, answer.text
            assert [error["field"] for error in answer.json()["errors"]] == ["reason_code"]
    assert (await editor("POST", f"{place}/entries/{post_id}/disqualify", {"reason_code": "spam"})).status_code < 300
    reinstated = await editor("POST", f"{place}/entries/{post_id}/reinstate", {"reason_code": "mistaken"})
    assert reinstated.status_code < 300
