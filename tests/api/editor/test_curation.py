"""What editors read about the hot list and topics."""

from feed.api.state import AppState
from tests.support import make
from tests.support.api import Join


async def test_actions_in_force_are_listed_also_of_posts_that_are_not_on_the_list(
    app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    first, second, third = [await make.post(app_state.pool) for _ in range(3)]
    for post, action in ((first, "pin"), (second, "suppress"), (third, "boost")):
        body = {"action": action, "reason": "测试", "until": "2099-01-01T00:00:00Z"}
        assert (await editor("PUT", f"/admin/hot/{post}", body)).status_code == 200
    await editor("DELETE", f"/admin/hot/{third}")
    listed = (await editor("GET", "/admin/hot")).json()["items"]
    assert [(each["post_id"], each["action"]) for each in listed] == [(str(second), "suppress"), (str(first), "pin")]


async def test_editors_find_topics_that_they_have_changed_hidden_ones_too(app_state: AppState, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    for name in ("甲", "乙", "丙", "丁"):
        await make.topic(app_state.pool, name)
    for name, change in (
        ("甲", {"state": "hidden"}),
        ("乙", {"alias_of": "丁"}),
        ("丙", {"review_chain": 2}),
    ):
        assert (await editor("PATCH", f"/admin/topics/{name}", change)).status_code == 200
    first = (await editor("GET", "/admin/topics?limit=2")).json()
    rest = (await editor("GET", f"/admin/topics?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["name"] for each in first["items"]] == ["丙", "乙"]
    assert [each["name"] for each in rest["items"]] == ["甲"]
    assert rest["next_cursor"] is None
    hidden = (await editor("GET", "/admin/topics/甲")).json()
    assert (hidden["state"], hidden["alias_of"], hidden["review_chain"]) == ("hidden", None, "publish_first")
    alias = (await editor("GET", "/admin/topics/乙")).json()
    assert (alias["alias_of"], alias["alias_of_id"] is None) == ("丁", False)
    unknown = await editor("GET", "/admin/topics/戊")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "topic_not_found")
