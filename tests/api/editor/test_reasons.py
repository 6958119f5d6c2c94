"""The reasons of voids, disqualifications and reinstatements: closed lists, which the configuration serves."""

from typing import Any

import pytest

from feed.api.state import AppState
from tests.support.api import Join
from tests.support.campaigns_api import my_id, post, publish


@pytest.mark.parametrize(
    ("purpose", "path", "body"),
    [
        ("void", "/voids", {"kinds": ["like"], "user_ids": ["USER"]}),
        ("void", "/voids", {"kinds": ["comment"], "post_id": "POST"}),
        ("disqualification", "/entries/POST/disqualify", {}),
        ("reinstatement", "/entries/POST/reinstate", {}),
    ],
)
async def test_a_reason_is_one_of_the_served_ones(join: Join, purpose: str, path: str, body: dict[str, Any]) -> None:
    editor, author = join("编辑", roles=("editor",)), join("小明")
    campaign = await publish(editor)
    entry = await post(author)
    ids = {"USER": await my_id(author), "POST": entry}

    def filled(value: Any) -> Any:
        return [filled(each) for each in value] if isinstance(value, list) else ids.get(value, value)

    path = path.replace("POST", entry)
    body = {name: filled(value) for name, value in body.items()}
    served = (await author("GET", "/config")).json()["reason_codes"]
    allowed = {each["code"] for each in served if purpose in each["applies_to"]}
    for code in ("own_code_7", "bad code!", "", "BOUGHT", 7, None, *({"fine"} - allowed)):
        rejected = await editor("POST", f"/admin/campaigns/{campaign}{path}", body | {"reason_code": code})
        assert rejected.status_code == 422, rejected.text
        (error,) = rejected.json()["errors"]
        assert (error["field"], error["code"]) == ("reason_code", "required" if code is None else "unknown_value")
        assert all(each in error["message"] for each in allowed) or code is None
    missing = await editor("POST", f"/admin/campaigns/{campaign}{path}", body)
    assert [(each["field"], each["code"]) for each in missing.json()["errors"]] == [("reason_code", "required")]
    for code in allowed:
        if purpose == "reinstatement":
            out = await editor(
                "POST", f"/admin/campaigns/{campaign}/entries/{entry}/disqualify", {"reason_code": "spam"}
            )
            assert out.status_code == 200, out.text
        accepted = await editor("POST", f"/admin/campaigns/{campaign}{path}", body | {"reason_code": code})
        assert accepted.status_code in (200, 201), accepted.text
        if purpose == "disqualification":
            mine = (await author("GET", f"/campaigns/{campaign}/me")).json()["entries"]
            assert mine[0]["disqualified_reason"] == code
            back = {"reason_code": "mistaken"}
            await editor("POST", f"/admin/campaigns/{campaign}/entries/{entry}/reinstate", back)


async def test_a_code_of_an_earlier_version_is_shown_to_its_author_as_another_reason(
    app_state: AppState, join: Join
) -> None:
    editor, author = join("编辑", roles=("editor",)), join("小明")
    campaign = await publish(editor)
    entry = await post(author)
    await editor("POST", f"/admin/campaigns/{campaign}/entries/{entry}/disqualify", {"reason_code": "spam"})
    await app_state.pool.execute("UPDATE entries SET disqualified_reason = 'own_code_7'")
    (mine,) = (await author("GET", f"/campaigns/{campaign}/me")).json()["entries"]
    assert mine["disqualified_reason"] == "other"
    (seen,) = (await editor("GET", f"/admin/campaigns/{campaign}/entries")).json()["items"]
    assert seen["disqualified"]["reason_code"] == "own_code_7"
