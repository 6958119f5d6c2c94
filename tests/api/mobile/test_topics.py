"""Endpoints of topics: trends, search, aliases, and changes by editors."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from feed.curation.trends import count_trends
from feed.screens.posts import hot_lists, pages
from feed.screens.posts import topics as screen
from tests.support.api import Join, Person
from tests.support.campaigns_api import publish, terms


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disables the caches, so that a test reads its own writes."""
    for module, name in ((pages, "CACHE_SECONDS"), (hot_lists, "_CACHE_SECONDS"), (screen, "_CACHE_SECONDS")):
        monkeypatch.setattr(module, name, 0.0)


async def say(person: Person, text: str) -> str:
    answer = await person("POST", "/posts", {"text": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def names(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"/topics{query}")
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def posts(client: httpx.AsyncClient, name: str, query: str = "") -> list[str]:
    answer = await client.get(f"/topics/{name}/posts{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def change(editor: Person, name: str, **to: Any) -> Any:
    answer = await editor("PATCH", f"/admin/topics/{name}", to)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_many_authors_count_more_than_many_posts(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    assert await names(client) == []
    busy = join("大嗓门")
    for n in range(6):
        await say(busy, f"{n} #刷屏#")
    for n in range(3):
        await say(join(f"人{n}"), "#众人# 好")
    assert await count_trends(app_state.pool) == 2
    listed = (await client.get("/topics?sort=trending")).json()["items"]
    assert [(each["name"], each["author_count"], each["post_count"]) for each in listed] == [
        ("众人", 3, 3),
        ("刷屏", 1, 6),
    ]
    # Without new engagement no row changes.
    assert await count_trends(app_state.pool) == 0


async def test_accounts_of_one_person_count_once(client: httpx.AsyncClient, app_state: AppState, join: Join) -> None:
    for n in range(5):
        await say(join(f"分身{n}", phone="+8613900000000"), "#水军#")
    for n in range(2):
        await say(join(f"人{n}"), "#真人#")
    await count_trends(app_state.pool)
    assert await names(client) == ["真人", "水军"]


async def test_engagement_counts_decays_and_old_topics_are_removed(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    first, second = await say(join("甲"), "#甲#"), await say(join("乙"), "#乙#")
    await join("丙")("PUT", f"/posts/{first}/like")
    await count_trends(app_state.pool)
    assert await names(client) == ["甲", "乙"]
    # One like is worth less than a day.
    await age(app_state, first, timedelta(hours=24))
    await count_trends(app_state.pool)
    assert await names(client) == ["乙", "甲"]
    await age(app_state, first, timedelta(days=4))
    await app_state.pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", int(second))
    assert await count_trends(app_state.pool) == 2
    assert await names(client) == []


async def age(app_state: AppState, post_id: str, by: timedelta) -> None:
    await app_state.pool.execute("UPDATE posts SET published_at = now() - $2::interval WHERE id = $1", int(post_id), by)


async def test_emptied_trends_are_computed_again(client: httpx.AsyncClient, app_state: AppState, join: Join) -> None:
    await say(join("甲"), "#甲#")
    await count_trends(app_state.pool)
    await app_state.pool.execute("DELETE FROM topic_trends")
    assert await names(client) == []
    await asyncio.gather(*(count_trends(app_state.pool) for _ in range(4)))
    assert await names(client) == ["甲"]


async def test_a_search_finds_by_the_beginning_of_the_key(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    ming = join("小明")
    await say(ming, "#读书# #读书会# #深圳读书# #Ｒｕｎ深圳# #run# #走路#")
    await join("小红")("POST", "/posts", {"text": "#读书会#"})
    assert await names(client, "?q=读书") == ["读书", "读书会"]
    await count_trends(app_state.pool)
    assert await names(client, "?q=读书&sort=trending") == ["读书会", "读书"]
    # Like keys of topics: in any width and case, with or without a mark.
    assert sorted(await names(client, "?q=RU")) == ["run", "Ｒｕｎ深圳"]
    assert sorted(await names(client, "?q=%23ＲＵ")) == ["run", "Ｒｕｎ深圳"]
    for nothing in ("书", "%25", "_", "无"):
        assert await names(client, f"?q={nothing}") == []
    for bad, field in (("q=" + "长" * 41, "q"), ("q=%00", "q"), ("sort=latest", "sort"), ("limit=0", "limit")):
        answer = await client.get(f"/topics?{bad}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), bad


async def test_the_list_of_topics_pages_through_a_snapshot(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    for n in range(7):
        for m in range(7 - n):
            await say(join(f"人{m}"), f"#题{n}#")
    await count_trends(app_state.pool)
    whole = await names(client)
    assert whole == [f"题{n}" for n in range(7)]
    for path in ("/topics?limit=3", "/topics?q=题&limit=3"):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await client.get(f"{path}{cursor and '&cursor='}{cursor}")).json()
            seen += [item["name"] for item in page["items"]]
            cursor = page["next_cursor"]
            for m in range(3):
                await say(join(f"又{m}"), "#题6#")
            await count_trends(app_state.pool)
        assert sorted(seen) == whole, path
    first = (await client.get("/topics?limit=3")).json()["next_cursor"]
    assert (await client.get(f"/topics?q=题&cursor={first}")).json()["code"] == "cursor_invalid"
    await app_state.redis.flushdb()
    assert (await client.get(f"/topics?cursor={first}")).json()["code"] == "cursor_expired"


async def test_a_no_trend_topic_is_found_but_not_trending(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    post = await say(join("小明"), "#读书#")
    await count_trends(app_state.pool)
    assert (await change(editor, "读书", state="no_trend"))["state"] == "no_trend"
    assert await names(client) == []
    assert await names(client, "?q=读") == ["读书"]
    assert await posts(client, "读书") == [post]
    await change(editor, "读书", state="allowed")
    assert await names(client) == ["读书"]


async def test_a_hidden_topic_is_not_found(client: httpx.AsyncClient, app_state: AppState, join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    post = await say(ming, "#读书#")
    await count_trends(app_state.pool)
    await change(editor, "读书", state="hidden")
    assert await names(client) == []
    assert await names(client, "?q=读") == []
    for path in ("/topics/读书", "/topics/读书/posts", "/topics/读书/posts?sort=hot"):
        assert (await client.get(path)).json()["code"] == "topic_not_found"
    # Its posts stay visible, and new posts may have it.
    assert (await client.get(f"/posts/{post}")).status_code == 200
    more = await say(ming, "#读书# 又一条")
    await change(editor, "读书", state="allowed")
    assert await posts(client, "读书") == [more, post]


async def test_a_closed_topic_accepts_no_new_posts_and_keeps_the_old(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    old = await say(ming, "#读书#")
    await count_trends(app_state.pool)
    await change(editor, "读书", state="closed")
    assert await names(client) == []
    text = "晚了 #读书# #电影#"
    late = (await ming("POST", "/posts", {"text": text})).json()
    # The mention is plain text.
    assert (late["text"], [topic["name"] for topic in late["topics"]]) == (text, ["电影"])
    assert await posts(client, "读书") == [old]
    assert await posts(client, "电影") == [late["id"]]
    # An edited post keeps the closed topic, and cannot get it by an edit.
    await ming("PATCH", f"/posts/{old}", {"text": "改过 #读书#"})
    await ming("PATCH", f"/posts/{late['id']}", {"text": "再试 #读书#"})
    assert await posts(client, "读书") == [old]
    await change(editor, "读书", state="allowed")
    assert await posts(client, "读书") == [old]
    await ming("PATCH", f"/posts/{late['id']}", {"text": "再试一次 #读书#"})
    assert await posts(client, "读书") == [late["id"], old]


async def test_the_topic_of_a_campaign_that_has_not_ended_cannot_be_closed(app_state: AppState, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor)
    refused = await editor("PATCH", "/admin/topics/读书", {"state": "closed"})
    assert (refused.status_code, refused.json()["code"]) == (409, "topic_in_campaign")
    await app_state.pool.execute(
        "UPDATE campaigns SET ends_at = now() - interval '1 second' WHERE id = $1", int(campaign)
    )
    await change(editor, "读书", state="closed")
    # A campaign cannot be published on a closed topic.
    draft = (await editor("POST", "/admin/campaigns", terms(shares_topic=True))).json()["id"]
    refused = await editor("POST", f"/admin/campaigns/{draft}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "campaign_incomplete")
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("topic", "closed_topic")]


async def test_an_alias_resolves_to_its_topic(client: httpx.AsyncClient, app_state: AppState, join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    one, other = await say(ming, "#读书#"), await say(join("小红"), "#阅读#")
    both = await say(ming, "#读书# #阅读#")
    read = (await client.get("/topics/读书")).json()
    changed = await change(editor, "阅读", alias_of="读书")
    assert (changed["state"], changed["alias_of_id"]) == ("allowed", read["id"])
    await count_trends(app_state.pool)
    for name in ("读书", "阅读"):
        assert (await client.get(f"/topics/{name}")).json()["id"] == read["id"]
        for sort in ("latest", "hot"):
            assert await posts(client, name, f"?sort={sort}") == [both, other, one]
    first = (await client.get("/topics/阅读/posts?limit=2")).json()
    rest = (await client.get(f"/topics/读书/posts?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [both, other, one]
    assert await names(client) == ["读书"]
    assert await names(client, "?q=阅") == ["读书"]
    assert (await client.get("/topics")).json()["items"][0]["author_count"] == 2
    # A post keeps the name that its author wrote.
    assert (await client.get(f"/posts/{other}")).json()["topics"][0]["name"] == "阅读"
    # A change of the state keeps the alias; null removes it.
    assert (await change(editor, "阅读", state="no_trend"))["alias_of_id"] == read["id"]
    assert (await change(editor, "阅读", alias_of=None))["alias_of_id"] is None
    assert await posts(client, "阅读") == [both, other]
    assert await posts(client, "读书") == [both, one]


async def test_a_hidden_alias_adds_no_posts_to_its_topic(client: httpx.AsyncClient, join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    one = await say(ming, "#读书#")
    await say(ming, "#坏词#")
    await change(editor, "坏词", state="hidden", alias_of="读书")
    assert await posts(client, "读书") == [one]
    assert (await client.get("/topics/坏词")).status_code == 404
    await change(editor, "坏词", state="allowed")
    await change(editor, "读书", state="hidden")
    assert (await client.get("/topics/坏词")).status_code == 404


async def test_no_alias_resolves_to_an_alias_under_concurrent_changes(app_state: AppState, join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    await say(ming, "#甲# #乙# #丙#")
    await change(editor, "甲", alias_of="乙")
    # Aliases of the changed topic become aliases of its target.
    await change(editor, "乙", alias_of="丙")
    assert await chains(app_state) == 0
    refused = await editor("PATCH", "/admin/topics/丙", {"alias_of": "甲"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "invalid_value")
    for name in ("甲", "乙"):
        await change(editor, name, alias_of=None)
    pairs = [("甲", "乙"), ("乙", "丙"), ("丙", "甲")] * 2
    answers = await asyncio.gather(
        *(editor("PATCH", f"/admin/topics/{name}", {"alias_of": target}) for name, target in pairs)
    )
    assert {answer.status_code for answer in answers} <= {200, 422}
    assert await chains(app_state) == 0


async def chains(app_state: AppState) -> int:
    return int(
        await app_state.pool.fetchval(
            "SELECT count(*) FROM topics JOIN topics AS target ON target.id = topics.alias_of WHERE target.alias_of IS NOT NULL"
        )
    )


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"state": "loud"}, 422, "state"),
        ({"alias_of": "没有"}, 422, "alias_of"),
        ({"alias_of": "读书"}, 422, "alias_of"),
        ({"alias_of": "a\0"}, 422, "alias_of"),
        ({"state": 1}, 422, "state"),
        ({"state": None}, 422, "state"),
    ],
)
async def test_an_invalid_change_of_a_topic_is_rejected(
    join: Join, app_state: AppState, body: dict[str, Any], status: int, field: str | None
) -> None:
    editor = join("编辑", roles=("editor",))
    await say(join("小明"), "#读书#")
    answer = await editor("PATCH", "/admin/topics/读书", body)
    assert answer.status_code == status, answer.text
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'topic.change'") == 0


async def test_only_changes_are_in_the_audit_log(join: Join, app_state: AppState) -> None:
    editor = join("编辑", roles=("editor",))
    await say(join("小明"), "#读书#")
    for _ in range(2):
        await change(editor, "读书", state="no_trend")
    await change(editor, "读书")
    rows = await app_state.pool.fetch("SELECT detail FROM audit WHERE action = 'topic.change'")
    assert [row["detail"] for row in rows] == [{"state": "no_trend", "alias_of": ""}]
    assert (await editor("PATCH", "/admin/topics/没有", {"state": "closed"})).json()["code"] == "topic_not_found"


async def test_the_hot_list_of_a_topic_contains_old_posts_with_engagement_and_the_newest(
    client: httpx.AsyncClient, join: Join
) -> None:
    first = await say(join("甲"), "#读书# 一")
    rest = [await say(join(f"人{n}"), "#读书#") for n in range(4)]
    away = await say(join("乙"), "#电影#")
    for n in range(3):
        for post in (first, away):
            await join(f"粉{n}")("PUT", f"/posts/{post}/like")
    assert await posts(client, "读书", "?sort=hot") == [first, *rest[::-1]]
    busy = join("忙人")
    for n in range(6):
        await say(busy, f"#读书# {n}")
    mine = int((await busy("GET", "/me")).json()["id"])
    shown = (await client.get("/topics/读书/posts?sort=hot&limit=6")).json()["items"]
    assert sum(int(item["author"]["id"]) == mine for item in shown) == 2


@pytest.mark.parametrize("path", ["/topics/a%00b", "/topics/%ED%A0%80/posts", "/topics/%00/posts?sort=hot"])
async def test_text_that_cannot_be_a_name_is_not_found(client: httpx.AsyncClient, join: Join, path: str) -> None:
    assert (await client.get(path)).status_code == 404
    editor = join("编辑", roles=("editor",))
    assert (await editor("PATCH", "/admin" + path.removesuffix("/posts"), {})).status_code in (404, 405)


async def test_a_hidden_mark_leads_to_the_same_topic_everywhere(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    campaign = await publish(editor, topic="我❤深圳")
    written = [
        await say(ming, text) for text in ("#我❤深圳#", "#我❤\ufe0f深圳#", "#我❤\u200b深圳# 好", "#\u2060我❤深圳")
    ]
    await count_trends(app_state.pool)
    assert len(await names(client)) == 1
    for name in ("我❤深圳", "我❤\ufe0f深圳", "我\u00ad❤深圳"):
        assert (await client.get(f"/topics/{name}")).json()["name"] == "我❤深圳"
        assert await posts(client, name) == written[::-1]
        assert await names(client, f"?q={name[:2]}") == ["我❤深圳"]
    listed = (await client.get(f"/campaigns/{campaign}/posts")).json()["items"]
    assert {item["id"] for item in listed} == set(written)
    # Each post shows what its author typed.
    assert (await client.get(f"/posts/{written[1]}")).json()["topics"][0]["name"] == "我❤\ufe0f深圳"
    await say(ming, "#狗# 好")
    await change(editor, "狗", alias_of="我❤\u200d深圳")
    assert (await client.get("/topics/狗")).json()["name"] == "我❤深圳"


async def test_the_name_of_a_topic_reorders_nothing_for_others(client: httpx.AsyncClient, join: Join) -> None:
    await say(join("小明"), "#深\u200e圳\u2060湾#")
    assert (await client.get("/topics/深圳湾")).json()["name"] == "深圳湾"


async def test_topics_that_a_post_does_not_get_are_named_in_the_answer(join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    text = " ".join(f"#话题{n}#" for n in range(10))
    answer = await ming("POST", "/posts", {"text": text})
    assert "topics_dropped" not in answer.json()
    for again in (" #话题3#", " #话题3\u200b#"):
        assert "topics_dropped" not in (await ming("POST", "/posts", {"text": text + again})).json()
    key = {"idempotency-key": "eleven"}
    for _ in range(2):
        answer = await ming("POST", "/posts", {"text": f"{text} #第十一# #话题1# #第十二#"}, headers=key)
        assert answer.status_code == 201
        assert answer.json()["topics_dropped"] == [
            {"name": "第十一", "reason": "too_many"},
            {"name": "第十二", "reason": "too_many"},
        ]
        assert len({topic["name"] for topic in answer.json()["topics"]}) == 10
    await change(editor, "话题2", state="closed")
    edited = await join("小红")("POST", "/posts", {"text": "好"})
    edited = await join("小红")("PATCH", f"/posts/{edited.json()['id']}", {"text": f"{text} #第十一#"})
    assert edited.json()["topics_dropped"] == [
        {"name": "话题2", "reason": "closed"},
        {"name": "第十一", "reason": "too_many"},
    ]


@pytest.mark.parametrize("hidden_by", ["removed", "deleted"])
async def test_a_topic_that_no_visible_post_has_has_no_page_and_no_word_of_it_is_found(
    client: httpx.AsyncClient, app_state: AppState, join: Join, hidden_by: str
) -> None:
    ming, reviewer, stranger = join("小明"), join("审核", roles=("reviewer",)), join("路人")
    post = await say(ming, "#只此一条#")
    topic_id = (await client.get("/topics/只此一条")).json()["id"]
    report = {"target": {"kind": "topic", "id": topic_id}, "reason_code": "spam"}
    target = {"target": {"kind": "post", "id": post}, "reason_code": "spam"}
    if hidden_by == "removed":
        assert (await reviewer("POST", "/moderation/takedowns", target)).status_code == 201
    else:
        await ming("DELETE", f"/posts/{post}")
    assert await names(client, "?q=只此") == []
    for path in ("/topics/只此一条", "/topics/只此一条/posts", "/topics/只此一条/posts?sort=hot"):
        assert (await client.get(path)).json()["code"] == "topic_not_found"
    assert (await stranger("POST", "/reports", report)).json()["code"] == "topic_not_found"
    if hidden_by == "removed":
        assert (
            await reviewer("DELETE", "/moderation/takedowns", target | {"reason_code": "mistaken"})
        ).status_code < 300
    else:
        post = await say(ming, "#只此一条# 又有了")
    assert await names(client, "?q=只此") == ["只此一条"]
    assert await posts(client, "只此一条") == [post]
    assert (await stranger("POST", "/reports", report)).status_code == 201


async def test_an_alias_leads_to_its_topic_although_no_post_has_the_alias(
    client: httpx.AsyncClient, join: Join
) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    post, other = await say(ming, "#读书#"), await say(ming, "#看书#")
    await change(editor, "看书", alias_of="读书")
    await ming("DELETE", f"/posts/{other}")
    assert await posts(client, "看书") == [post]
    assert await names(client, "?q=看") == ["读书"]
    # The other way round: the only posts are under the alias.
    other = await say(ming, "#看书# 再来")
    await ming("DELETE", f"/posts/{post}")
    assert await posts(client, "读书") == [other]
    assert await names(client, "?q=读") == ["读书"]
