"""Writing and editing posts on pages: in steps without script, once however often it is sent, and without losing a word."""

import asyncio
import hashlib
import re
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.pages.page import policy_of
from feed.api.state import AppState
from feed.settings import Settings
from tests.api.pages.community.conftest import Visit
from tests.support import make, make_media
from tests.support.api import Join, Person
from tests.support.pages import BrowserClient, hidden_fields

MEDIA = re.compile(r'name="media" value="(\d+)"')
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 400


async def id_of(person: Person) -> int:
    return int((await person("GET", "/me")).json()["id"])


async def photos_of(app_state: AppState, person: Person, count: int, **more: Any) -> list[str]:
    owner = await id_of(person)
    return [str(await make_media.medium(app_state.pool, owner, **more)) for _ in range(count)]


def form_of(page: httpx.Response, action: str = "/write") -> dict[str, Any]:
    """The hidden fields, with all photos."""
    return {**hidden_fields(page.text, action), "media": MEDIA.findall(page.text)}


async def test_a_post_is_written_in_steps_by_plain_forms(join: Join, visit: Visit, app_state: AppState) -> None:
    person = join("阿珍")
    browser = await visit(person)
    page = await browser.get("/write?topic=爱读书")
    assert ">#爱读书# </textarea>" in page.text
    upload = re.search(r'enctype="multipart/form-data" action="([^"]+)"', page.text)
    assert upload is not None
    sent = await browser.http.post(upload[1].replace("&amp;", "&"), files={"file": ("a.jpg", JPEG, "image/jpeg")})
    assert sent.status_code == 303, sent.text
    first = sent.headers["location"]
    page = await browser.get(first)
    upload = re.search(r'enctype="multipart/form-data" action="([^"]+)"', page.text)
    assert upload is not None
    sent = await browser.http.post(
        upload[1].replace("&amp;", "&"), files={"file": ("b.jpg", JPEG + b"1", "image/jpeg")}
    )
    page = await browser.get(sent.headers["location"])
    one, two = MEDIA.findall(page.text)
    assert "处理中" in page.text

    moved = await browser.post(
        "/write", {**form_of(page), "text": "写了一半", "do": f"earlier:{two}", f"alt-{two}": "湖"}
    )
    assert MEDIA.findall(moved.text) == [two, one]
    assert "写了一半" in moved.text
    assert 'value="湖"' in moved.text
    fields = {
        **form_of(moved),
        "text": "#爱读书# 写完了",
        f"alt-{two}": "湖",
        "location": "莲花山",
        "ai_generated": "1",
    }
    fields |= {"no_comments": "1", "do": "publish"}
    made = await browser.post("/write", fields)
    assert made.status_code == 303, made.text
    post = (await person("GET", made.headers["location"])).json()
    assert [each["id"] for each in post["media"]] == [two, one]
    assert [each["alt"] for each in post["media"]] == ["湖", ""]
    assert (post["location"], post["ai_label"], post["comment_policy"]) == ({"name": "莲花山"}, "declared", "nobody")
    assert post["topics"][0]["name"] == "爱读书"


async def test_the_same_form_sent_five_times_at_once_makes_one_post(join: Join, visit: Visit) -> None:
    person = join("阿珍")
    browser = await visit(person)
    page = await browser.get("/write")
    fields = {**form_of(page), "text": "只发一次"}
    answers = await asyncio.gather(*(browser.post("/write", fields) for _ in range(5)))
    assert [each.status_code for each in answers] == [303] * 5
    assert len({each.headers["location"] for each in answers}) == 1
    assert len((await person("GET", "/me/posts")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"text": "长" * 2001}, 'id="error-text"'),
        ({"text": ""}, 'id="error-text"'),
        ({"text": "好", "location": "远" * 41}, "field-location.name"),
        ({"text": "好", "media": ["1"]}, "field-media_ids"),
    ],
)
async def test_a_refused_post_keeps_everything_beside_the_reason(
    join: Join, visit: Visit, fields: dict[str, Any], place: str
) -> None:
    browser = await visit(join("阿珍"))
    page = await browser.get("/write")
    refused = await browser.post("/write", {**form_of(page), "ai_generated": "1", **fields})
    assert refused.status_code in (404, 409, 422), refused.status_code
    assert f">{fields['text']}</textarea>" in refused.text
    assert place in refused.text
    assert 'role="alert" data-problem>' in refused.text
    assert 'name="ai_generated" value="1" checked' in refused.text
    assert hidden_fields(refused.text, "/write")["form_token"] == form_of(page)["form_token"]


async def test_who_may_not_publish_reads_why_and_keeps_the_text(join: Join, visit: Visit) -> None:
    browser = await visit(join("没有手机号", phone=None))
    page = await browser.get("/write")
    assert "/me/phone" in page.text
    refused = await browser.post("/write", {**form_of(page), "text": "想说的话"})
    assert refused.status_code == 403
    assert "想说的话" in refused.text


@pytest.mark.parametrize(("kind", "says"), [("mute", "账号已被禁言"), ("ban", "账号已被封禁")])
async def test_one_who_may_not_publish_reads_so_before_writing(join: Join, visit: Visit, kind: str, says: str) -> None:
    person, reviewer = join("阿珍"), join("审核", roles=("reviewer",))
    body = {"kind": kind, "reason_code": "spam", "until": "2199-01-01T08:00:00+08:00"}
    path = f"/moderation/users/{await id_of(person)}/sanction"
    assert (await reviewer("PUT", path, body)).is_success
    page = await (await visit(person)).get("/write")
    assert says in page.text
    assert 'href="/me/decisions"' in page.text
    assert says not in (await (await visit(join("小明"))).get("/write")).text


async def test_a_photo_that_cannot_be_taken_is_refused_with_its_reason(join: Join, visit: Visit) -> None:
    browser = await visit(join("阿珍"))
    refused = await browser.http.post("/write/photos", files={"file": ("a.txt", b"words", "text/plain")})
    assert refused.status_code == 415
    assert "data-problem" in refused.text
    assert (await browser.http.post("/write/photos", data={"file": "x"})).status_code == 415
    assert (await browser.http.post("/write/photos", content=b"x")).status_code == 415


async def test_a_photo_sent_twice_with_its_token_is_one(join: Join, visit: Visit) -> None:
    browser = await visit(join("阿珍"))
    answers = [
        await browser.http.post("/write/photos?form_token=abc", files={"file": ("a.jpg", JPEG, "image/jpeg")})
        for _ in range(2)
    ]
    assert answers[0].headers["location"] == answers[1].headers["location"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": None, "origin": "https://evil.test"},
        {"sec-fetch-site": None, "origin": "null"},
        {"sec-fetch-site": None},
        {"sec-fetch-site": None, "x-session-token": "wrong"},
    ],
)
async def test_a_photo_from_another_site_is_refused(
    join: Join, visit: Visit, app_state: AppState, headers: dict[str, str | None]
) -> None:
    person = join("阿珍")
    browser = await visit(person)
    for name, value in headers.items():
        if value is None:
            del browser.http.headers[name]
        else:
            browser.http.headers[name] = value
    answer = await browser.http.post("/write/photos", files={"file": ("a.jpg", JPEG, "image/jpeg")})
    assert answer.status_code == 403
    assert (await person("GET", "/me/media")).json()["items"] == []


async def test_a_photo_of_an_older_browser_is_taken_by_its_origin_or_token(join: Join, visit: Visit) -> None:
    browser = await visit(join("阿珍"))
    token = hidden_fields((await browser.get("/write")).text, "/write")["session_token"]
    del browser.http.headers["sec-fetch-site"]
    for headers in ({"origin": "http://feed.test"}, {"x-session-token": token}):
        files = {"file": ("a.jpg", JPEG, "image/jpeg")}
        assert (await browser.http.post("/write/photos", files=files, headers=headers)).status_code == 303


async def test_a_long_video_goes_to_the_storage_in_parts(join: Join, visit: Visit, app_state: AppState) -> None:
    person = join("阿珍")
    browser = await visit(person)
    page = await browser.get("/write")
    own = {name: value for name, value in form_of(page).items() if name in ("session_token", "form_account")}
    content = b"\0\0\0\x18ftypisom" + bytes(12) + b"v" * 5000
    fields = {"kind": "video", "content_type": "video/mp4", "bytes": str(len(content))}
    fields["sha256"] = hashlib.sha256(content).hexdigest()
    begun = (await browser.post("/write/uploads", {**own, **fields, "form_token": "t1"})).json()
    assert all(part["url"].startswith("/media/uploads/") for part in begun["parts"])
    (part,) = begun["parts"]
    sent = await browser.http.put(part["url"], content=content, headers=part["headers"])
    assert sent.status_code == 200, sent.text
    done = await browser.post(
        f"/write/uploads/{begun['id']}/complete", {**own, "part": f"1:{sent.headers['etag'].strip(chr(34))}"}
    )
    assert done.headers["location"] == f"/write?media={begun['id']}"
    assert MEDIA.findall((await browser.get(done.headers["location"])).text) == [begun["id"]]
    for wrong in ({"bytes": "x"}, {"bytes": ""}, {"sha256": "zz"}, {"kind": "word"}):
        assert (await browser.post("/write/uploads", {**own, **fields, **wrong})).status_code == 422, wrong
    assert (await browser.post(f"/write/uploads/{begun['id']}/complete", {**own, "part": "x:y"})).status_code == 422


async def test_a_post_is_edited_with_what_differs(join: Join, visit: Visit, app_state: AppState) -> None:
    person = join("阿珍")
    one, two, three = await photos_of(app_state, person, 3, alt="旧的")
    post = (await person("POST", "/posts", {"text": "第一版", "media_ids": [one, two]})).json()
    browser = await visit(person)
    path = f"/posts/{post['id']}/edit"
    page = await browser.get(path)
    assert MEDIA.findall(page.text) == [one, two]
    page = await browser.get(f"{path}?media={two},{three},99")
    assert MEDIA.findall(page.text) == [two, three]
    fields = {**form_of(page, path), "text": "第二版\r\n第二行", f"alt-{two}": "新的", f"alt-{three}": "旧的"}
    made = await browser.post(path, {**fields, "do": "publish"})
    assert made.headers["location"] == f"/posts/{post['id']}", made.text
    edited = (await person("GET", f"/posts/{post['id']}")).json()
    assert (edited["text"], edited["revision"]) == ("第二版\n第二行", 2)
    assert [(each["id"], each["alt"]) for each in edited["media"]] == [(two, "新的"), (three, "旧的")]
    again = await browser.post(
        path,
        {
            **form_of(await browser.get(path), path),
            "text": "第二版\n第二行",
            f"alt-{two}": "新的",
            f"alt-{three}": "旧的",
        },
    )
    assert again.status_code == 303
    assert (await person("GET", f"/posts/{post['id']}")).json()["revision"] == 2
    versions = await browser.get(f"/posts/{post['id']}/revisions")
    assert versions.status_code == 200
    assert "第一版" in versions.text


async def test_the_post_of_another_is_neither_edited_nor_deleted(join: Join, visit: Visit) -> None:
    author, other = join("阿珍"), join("小明")
    post = (await author("POST", "/posts", {"text": "我的"})).json()
    browser = await visit(other)
    path = f"/posts/{post['id']}"
    page = await browser.get(f"{path}/edit")
    answer = await browser.post(f"{path}/edit", {**form_of(page, f"{path}/edit"), "text": "你的"})
    assert answer.status_code == 403
    page = await browser.get(f"{path}/delete")
    assert (await browser.send(page, f"{path}/delete")).status_code == 403
    assert (await browser.get(f"{path}/revisions")).status_code == 403
    assert (await author("GET", path)).json()["text"] == "我的"


async def test_a_post_is_deleted_after_a_question(join: Join, visit: Visit) -> None:
    author = join("阿珍")
    post = (await author("POST", "/posts", {"text": "不要了"})).json()
    browser = await visit(author)
    page = await browser.get(f"/posts/{post['id']}/delete")
    assert (await author("GET", f"/posts/{post['id']}")).status_code == 200
    answer = await browser.send(page, f"/posts/{post['id']}/delete")
    assert answer.headers["location"] == f"/users/{await id_of(author)}"
    assert (await browser.get(f"/posts/{post['id']}")).status_code == 404


async def test_topics_that_do_not_count_are_said_once(join: Join, visit: Visit) -> None:
    browser = await visit(join("阿珍"))
    page = await browser.get("/write")
    text = " ".join(f"#话题{n}#" for n in range(12))
    made = await browser.post("/write", {**form_of(page), "text": text})
    assert made.headers["location"].endswith("?topics_dropped=1")
    assert "有的话题没有生效" in (await browser.get(made.headers["location"])).text
    assert "有的话题没有生效" not in (await BrowserClient(browser.app_state).get(made.headers["location"])).text


@pytest.mark.parametrize(
    "path", ["/write", "/posts/1/edit", "/posts/1/delete", "/posts/1/revisions", "/comments/1/edit"]
)
async def test_pages_for_users_lead_to_the_sign_in_and_back(browser: BrowserClient, path: str) -> None:
    answer = await browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?back={path}")


async def test_the_form_opens_whatever_campaign_a_link_names(join: Join, visit: Visit) -> None:
    opened = await visit(join("小明"))
    for campaign in ("x", "1", "a/b", "../../me"):
        assert (await opened.get("/write", params={"campaign": campaign})).status_code == 200, campaign


async def test_a_campaign_without_a_topic_leaves_the_form_empty(join: Join, visit: Visit, app_state: AppState) -> None:
    person = join("阿珍")
    post = await make.post(app_state.pool, await id_of(person))
    rules: dict[str, Any] = {"method": "draw", "entry_by": "like", "announcement_post_id": str(post), "topic": None}
    campaign = await make.campaign(app_state.pool, **rules)
    page = await (await visit(person)).get(f"/write?campaign={campaign}")
    assert page.status_code == 200
    assert re.findall(r'<textarea id="field-text"[^>]*>([^<]*)<', page.text) == [""]


async def test_nothing_that_a_form_may_hold_fails(join: Join, visit: Visit) -> None:
    browser = await visit(join("阿珍"))
    page = await browser.get("/write?media=x,,1,99999999999999999999,%2F&topic=%00&campaign=zz")
    assert page.status_code == 200
    own = form_of(page)
    for fields in (
        {"text": "\0"},
        {"text": "\ud83d"},
        {"media": ["a", "b,c", "1" * 50]},
        {"do": "earlier:"},
        {"do": "remove:9"},
        {"do": "x" * 5000},
        {"location": "\n", "text": "x"},
        {"text": "x", "form_token": "键"},
        {"text": "x", "form_token": "y" * 101},
    ):
        encoded = {
            name: value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            for name, value in fields.items()
        }
        assert (await browser.post("/write", {**own, **encoded})).status_code < 500, fields


def test_the_policy_lets_parts_go_to_the_storage_only(settings: Settings) -> None:
    bucket = msgspec.structs.replace(
        settings,
        media_store="s3://fotos",
        media_s3_endpoint="http://minio.internal:9000",
        media_s3_public_endpoint="https://s3.example",
    )
    assert "connect-src 'self' https://fotos.s3.example;" in policy_of(bucket, uploads=bucket.media_upload_origin)
    assert "connect-src 'self';" in policy_of(bucket)
    assert settings.media_upload_origin == ""
