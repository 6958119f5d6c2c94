"""Two editors of the same campaign: a change is bound to the fields that its editor has read."""

from typing import Any

from tests.support.api import Join
from tests.support.campaigns_api import publish, terms


async def test_a_change_of_fields_that_others_have_changed_meanwhile_is_refused(join: Join) -> None:
    first, second = join("编辑甲", roles=("editor",)), join("编辑乙", roles=("editor",))
    read = (await first("POST", "/admin/campaigns", terms(winner_count=3))).json()
    path, basis = f"/admin/campaigns/{read['id']}", read["content_sha256"]
    changed = await second("PATCH", f"{path}?content_sha256={basis}", {"winner_count": 5})
    assert (changed.status_code, changed.json()["winner_count"]) == (200, 5)
    assert changed.json()["content_sha256"] != basis
    refused = await first("PATCH", f"{path}?content_sha256={basis}", {"winner_count": 2, "title": "读书周"})
    assert (refused.status_code, refused.json()["code"]) == (409, "campaign_edited")
    now = (await first("GET", path)).json()
    assert (now["winner_count"], now["title"]) == (5, "读书月")
    # A repeated request finds what it wanted.
    repeated = await second("PATCH", f"{path}?content_sha256={basis}", {"winner_count": 5})
    assert repeated.json() == now


async def test_published_rules_and_proposals_are_bound_to_what_was_read_too(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    path = f"/admin/campaigns/{await publish(editor)}"
    basis = (await editor("GET", path)).json()["content_sha256"]
    assert (await editor("PATCH", f"{path}?content_sha256={basis}", {"winner_count": 5})).status_code == 200
    for method, rest in (("PATCH", ""), ("PUT", "/proposal")):
        refused = await editor(method, f"{path}{rest}?content_sha256={basis}", {"winner_count": 6})
        assert (refused.status_code, refused.json()["code"]) == (409, "campaign_edited")
    assert (await editor("GET", path)).json()["rules_version"] == 2


async def test_a_draft_is_published_as_it_was_read(join: Join) -> None:
    first, second = join("编辑甲", roles=("editor",)), join("编辑乙", roles=("editor",))
    read = (await first("POST", "/admin/campaigns", terms(winner_count=3))).json()
    path, basis = f"/admin/campaigns/{read['id']}", read["content_sha256"]
    changed = (await second("PATCH", path, {"winner_count": 5})).json()
    refused = await first("POST", f"{path}/publish?content_sha256={basis}")
    assert (refused.status_code, refused.json()["code"]) == (409, "campaign_edited")
    assert (await first("GET", path)).json()["state"] == "draft"
    made = await first("POST", f"{path}/publish?content_sha256={changed['content_sha256']}")
    assert (made.status_code, made.json()["winner_count"]) == (200, 5)


async def test_a_basis_that_is_no_hash_is_named(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    made: Any = (await editor("POST", "/admin/campaigns", terms())).json()
    for basis in ("", "x", "A" * 64, "0" * 65):
        refused = await editor("PATCH", f"/admin/campaigns/{made['id']}?content_sha256={basis}", {"winner_count": 2})
        assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, ["content_sha256"])
