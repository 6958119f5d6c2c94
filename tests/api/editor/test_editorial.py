"""Texts of the newsroom are signed by four persons before they are published, and bear their names."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from feed.api.state import AppState
from feed.campaigns.model import rules_sha256
from feed.settings import Settings
from feed.signoffs.model import CREDIT_ROLES
from tests.support.api import HOOK_SECRET, Join, Person
from tests.support.campaigns_api import HOUR, publish, terms, wire

NAMES = ("张三", "李四", "王五", "赵六")


@pytest.fixture
def settings(database: str, redis_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    return Settings(
        database_url=database,
        redis_url=redis_url,
        keys_dir=tmp_path / "keys",
        sms_outbox=tmp_path / "outbox.jsonl",
        account_hook_secret=HOOK_SECRET,
        limits="off",
        embedded=True,
        editorial_chain=getattr(request, "param", "on"),
    )


@pytest.fixture
def newsroom(join: Join) -> list[Person]:
    """An editor, a reviewer for the proofreading, and two more editors."""
    roles = ("editor", "reviewer", "editor", "admin")
    return [join(name, roles=(role,)) for name, role in zip(NAMES, roles, strict=True)]


async def draft(editor: Person, **changed: Any) -> str:
    made = await editor("POST", "/admin/campaigns", terms(**changed))
    assert made.status_code == 201, made.text
    assert made.json()["credits"] == []
    return str(made.json()["id"])


async def text_of(person: Person, kind: str, id_: str) -> dict[str, Any]:
    found = await person("GET", f"/admin/editorial/{kind}/{id_}")
    assert found.status_code == 200, found.text
    card: dict[str, Any] = found.json()
    return card


async def sign(person: Person, kind: str, id_: str, stage: int, sha256: str | None = None) -> Any:
    sha256 = sha256 or (await text_of(person, kind, id_))["sha256"]
    return await person("POST", f"/admin/editorial/{kind}/{id_}/sign", {"stage": stage, "sha256": sha256})


async def sign_all(newsroom: Sequence[Person], kind: str, id_: str) -> None:
    for stage, person in enumerate(newsroom, start=1):
        signed = await sign(person, kind, id_, stage)
        assert signed.status_code == 200, signed.text


def credits() -> list[dict[str, str]]:
    return [{"role": role, "name": name} for role, name in zip(CREDIT_ROLES, NAMES, strict=True)]


async def test_a_campaign_is_published_with_the_names_of_those_who_signed_it(
    newsroom: list[Person], join: Join
) -> None:
    editor = newsroom[0]
    campaign = await draft(editor)
    refused = await editor("POST", f"/admin/campaigns/{campaign}/publish")
    assert refused.status_code == 409
    assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [("credits", "not_signed")]
    assert "编辑" in refused.json()["errors"][0]["message"]

    await sign_all(newsroom, "campaign", campaign)
    published = await editor("POST", f"/admin/campaigns/{campaign}/publish")
    assert (published.status_code, published.json()["credits"]) == (200, credits())

    rules = (await join("小红")("GET", f"/campaigns/{campaign}/rules")).json()
    assert rules["rules"]["credits"] == credits()
    assert rules["rules_sha256"] == rules_sha256(rules["rules"])
    assert rules["text"].endswith("编辑 张三　审读 李四　二审 王五　三审 赵六")
    assert (await join("小红")("GET", f"/campaigns/{campaign}")).json()["credits"] == credits()


async def test_a_changed_draft_has_no_signatures(newsroom: list[Person]) -> None:
    editor = newsroom[0]
    campaign = await draft(editor)
    before = await text_of(editor, "campaign", campaign)
    await sign_all(newsroom, "campaign", campaign)
    await editor("PATCH", f"/admin/campaigns/{campaign}", {"body": "改过的公告"})

    after = await text_of(editor, "campaign", campaign)
    assert (after["state"], after["signatures"], after["next_role"]) == ("unsigned", [], "编辑")
    assert after["sha256"] != before["sha256"]
    assert (await editor("POST", f"/admin/campaigns/{campaign}/publish")).status_code == 409
    stale = await sign(editor, "campaign", campaign, 1, before["sha256"])
    assert (stale.status_code, stale.json()["code"]) == (409, "signoff_stale")

    # With the old text the signatures count again: they are of the content.
    await editor("PATCH", f"/admin/campaigns/{campaign}", {"body": terms()["body"]})
    assert (await text_of(editor, "campaign", campaign))["state"] == "signed"


async def test_stages_are_signed_in_their_order_and_each_by_another_person(newsroom: list[Person], join: Join) -> None:
    editor, proofreader, second, _ = newsroom
    campaign = await draft(editor)
    early = await sign(proofreader, "campaign", campaign, 2)
    assert (early.status_code, early.json()["code"]) == (409, "signoff_not_next")
    assert (await sign(editor, "campaign", campaign, 1)).status_code == 200
    again = await sign(editor, "campaign", campaign, 2)
    assert (again.status_code, again.json()["code"]) == (403, "signoff_barred")
    assert (await sign(proofreader, "campaign", campaign, 2)).status_code == 200
    # A reviewer may proofread and no more.
    roleless = await sign(join("审核", roles=("reviewer",)), "campaign", campaign, 3)
    assert (roleless.status_code, roleless.json()["code"]) == (403, "role_missing")
    # An account of the same person is the same person.
    other = join("张三的另一个账号", roles=("editor",), phone="+8613900000001")
    same = join("王五", roles=("editor",), phone="+8613900000001")
    assert (await sign(other, "campaign", campaign, 3)).status_code == 200
    barred = await sign(same, "campaign", campaign, 4)
    assert (barred.status_code, barred.json()["code"]) == (403, "signoff_barred")
    assert (await sign(second, "campaign", campaign, 4)).status_code == 200
    complete = await sign(join("另一位", roles=("editor",)), "campaign", campaign, 4)
    assert (complete.status_code, complete.json()["code"]) == (409, "signoff_not_next")


async def test_an_author_signs_as_editor_only(newsroom: list[Person]) -> None:
    editor, proofreader, second, third = newsroom
    campaign = await draft(editor)
    await second("PATCH", f"/admin/campaigns/{campaign}", {"body": "第二位编辑改过"})
    assert (await sign(editor, "campaign", campaign, 1)).status_code == 200
    assert (await sign(proofreader, "campaign", campaign, 2)).status_code == 200
    barred = await sign(second, "campaign", campaign, 3)
    assert (barred.status_code, barred.json()["code"]) == (403, "signoff_barred")
    assert (await sign(third, "campaign", campaign, 3)).status_code == 200


async def test_a_signature_counts_while_the_right_is_held(newsroom: list[Person], join: Join) -> None:
    editor, *_, admin = newsroom
    campaign = await draft(editor)
    await sign_all(newsroom, "campaign", campaign)
    reviewer = (await text_of(editor, "campaign", campaign))["signatures"][1]["user_id"]
    assert (await admin("DELETE", f"/admin/staff/{reviewer}")).status_code == 200
    text = await text_of(editor, "campaign", campaign)
    assert (text["state"], text["next_role"]) == ("waiting", "审读")
    assert (await editor("POST", f"/admin/campaigns/{campaign}/publish")).status_code == 409
    assert (await sign(join("周七", roles=("reviewer",)), "campaign", campaign, 2)).status_code == 200
    published = await editor("POST", f"/admin/campaigns/{campaign}/publish")
    assert [each["name"] for each in published.json()["credits"]] == ["张三", "周七", "王五", "赵六"]


async def test_two_persons_who_sign_one_stage_at_once_make_one_signature(newsroom: list[Person], join: Join) -> None:
    editor = newsroom[0]
    campaign = await draft(editor)
    await sign(editor, "campaign", campaign, 1)
    sha256 = (await text_of(editor, "campaign", campaign))["sha256"]
    people = [join(f"审读{number}", roles=("reviewer",)) for number in range(4)]
    answers = await asyncio.gather(*(sign(person, "campaign", campaign, 2, sha256) for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len((await text_of(editor, "campaign", campaign))["signatures"]) == 2


async def test_a_returned_text_has_to_be_signed_anew_and_its_signers_are_notified(newsroom: list[Person]) -> None:
    editor, proofreader, second, _ = newsroom
    campaign = await draft(editor)
    path = f"/admin/editorial/campaign/{campaign}"
    sha256 = (await text_of(editor, "campaign", campaign))["sha256"]
    nothing = await second("POST", f"{path}/return", {"sha256": sha256, "reason": "奖品写错了"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_signed")
    await sign(editor, "campaign", campaign, 1)
    await sign(proofreader, "campaign", campaign, 2)
    assert (await second("POST", f"{path}/return", {"sha256": sha256, "reason": " "})).status_code == 422
    returned = await second("POST", f"{path}/return", {"sha256": sha256, "reason": "奖品写错了"})
    assert (returned.status_code, returned.json()["state"]) == (200, "unsigned")
    for signer in (editor, proofreader):
        items = (await signer("GET", "/me/inbox")).json()["items"]
        assert [(item["title"], "奖品写错了" in item["body"]) for item in items] == [("“读书月”活动的文稿被退回", True)]
    assert (await second("GET", "/me/inbox")).json()["items"] == []
    assert (await sign(editor, "campaign", campaign, 1)).status_code == 200


async def test_the_database_lets_no_person_sign_two_stages_and_no_author_beyond_the_first(
    newsroom: list[Person], app_state: AppState
) -> None:
    campaign = int(await draft(newsroom[0]))
    await sign_all(newsroom, "campaign", str(campaign))
    copy = """
        INSERT INTO signoffs (kind, subject_id, content_sha256, stage, account_id, person, author_persons, roles, name)
        SELECT kind, subject_id, content_sha256, $2, account_id, person, author_persons, roles, name
        FROM signoffs WHERE subject_id = $1 AND stage = $3
    """
    with pytest.raises(asyncpg.UniqueViolationError):
        await app_state.pool.execute(copy, campaign, 2, 3)
    await app_state.pool.execute("UPDATE signoffs SET undone_at = now() WHERE subject_id = $1", campaign)
    with pytest.raises(asyncpg.CheckViolationError):
        await app_state.pool.execute(copy, campaign, 2, 1)


async def test_a_change_of_published_rules_is_proposed_and_signed_before_it_is_made(newsroom: list[Person]) -> None:
    editor = newsroom[0]
    campaign = await draft(editor)
    early = await editor("PUT", f"/admin/campaigns/{campaign}/proposal", {"winner_count": 5})
    assert (early.status_code, early.json()["code"]) == (409, "campaign_is_draft")
    await sign_all(newsroom, "campaign", campaign)
    await editor("POST", f"/admin/campaigns/{campaign}/publish")
    # Nothing waits to be signed.
    assert (await editor("GET", f"/admin/editorial/campaign/{campaign}")).status_code == 404

    change = {"winner_count": 5}
    refused = await editor("PATCH", f"/admin/campaigns/{campaign}", change)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "not_signed")
    # What may not change after the opening cannot be proposed.
    fixed = await editor("PUT", f"/admin/campaigns/{campaign}/proposal", {"winner_count": 1})
    assert (fixed.status_code, fixed.json()["code"]) == (409, "campaign_running")
    proposed = await editor("PUT", f"/admin/campaigns/{campaign}/proposal", change)
    assert (proposed.status_code, proposed.json()["winner_count"], proposed.json()["rules_version"]) == (200, 3, 1)
    assert "5" in (await text_of(editor, "campaign", campaign))["text"]

    await sign_all(newsroom, "campaign", campaign)
    other = await editor("PATCH", f"/admin/campaigns/{campaign}", {"winner_count": 6})
    assert other.status_code == 422
    made = await editor("PATCH", f"/admin/campaigns/{campaign}", change)
    assert (made.status_code, made.json()["winner_count"], made.json()["rules_version"]) == (200, 5, 2)
    assert made.json()["credits"] == credits()
    assert (await editor("GET", f"/admin/editorial/campaign/{campaign}")).status_code == 404


async def test_a_post_of_the_newsroom_bears_the_names_and_is_pinned_or_announced_only_then(
    newsroom: list[Person],
) -> None:
    editor, proofreader, *_ = newsroom
    post = (await editor("POST", "/posts", {"text": "读书月开始啦"})).json()["id"]
    pin = {"action": "pin", "reason": "公告", "until": wire(datetime.now(UTC) + HOUR)}
    refused = await editor("PUT", f"/admin/hot/{post}", pin)
    assert (refused.status_code, refused.json()["code"]) == (409, "post_not_signed")
    campaign = await draft(editor, announcement_post_id=post)
    await sign_all(newsroom, "campaign", campaign)
    unsigned = await editor("POST", f"/admin/campaigns/{campaign}/publish")
    assert [(each["field"], each["code"]) for each in unsigned.json()["errors"]] == [
        ("announcement_post_id", "unsigned_post")
    ]

    await sign_all(newsroom, "post", post)
    assert (await proofreader("GET", f"/posts/{post}")).json()["credits"] == credits()
    assert (await editor("PUT", f"/admin/hot/{post}", pin)).status_code == 200
    assert (await editor("POST", f"/admin/campaigns/{campaign}/publish")).status_code == 200


async def test_a_post_of_a_citizen_is_no_text_of_the_newsroom(newsroom: list[Person], join: Join) -> None:
    editor = newsroom[0]
    post = (await join("小红")("POST", "/posts", {"text": "我在读书"})).json()["id"]
    for kind, id_ in (("post", post), ("post", "1"), ("campaign", "1"), ("comment", post), ("post", "x")):
        for answer in (
            await editor("GET", f"/admin/editorial/{kind}/{id_}"),
            await sign(editor, kind, id_, 1, "0" * 64),
        ):
            assert (answer.status_code, answer.json()["code"]) in {
                (404, "text_not_found"),
                (404, "post_not_found"),
                (404, "campaign_not_found"),
            }
    pin = {"action": "pin", "reason": "好文", "until": wire(datetime.now(UTC) + HOUR)}
    assert (await editor("PUT", f"/admin/hot/{post}", pin)).status_code == 200


async def test_staff_sign_under_their_byline(newsroom: list[Person]) -> None:
    editor, *_, admin = newsroom
    campaign = await draft(editor)
    editor_id = (await editor("GET", "/me")).json()["id"]
    named = await admin("PUT", f"/admin/staff/{editor_id}", {"roles": ["editor"], "byline": "张三丰"})
    assert named.status_code == 200
    bad = await admin("PUT", f"/admin/staff/{editor_id}", {"roles": ["editor"], "byline": " "})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "byline")
    signed = await sign(editor, "campaign", campaign, 1)
    assert signed.json()["signatures"][0]["name"] == "张三丰"


async def test_the_list_names_texts_that_wait_for_a_signature(newsroom: list[Person], join: Join) -> None:
    editor, proofreader, *_ = newsroom
    first, second = await draft(editor, topic="一"), await draft(editor, topic="二")
    await draft(editor, topic="三")
    for campaign in (first, second):
        await sign(editor, "campaign", campaign, 1)
    page = (await proofreader("GET", "/admin/editorial?limit=1")).json()
    assert [item["id"] for item in page["items"]] == [second]
    rest = (await proofreader("GET", f"/admin/editorial?limit=1&cursor={page['next_cursor']}")).json()
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == ([first], None)
    assert (await join("小红")("GET", "/admin/editorial")).status_code == 403


@pytest.mark.parametrize("settings", ["off"], indirect=True)
async def test_without_the_setting_signatures_are_optional_and_printed(newsroom: list[Person]) -> None:
    editor = newsroom[0]
    plain = await publish(editor, topic="一")
    assert (await editor("GET", f"/admin/campaigns/{plain}")).json()["credits"] == []
    signed = await draft(editor, topic="二")
    await sign_all(newsroom, "campaign", signed)
    published = await editor("POST", f"/admin/campaigns/{signed}/publish")
    assert published.json()["credits"] == credits()


async def test_a_post_of_an_official_account_is_visible_once_it_is_signed(
    newsroom: list[Person], join: Join, app_state: AppState
) -> None:
    editor, reader, reviewer = newsroom[0], join("小红"), join("审核", roles=("reviewer",))
    official = join("读特官方账号甲")
    account_id = int((await official("GET", "/me")).json()["id"])
    await app_state.pool.execute("UPDATE accounts SET badge = '官方' WHERE id = $1", account_id)
    made = (await official("POST", "/posts", {"text": "读书月开始啦 #读书#"})).json()
    post = made["id"]
    assert made["state"] == "pending"

    async def is_seen(text: str | None) -> None:
        answer = await reader("GET", f"/posts/{post}")
        assert (answer.status_code, answer.json().get("text")) == ((404, None) if text is None else (200, text))
        # Lists may be a second old.
        app_state.pages.invalidate(None)
        listed = [item["text"] for item in (await reader("GET", "/feeds/latest")).json()["items"]]
        assert listed == ([] if text is None else [text])

    await is_seen(None)
    case = (await reviewer("GET", f"/moderation/cases?subject_id={post}")).json()["items"][0]
    approval = {"verdict": "approve", "version": case["version"]}
    refused = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", approval)
    assert (refused.status_code, refused.json()["code"]) == (409, "signatures_missing")
    revised = await reviewer("POST", f"/moderation/cases/{case['id']}/revision", {"text": "审核员改的"})
    assert (revised.status_code, revised.json()["code"]) == (409, "signatures_missing")
    for stage, person in enumerate(newsroom, start=1):
        await is_seen(None)
        assert (await sign(person, "post", post, stage)).status_code == 200
    await is_seen("读书月开始啦 #读书#")
    assert (await reviewer("GET", f"/moderation/cases?subject_id={post}")).json()["items"] == []

    # A changed text waits for its own signatures, while readers see the signed one.
    await official("PATCH", f"/posts/{post}", {"text": "读书月开始啦，改过 #读书#"})
    await is_seen("读书月开始啦 #读书#")
    await sign_all(newsroom, "post", post)
    await is_seen("读书月开始啦，改过 #读书#")
    assert (await reader("GET", f"/posts/{post}")).json()["credits"] == credits()

    # Others publish as before, staff included.
    assert (await editor("POST", "/posts", {"text": "今天读了一本好书"})).json()["state"] == "published"
