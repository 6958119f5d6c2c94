"""The list of campaigns by topic and by participation, and the campaigns of a topic."""

from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from tests.support import make
from tests.support.api import Join, Person
from tests.support.campaigns_api import close, post, publish


async def titles(asker: Any, query: str) -> list[str]:
    answer = await asker("GET", f"/campaigns{query}")
    assert answer.status_code == 200, answer.text
    return [each["title"] for each in answer.json()["items"]]


@pytest.fixture
async def editor(join: Join) -> Person:
    return join("编辑", roles=("editor",))


@pytest.mark.parametrize(
    "spelling",
    ["读书 Club", "读书 club", "%23读书CLUB%23", "读书ＣＬＵＢ", "＃读书Club＃", "书友", "%23书友", "读书\u200bClub"],
)
async def test_campaigns_are_found_by_any_spelling_of_their_topic_and_by_its_aliases(
    join: Join, editor: Person, spelling: str
) -> None:
    await publish(editor, topic="读书Club", title="读书")
    await publish(editor, topic="夜跑", title="夜跑")
    await post(join("小明"), "#书友# 好")
    alias = await editor("PATCH", "/admin/topics/书友", {"alias_of": "读书Club"})
    assert alias.status_code == 200, alias.text
    assert await titles(join("小红"), f"?topic={spelling.replace(' ', '')}") == ["读书"]


async def test_an_unknown_a_hidden_and_an_impossible_topic_have_no_campaigns(join: Join, editor: Person) -> None:
    reader = join("小红")
    await publish(editor, topic="读书")
    for topic in ("没有", "", "a%20b", "%00", "%23%23", "长" * 60):
        assert await titles(reader, f"?topic={topic}") == []
    assert (await reader("GET", f"/campaigns?topic={'a' * 2000}")).status_code == 422


async def test_a_topic_names_its_open_campaigns(app_state: AppState, join: Join, editor: Person) -> None:
    reader = join("小红")
    ended = await publish(editor, topic="读书", title="上一届")
    await close(app_state, ended)
    running = await publish(editor, topic="读书", title="这一届", shares_topic=True)
    await editor("POST", "/admin/campaigns", {"title": "草稿", "topic": "读书"})
    await publish(editor, topic="夜跑", title="别的")
    page = (await reader("GET", "/topics/读书")).json()
    assert page["campaigns"] == [{"id": running, "title": "这一届"}]
    await post(join("小明"), "#书友# 好")
    await editor("PATCH", "/admin/topics/书友", {"alias_of": "读书"})
    assert (await reader("GET", "/topics/书友")).json() == (await reader("GET", "/topics/读书")).json()
    # The list of topics does not read them.
    assert "campaigns" not in (await reader("GET", "/topics?q=读书")).json()["items"][0]


async def test_own_campaigns_are_those_that_the_person_takes_part_in(
    app_state: AppState, join: Join, editor: Person, client: httpx.AsyncClient
) -> None:
    author, other = join("小明", phone="+8613900000001"), join("小明二", phone="+8613900000001")
    await publish(editor, topic="读书", title="读书")
    await publish(editor, topic="夜跑", title="夜跑")
    await publish(editor, topic="摄影", title="摄影")
    await post(author, "#读书# 好")
    await post(other, "#夜跑# 好")
    await post(join("小红"), "#摄影# 好")
    await author("GET", "/me")
    assert await titles(author, "?mine=true") == ["夜跑", "读书"]
    assert await titles(author, "?mine=true&topic=读书&state=open") == ["读书"]
    assert await titles(author, "?mine=true&topic=摄影") == []
    assert await titles(author, "?mine=true&state=closed") == []
    assert await titles(author, "?mine=false") == ["摄影", "夜跑", "读书"]
    answer = await author("GET", "/campaigns?mine=true")
    assert "private" in answer.headers["cache-control"]
    anonymous = await client.get("/campaigns?mine=true")
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "unauthenticated")


async def test_a_comment_and_a_like_take_part_in_the_draws_that_they_enter(
    app_state: AppState, join: Join, editor: Person
) -> None:
    author = join("小明")
    announcement = await post(editor, "抽奖")
    for entry_by in ("comment", "like"):
        await publish(
            editor,
            topic=f"抽奖{entry_by}",
            title=entry_by,
            method="draw",
            entry_by=entry_by,
            announcement_post_id=announcement,
            beacon="中国福利彩票双色球",
        )
    assert await titles(author, "?mine=true") == []
    await author("PUT", f"/posts/{announcement}/like")
    assert await titles(author, "?mine=true") == ["like"]
    await author("POST", f"/posts/{announcement}/comments", {"text": "参加"})
    assert await titles(author, "?mine=true") == ["like", "comment"]
    await author("DELETE", f"/posts/{announcement}/like")
    assert await titles(author, "?mine=true") == ["comment"]


async def test_a_filtered_list_is_paged_with_cursors_of_its_own(join: Join, editor: Person) -> None:
    reader, other = join("小红"), join("小明")
    for n in range(3):
        await publish(editor, topic=f"读书{n}", title=f"第{n}届")
    for n in range(3):
        await post(reader, f"#读书{n}# 好")
        await post(other, f"#读书{n}# 好")
    found, cursor = [], ""
    while True:
        page = (await reader("GET", f"/campaigns?mine=true&limit=1{cursor}")).json()
        found += [each["title"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        for query in ("?limit=1", "?mine=true&state=open", "?mine=true&topic=读书1", "?topic=读书1"):
            foreign = await reader("GET", f"/campaigns{query}{cursor}")
            assert (foreign.status_code, foreign.json()["code"]) == (400, "cursor_invalid")
        theirs = await other("GET", f"/campaigns?mine=true{cursor}")
        assert (theirs.status_code, theirs.json()["code"]) == (400, "cursor_invalid")
    assert found == ["第2届", "第1届", "第0届"]


async def test_ended_selects_what_takes_no_entries_any_more(client: httpx.AsyncClient, app_state: AppState) -> None:
    now = make.now()
    made = [
        str(await make.campaign(app_state.pool, starts_at=start, ends_at=start + 2 * make.DAY))
        for start in (now - 9 * make.DAY, now - make.DAY, now + make.DAY)
    ]
    cancelled = str(await make.campaign(app_state.pool, state="cancelled"))
    first = (await client.get("/campaigns?ended=true&limit=1")).json()
    assert [each["id"] for each in first["items"]] == [cancelled]
    after = {"ended": True, "cursor": first["next_cursor"]}
    assert [each["id"] for each in (await client.get("/campaigns", params=after)).json()["items"]] == [made[0]]
    # A cursor belongs to its list, and an open campaign is none that has ended.
    assert (await client.get("/campaigns", params={"cursor": first["next_cursor"]})).status_code == 400
    assert (await client.get("/campaigns?ended=true&state=open")).json()["items"] == []
