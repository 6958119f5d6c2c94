"""Filters of the queue and of leases: each alone, combined, and by a pasted link."""

from itertools import combinations
from typing import Any

import pytest

from tests.support.api import Join, Person
from tests.support.campaigns_api import publish

READING, RUNNING = "今天读完一本书 #读书#", "跑了十公里 #跑步#"


class Queue:
    """Two posts by two authors, of which one is an entry of a campaign, with a comment each."""

    def __init__(self, ming: Person, hong: Person, reviewer: Person) -> None:
        self.ming, self.hong, self.reviewer = ming, hong, reviewer

    async def fill(self, editor: Person) -> None:
        self.campaign = await publish(editor)
        self.posts = [
            (await person("POST", "/posts", {"text": text})).json()
            for person, text in ((self.ming, READING), (self.hong, RUNNING))
        ]
        self.comments = [
            (await person("POST", f"/posts/{post['id']}/comments", {"text": "真好"})).json()
            for person, post in zip((self.hong, self.ming), self.posts, strict=True)
        ]

    async def found(self, **query: Any) -> set[str]:
        """The ids of the subjects in the list, which are those of a lease with the same filters."""
        answer = await self.reviewer("GET", "/moderation/cases", params=query)
        assert answer.status_code == 200, answer.text
        listed = {case["subject"]["id"] for case in answer.json()["items"]}
        body = {name: int(value) if name == "stage" else value for name, value in query.items()}
        leased = (await self.reviewer("POST", "/moderation/cases/lease", {"count": 20} | body)).json()["items"]
        assert {case["subject"]["id"] for case in leased} == listed
        for case in leased:
            await self.reviewer("POST", f"/moderation/cases/{case['id']}/release")
        return listed


@pytest.fixture
async def queue(join: Join) -> Queue:
    made = Queue(join("小明"), join("小红"), join("审核", roles=("reviewer",)))
    await made.fill(join("编辑", roles=("editor",)))
    return made


async def test_each_filter_and_each_two_of_them_select_in_list_and_lease(queue: Queue) -> None:
    (first, second), (under_first, under_second) = (
        [each["id"] for each in items] for items in (queue.posts, queue.comments)
    )
    everything = {first, second, under_first, under_second}
    ming = queue.posts[0]["author"]["id"]
    selected: dict[tuple[str, Any], set[str]] = {
        ("kind", "post"): {first, second},
        ("kind", "comment"): {under_first, under_second},
        ("kind", "appeal"): set(),
        ("stage", "1"): everything,
        ("stage", "2"): set(),
        ("campaign_id", queue.campaign): {first, under_first},
        ("topic", "读书"): {first, under_first},
        ("topic", "没有这个话题"): set(),
        ("has_media", False): everything,
        ("has_media", True): set(),
        ("subject_id", first): {first},
        ("subject_id", under_second): {under_second},
        ("subject_id", ming): set(),
        ("author_id", ming): {first, under_second},
        ("link", queue.posts[1]["share_url"]): {second},
    }
    for (name, value), ids in selected.items():
        assert await queue.found(**{name: value}) == ids, (name, value)
    for one, other in combinations(selected, 2):
        if one[0] != other[0] and {one[0], other[0]} != {"link", "subject_id"}:
            assert await queue.found(**dict([one, other])) == selected[one] & selected[other], (one, other)


async def test_a_pasted_link_selects_what_it_leads_to(queue: Queue) -> None:
    (post, other), (comment, _) = queue.posts, queue.comments
    base = post["share_url"].rpartition("/p/")[0]
    for link, expected in {
        post["share_url"]: {post["id"]},
        f"看看这条：{post['share_url']}?from=wechat 违规了": {post["id"]},
        f"{base}/posts/{post['id']}?comment_id={comment['id']}": {comment["id"]},
        f"{base}/users/{other['author']['id']}": {other["id"], comment["id"]},
        f"{base}/topics/读书": {post["id"], comment["id"]},
        f"{base}/campaigns/{queue.campaign}": {post["id"], comment["id"]},
        f"{base}/posts/1": set(),
    }.items():
        assert await queue.found(link=link) == expected, link


async def test_filters_that_contradict_the_link_select_nothing(queue: Queue) -> None:
    post, other = queue.posts
    assert await queue.found(link=post["share_url"], subject_id=other["id"]) == set()
    assert await queue.found(link=post["share_url"], subject_id=post["id"]) == {post["id"]}


async def test_a_link_to_another_site_and_an_id_that_is_none_are_errors_of_their_field(queue: Queue) -> None:
    for query in ({"link": "https://example.com/p/1"}, {"link": "你好"}, {"subject_id": "x"}, {"author_id": "0"}):
        for answer in (
            await queue.reviewer("GET", "/moderation/cases", params=query),
            await queue.reviewer("POST", "/moderation/cases/lease", query),
        ):
            assert answer.status_code == 422, answer.text
            assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(*query, "not_found")]


async def test_pages_of_a_filtered_list_follow_each_other_and_are_of_that_filter_only(queue: Queue) -> None:
    for state in ("open", "closed"):
        query = {"author_id": queue.posts[0]["author"]["id"], "state": state, "limit": 1}
        seen: list[str] = []
        cursor = None
        while True:
            page = (
                await queue.reviewer("GET", "/moderation/cases", params=query | ({"cursor": cursor} if cursor else {}))
            ).json()
            seen += [case["subject"]["id"] for case in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
            other = await queue.reviewer("GET", "/moderation/cases", params={"state": state, "cursor": cursor})
            assert other.json()["code"] == "cursor_invalid"
        assert sorted(seen) == sorted([queue.posts[0]["id"], queue.comments[1]["id"]])
        for case in (await queue.reviewer("GET", "/moderation/cases")).json()["items"]:
            body = {"verdict": "approve", "version": case["version"]}
            await queue.reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)


async def test_a_person_has_fifty_cases_at_once_with_all_accounts(join: Join) -> None:
    author = join("小明")
    for number in range(53):
        assert (await author("POST", "/posts", {"text": f"第 {number} 条"})).status_code == 201
    first, second = (join(name, roles=("reviewer",), phone="+8613900000001") for name in ("审核一", "审核二"))
    assert len((await first("POST", "/moderation/cases/lease", {"count": 30})).json()["items"]) == 30
    leased = (await second("POST", "/moderation/cases/lease", {"count": 30})).json()["items"]
    assert len(leased) == 20
    for person in (first, second):
        full = await person("POST", "/moderation/cases/lease", {"count": 1})
        assert (full.status_code, full.json()["code"]) == (409, "leases_full")
    await second("POST", f"/moderation/cases/{leased[0]['id']}/release")
    assert len((await first("POST", "/moderation/cases/lease", {"count": 30})).json()["items"]) == 1
    assert (
        len(
            (await join("另一人", roles=("reviewer",))("POST", "/moderation/cases/lease", {"count": 30})).json()[
                "items"
            ]
        )
        == 3
    )


async def test_a_lost_role_frees_the_cases(join: Join) -> None:
    author, reviewer, other = join("小明"), join("审核", roles=("reviewer",)), join("接班", roles=("reviewer",))
    admin = join("管理", roles=("admin",))
    await author("POST", "/posts", {"text": READING})
    leaver = (await reviewer("GET", "/me")).json()["id"]
    (case,) = (await reviewer("POST", "/moderation/cases/lease", {"count": 5})).json()["items"]
    assert (await other("POST", "/moderation/cases/lease", {"count": 5})).json()["items"] == []
    assert (await admin("PUT", f"/admin/staff/{leaver}", {"roles": []})).status_code == 200
    (listed,) = [each for each in (await other("GET", "/moderation/cases")).json()["items"] if each["id"] == case["id"]]
    assert (listed["leased_by"], listed["leased_until"]) == (None, None)
    leased = (await other("POST", "/moderation/cases/lease", {"count": 5})).json()["items"]
    assert case["id"] in [each["id"] for each in leased]


async def test_verdicts_renew_the_other_leases(join: Join, app_state: Any) -> None:
    author, reviewer = join("小明"), join("审核", roles=("reviewer",))
    for text in (READING, RUNNING, "第三条"):
        await author("POST", "/posts", {"text": text})
    first, second, third = (await reviewer("POST", "/moderation/cases/lease", {"count": 3})).json()["items"]
    soon = "UPDATE cases SET leased_until = clock_timestamp() + interval '1 minute' WHERE leased_by IS NOT NULL"
    left = "SELECT min(leased_until) - clock_timestamp() > interval '4 minutes' FROM cases WHERE leased_by IS NOT NULL"
    await app_state.pool.execute(soon)
    body = {"verdict": "approve", "version": 1}
    assert (await reviewer("POST", f"/moderation/cases/{first['id']}/verdict", body)).status_code == 200
    assert await app_state.pool.fetchval(left)
    await app_state.pool.execute(soon)
    batch = {"cases": [{"id": second["id"], "version": 1}], "verdict": "approve"}
    assert (await reviewer("POST", "/moderation/verdicts", batch)).status_code == 200
    assert await app_state.pool.fetchval(left)
    assert third["leased_until"] is not None


async def test_a_reported_topic_and_user_are_found_by_their_ids(queue: Queue, join: Join, app_state: Any) -> None:
    reporter = join("举报人")
    topic_id = str(await app_state.pool.fetchval("SELECT id FROM topics WHERE key = '读书'"))
    user_id = queue.posts[0]["author"]["id"]
    for kind, id_ in (("topic", topic_id), ("user", user_id)):
        body = {"target": {"kind": kind, "id": id_}, "reason_code": "spam"}
        answer = await reporter("POST", "/reports", body)
        assert answer.status_code in (200, 201, 202), answer.text
    for state in ("open", "closed"):
        for id_ in (topic_id, user_id):
            query = f"/moderation/cases?state={state}&subject_id={id_}"
            (case,) = (await queue.reviewer("GET", query)).json()["items"]
            assert (case["kind"], case["state"]) == ("report", state)
            if state == "open":
                body = {"verdict": "dismiss", "version": case["version"]}
                answer = await queue.reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)
                assert answer.status_code == 200, answer.text
