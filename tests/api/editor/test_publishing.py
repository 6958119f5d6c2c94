"""The publish check and the preview of campaigns over HTTP. docs/reference/law.md has the legal requirements."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.support.api import Join
from tests.support.campaigns_api import HOUR, post, publish, terms, wire

CODE = {
    "name": "月卡",
    "kind": "code",
    "per_winner": 1,
    "value_cny": 30,
    "terms": "在读特听书页面兑换，限本人使用",
    "valid_until": "2099-01-01T00:00:00Z",
}
# A missing value, and the field of the error.
MISSING: list[tuple[dict[str, Any], str]] = [
    ({"topic": None}, "topic"),
    ({"body": None}, "body"),
    ({"body": "  "}, "body"),
    ({"starts_at": None}, "starts_at"),
    ({"ends_at": None}, "ends_at"),
    ({"method": None}, "method"),
    ({"winner_count": None}, "winner_count"),
    ({"prizes": None}, "prizes"),
    ({"prizes": []}, "prizes"),
    ({"prizes": [{**CODE, "name": ""}]}, "prizes[0].name"),
    ({"prizes": [CODE, {**CODE, "kind": ""}]}, "prizes[1].kind"),
    ({"prizes": [{**CODE, "value_cny": None}]}, "prizes[0].value_cny"),
    ({"claim_days": None}, "claim_days"),
    ({"organiser": None}, "organiser"),
    ({"organiser": " "}, "organiser"),
    ({"contact": None}, "contact"),
    ({"delivery": {"place": " "}}, "delivery.place"),
    ({"prizes": [{**CODE, "terms": ""}]}, "prizes[0].terms"),
    ({"prizes": [{**CODE, "terms": None}]}, "prizes[0].terms"),
    ({"prizes": [{**CODE, "valid_until": None}]}, "prizes[0].valid_until"),
    ({"criteria": [{"name": "立意", "weight": 1}, {"name": "", "weight": 0}]}, "criteria[1].name"),
]
# Values that a draft cannot have either.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"criteria": [{"name": "立意", "weight": 0.5}]}, "criteria", "sum_is_not_one"),
    ({"criteria": [{"name": "立意", "weight": 0.5}, {"name": "立意", "weight": 0.5}]}, "criteria[1].name", "repeated"),
    ({"criteria": [{"name": "长" * 41, "weight": 1}]}, "criteria[0].name", "too_long"),
    ({"criteria": [{"name": "立意", "weight": 1.5}]}, "criteria[0].weight", "out_of_range"),
    ({"criteria": [{"name": "立意", "weight": 0.9999999}]}, "criteria[0].weight", "too_precise"),
    ({"criteria": [{"name": f"{n}", "weight": 0.04} for n in range(25)]}, "criteria", "too_many"),
    ({"quorum": 0}, "quorum", "out_of_range"),
    ({"quorum": 51}, "quorum", "out_of_range"),
    ({"delivery": {"within_days": 0}}, "delivery.within_days", "out_of_range"),
    ({"tax_borne_by": "nobody"}, "tax_borne_by", "unknown_value"),
    ({"prizes": [{**CODE, "terms": "长" * 501}]}, "prizes[0].terms", "too_long"),
    ({"prizes": [{**CODE, "valid_until": "2026-09-01T00:00:00"}]}, "prizes[0].valid_until", "no_time_zone"),
]


@pytest.mark.parametrize(("change", "field"), MISSING, ids=[f"{change}"[:50] for change, _ in MISSING])
async def test_a_missing_required_value_is_reported_with_its_field(
    join: Join, change: dict[str, Any], field: str
) -> None:
    editor = join("编辑", roles=("editor",))
    draft = await editor("POST", "/admin/campaigns", terms(**change))
    assert draft.status_code == 201, draft.text
    path = f"/admin/campaigns/{draft.json()['id']}"
    preview = (await editor("GET", f"{path}/preview")).json()
    refused = await editor("POST", f"{path}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "campaign_incomplete")
    assert field in [error["field"] for error in refused.json()["errors"]]
    # The preview reports the same errors.
    assert preview["publishable"] is False
    assert preview["problems"] == refused.json()["errors"]


@pytest.mark.parametrize(("change", "field", "code"), WRONG, ids=[f"{field} {code}" for _, field, code in WRONG])
async def test_an_invalid_value_is_rejected_in_a_draft(
    join: Join, change: dict[str, Any], field: str, code: str
) -> None:
    refused = await join("编辑", roles=("editor",))("POST", "/admin/campaigns", terms(**change))
    assert refused.status_code in (400, 422), refused.text
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]
    assert all(error["message"] for error in refused.json()["errors"])


async def test_a_preview_of_an_incomplete_draft_contains_the_worth_of_engagement(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    draft = (await editor("POST", "/admin/campaigns", {"title": "读书月"})).json()
    preview = (await editor("GET", f"/admin/campaigns/{draft['id']}/preview")).json()
    assert preview["worth"] == [
        {"count": 10, "likes": "10.412420", "comments": "9.043022"},
        {"count": 50, "likes": "17.073231", "comments": "14.827832"},
        {"count": 200, "likes": "23.028629", "comments": "20.000000"},
    ]
    assert preview["publishable"] is False
    assert "【待填写】" in preview["text"]
    assert "2000年" not in preview["text"]


async def test_in_a_draw_engagement_is_worth_nothing(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    draft = (await editor("POST", "/admin/campaigns", terms(method="draw", beacon="福彩"))).json()
    preview = (await editor("GET", f"/admin/campaigns/{draft['id']}/preview")).json()
    assert (preview["worth"], preview["publishable"]) == ([], True)


async def test_the_preview_is_the_text_that_is_published(client: httpx.AsyncClient, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    whole = terms(
        shortlist_size=10,
        quorum=2,
        criteria=[{"name": "立意", "weight": 0.6}, {"name": "文采", "weight": 0.4}],
        prizes=[CODE, {"name": "戏票", "kind": "ticket", "per_winner": 2, "value_cny": 80}],
    )
    draft = (await editor("POST", "/admin/campaigns", whole)).json()
    preview = (await editor("GET", f"/admin/campaigns/{draft['id']}/preview")).json()
    assert (preview["publishable"], preview["problems"]) == (True, [])
    assert [advice["field"] for advice in preview["advice"]] == ["delivery.place", "weights.quality"]
    assert "【待填写】" not in preview["text"]
    answer = await editor("POST", f"/admin/campaigns/{draft['id']}/publish")
    assert (answer.status_code, answer.json()["advice"]) == (200, preview["advice"])
    rules = (await client.get(f"/campaigns/{draft['id']}/rules")).json()
    assert rules["text"] == preview["text"]
    assert rules["rules"]["criteria"] == [{"name": "立意", "weight": "0.6"}, {"name": "文采", "weight": "0.4"}]
    campaign = (await client.get(f"/campaigns/{draft['id']}")).json()
    assert (campaign["quorum"], campaign["tax_borne_by"]) == (2, "organiser")
    assert campaign["delivery"] == {"within_days": 30, "place": None}
    again = (await editor("GET", f"/admin/campaigns/{draft['id']}/preview")).json()
    assert (again["publishable"], again["text"]) == (True, preview["text"])


@pytest.mark.parametrize(
    ("changed", "advice"),
    [
        ({"shortlist_size": 5}, [("weights.quality", "no_jury")]),
        ({}, [("weights.quality", "no_jury"), ("shortlist_size", "marks_not_awaited")]),
        ({"weights": {"quality": 0, "likes": 1, "comments": 0}}, []),
        ({"reserve_count": 0, "method": "draw", "beacon": "福彩"}, [("reserve_count", "no_reserves")]),
    ],
)
async def test_advice_prevents_no_publication(
    join: Join, changed: dict[str, Any], advice: list[tuple[str, str]]
) -> None:
    editor = join("编辑", roles=("editor",))
    path = f"/admin/campaigns/{(await editor('POST', '/admin/campaigns', terms(**changed))).json()['id']}"
    preview = (await editor("GET", f"{path}/preview")).json()
    assert [(each["field"], each["code"]) for each in preview["advice"]] == advice
    assert preview["publishable"]
    published = await editor("POST", f"{path}/publish")
    assert published.status_code == 200
    assert published.json()["advice"] == preview["advice"]
    assert all(each["message"] for each in preview["advice"])


async def test_a_jury_or_a_mark_ends_the_advice_on_quality(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    draft = (await editor("POST", "/admin/campaigns", terms(shortlist_size=5))).json()
    juror = (await join("评委")("GET", "/me")).json()["id"]
    path = f"/admin/campaigns/{draft['id']}"
    assert (await editor("PUT", f"{path}/jurors", {"user_ids": [juror]})).status_code == 200
    assert (await editor("GET", f"{path}/preview")).json()["advice"] == []
    # By a mark of an editor, in a campaign without a jury.
    campaign = await publish(editor, shortlist_size=5, topic="音乐")
    entry = await post(join("小明"), "#音乐# 好")
    path = f"/admin/campaigns/{campaign}"
    assert (await editor("PUT", f"{path}/entries/{entry}/mark", {"score": 80})).status_code == 200
    assert (await editor("GET", f"{path}/preview")).json()["advice"] == []


async def test_a_draw_has_no_jury(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    juror = (await join("评委")("GET", "/me")).json()["id"]
    campaign = await publish(editor, method="draw", beacon="福彩")
    refused = await editor("PUT", f"/admin/campaigns/{campaign}/jurors", {"user_ids": [juror]})
    assert refused.status_code == 422
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [("user_ids", "draw_without_jury")]
    draft = (await editor("POST", "/admin/campaigns", terms(topic="音乐", beacon="福彩"))).json()
    path = f"/admin/campaigns/{draft['id']}"
    assert (await editor("PUT", f"{path}/jurors", {"user_ids": [juror]})).status_code == 200
    assert (await editor("PATCH", path, {"method": "draw"})).status_code == 200
    refused = await editor("POST", f"{path}/publish")
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [("method", "draw_without_jury")]
    assert (await editor("PUT", f"{path}/jurors", {"user_ids": []})).status_code == 200
    published = await editor("POST", f"{path}/publish")
    assert published.status_code == 200, published.text


async def test_the_claim_window_must_not_end_before_the_objections(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    now = datetime.now(UTC)
    for changed, found in (
        ({"claim_days": 3, "objection_days": 3}, []),
        ({"claim_days": 2, "objection_days": 3}, [("claim_days", "before_objections_end")]),
        ({"claim_days": 1, "objection_days": 0}, []),
        # 72 hours until the settlement, and three days of objections.
        ({"claim_ends_at": wire(now + 7 * 24 * HOUR + 2 * HOUR)}, []),
        ({"claim_ends_at": wire(now + 6 * 24 * HOUR)}, [("claim_ends_at", "too_early")]),
        # A draw may wait for its public value before.
        (
            {"claim_ends_at": wire(now + 7 * 24 * HOUR), "method": "draw", "beacon_order": ["drand"]},
            [("claim_ends_at", "too_early")],
        ),
    ):
        draft = (await editor("POST", "/admin/campaigns", terms(**changed))).json()
        answer = await editor("GET", f"/admin/campaigns/{draft['id']}/preview")
        assert [(e["field"], e["code"]) for e in answer.json()["problems"]] == found, changed


async def test_the_clauses_to_choose_from_are_in_the_config(client: httpx.AsyncClient, join: Join) -> None:
    licences = (await client.get("/config")).json()["licences"]
    campaign = await publish(join("编辑", roles=("editor",)), licence=licences[0]["key"])
    card = (await client.get(f"/campaigns/{campaign}")).json()
    assert (card["licence"], card["licence_text"]) == (licences[0]["key"], licences[0]["text"])
    rules = (await client.get(f"/campaigns/{campaign}/rules")).json()
    assert rules["rules"]["licence_text"] == licences[0]["text"]
    assert licences[0]["text"] in rules["text"]


async def test_the_preview_reports_an_end_in_the_past(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    past = {"starts_at": wire(datetime.now(UTC) - 3 * HOUR), "ends_at": wire(datetime.now(UTC) - HOUR)}
    draft = (await editor("POST", "/admin/campaigns", terms(**past))).json()
    preview = (await editor("GET", f"/admin/campaigns/{draft['id']}/preview")).json()
    assert [(error["field"], error["code"]) for error in preview["problems"]] == [("ends_at", "in_the_past")]


async def test_every_field_of_the_rules_is_on_the_card(client: httpx.AsyncClient, join: Join) -> None:
    campaign = await publish(join("编辑", roles=("editor",)))
    card = (await client.get(f"/campaigns/{campaign}")).json()
    rules = (await client.get(f"/campaigns/{campaign}/rules")).json()["rules"]
    assert rules.keys() <= card.keys()


async def test_equal_rules_make_no_new_version(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor)
    same = await editor("PATCH", f"/admin/campaigns/{campaign}", {"winner_count": 3, "delivery": {"within_days": 30}})
    assert same.json()["rules_version"] == 1
    richer = await editor("PATCH", f"/admin/campaigns/{campaign}", {"delivery": {"within_days": 10}})
    assert richer.json()["rules_version"] == 2
    poorer = await editor("PATCH", f"/admin/campaigns/{campaign}", {"delivery": {"within_days": 20}, "quorum": 2})
    assert poorer.json()["code"] == "campaign_running"
    assert [error["field"] for error in poorer.json()["errors"]] == ["quorum", "delivery"]
