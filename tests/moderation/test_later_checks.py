"""The checks after publication: they hold for review at most, once each, and never against a reviewer's decision."""

import contextlib
from typing import Any

import asyncpg
import pytest
from asyncpg import Record

from feed.cases import layer_store
from feed.moderation.later_checks import LaterChecks, apply_answer, ask_provider, check_next_texts
from feed.postgres import transaction
from feed.screening.model import Label
from feed.screening.provider import NotAnswered, ProviderAnswer
from tests.support.api import Join, Person

Pool = asyncpg.Pool
HIT = Label("illegal", "review", "冰毒", 0, 2, "provider")


class Scripted:
    """A provider whose answers are given: hits, or None for no answer."""

    name = "aliyun"

    def __init__(self, *answers: list[Label] | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    async def check(self, text: str, reference: str) -> ProviderAnswer:
        self.asked.append((text, reference))
        answer = self.answers.pop(0) if self.answers else []
        if answer is None:
            raise NotAnswered("unreachable")
        return ProviderAnswer(f"R-{len(self.asked)}", answer)

    async def close(self) -> None:
        pass


@pytest.fixture
def author(join: Join) -> Person:
    return join("小明")


@pytest.fixture
def reviewer(join: Join) -> Person:
    return join("审核", roles=("reviewer",))


async def published(author: Person, text: str) -> str:
    answer = await author("POST", "/posts", {"text": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def listed(join: Join, *terms: str) -> None:
    words = [{"term": term, "level": "block", "label": "illegal"} for term in terms]
    assert (await join("词库编辑", roles=("editor",))("PUT", "/moderation/words", {"words": words})).status_code == 200


async def status(person: Person, post_id: str) -> int:
    return (await person("GET", f"/posts/{post_id}")).status_code


async def case_of(reviewer: Person, post_id: str) -> dict[str, Any]:
    cases = (await reviewer("GET", "/moderation/cases?limit=50")).json()["items"]
    found: dict[str, Any] = next(case for case in cases if case["subject"]["id"] == post_id)
    return found


async def run(pool: "Pool[Record]", later: LaterChecks) -> None:
    while await check_next_texts(pool, later):
        pass
    while await ask_provider(pool, later):
        pass


async def due_again(pool: "Pool[Record]") -> None:
    await pool.execute("UPDATE provider_checks SET due_at = clock_timestamp() WHERE state = 'waiting'")


async def test_a_homophone_is_held_and_its_reviewer_sees_the_word_and_the_place(
    author: Person, reviewer: Person, join: Join, pool: "Pool[Record]"
) -> None:
    await listed(join, "法轮功")
    post_id = await published(author, "来学发抡功")
    comment = await author("POST", f"/posts/{await published(author, '一条普通的动态')}/comments", {"text": "发仑功"})
    assert await status(join("路人"), post_id) == 200
    await run(pool, LaterChecks())
    assert await status(join("路人"), post_id) == 404
    own = (await author("GET", f"/posts/{post_id}")).json()
    assert own["state"] == "pending"
    case = await case_of(reviewer, post_id)
    assert case["machine"]["verdict"] == "review"
    assert [
        (label["term"], label["start"], label["length"], label["layer"]) for label in case["machine"]["labels"]
    ] == [("法轮功", 2, 3, "pinyin")]
    assert case["machine"]["list_version"] == 1
    assert (await case_of(reviewer, comment.json()["id"]))["machine"]["verdict"] == "review"


async def test_what_a_reviewer_has_approved_is_public_and_is_not_looked_at_again(
    author: Person, reviewer: Person, join: Join, pool: "Pool[Record]"
) -> None:
    await listed(join, "法轮功")
    post_id = await published(author, "来学发抡功")
    await run(pool, LaterChecks())
    case = await case_of(reviewer, post_id)
    body = {"verdict": "approve", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)).status_code == 200
    assert await status(join("路人"), post_id) == 200
    await run(pool, LaterChecks())
    assert await status(join("路人"), post_id) == 200


async def test_the_third_equal_text_of_a_person_within_a_day_is_held_whatever_account_sends_it(
    join: Join, pool: "Pool[Record]"
) -> None:
    phone = "+8613900000777"
    one, other = join("小号一", phone=phone), join("小号二", phone=phone)
    texts = ["周末来看房，价格从优哦", "周末来看房！！价格从优哦", "周末，来看房。价格从优哦😀"]
    posts = [await published(who, text) for who, text in zip((one, other, one), texts, strict=True)]
    await run(pool, LaterChecks())
    assert [await status(join("路人"), post_id) for post_id in posts] == [200, 200, 404]


async def test_nearly_equal_texts_of_several_persons_are_held_and_greetings_are_not(
    join: Join, pool: "Pool[Record]"
) -> None:
    spam = "低价出售二手相机镜头，成色九五新，支持验货，编号{}，非诚勿扰，先到先得，数量有限，欢迎面交。"
    posts = [await published(join(f"号{n}"), spam.format(1000 + n * 37)) for n in range(3)]
    greetings = [await published(join(f"友{n}"), "祝大家新年快乐万事如意") for n in range(4)]
    await run(pool, LaterChecks())
    assert [await status(join("路人"), post_id) for post_id in posts] == [200, 200, 404]
    assert {await status(join("路人"), post_id) for post_id in greetings} == {200}


async def test_a_provider_holds_and_never_publishes_or_rejects(
    author: Person, reviewer: Person, join: Join, pool: "Pool[Record]"
) -> None:
    provider = Scripted([HIT], [])
    bad, good = await published(author, "冰毒"), await published(author, "今天天气好")
    await run(pool, LaterChecks(provider))
    assert [text for text, _ in provider.asked] == ["冰毒", "今天天气好"]
    assert (await status(join("路人"), bad), await status(join("路人"), good)) == (404, 200)
    machine = (await case_of(reviewer, bad))["machine"]
    assert (machine["verdict"], machine["provider"], machine["labels"][0]["term"]) == ("review", "aliyun", "冰毒")
    evidence = await pool.fetchrow("SELECT state, request_id, result FROM provider_checks WHERE result <> '[]'")
    assert evidence is not None
    assert (evidence["state"], evidence["request_id"], evidence["result"][0]["label"]) == ("answered", "R-1", "illegal")


async def test_a_repeated_or_late_answer_changes_nothing(
    author: Person, reviewer: Person, join: Join, pool: "Pool[Record]"
) -> None:
    post_id = await published(author, "冰毒")
    provider = Scripted(None)
    await run(pool, LaterChecks(provider))
    case = await case_of(reviewer, post_id)
    body = {"verdict": "approve", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)).status_code == 200
    async with transaction(pool) as conn:
        found = await layer_store.find_checked(conn, int(case["id"]))
        assert found is not None
        # The human decision wins over the answer that comes after it.
        assert not await apply_answer(conn, found, "R-late", [HIT], provider="aliyun")
        assert not await apply_answer(conn, found, "R-late", [HIT], provider="aliyun")
    assert await status(join("路人"), post_id) == 200


async def test_an_answer_about_an_older_revision_changes_nothing(
    author: Person, join: Join, reviewer: Person, pool: "Pool[Record]"
) -> None:
    post_id = await published(author, "冰毒")
    await run(pool, LaterChecks(Scripted(None)))
    case = await case_of(reviewer, post_id)
    assert (await author("PATCH", f"/posts/{post_id}", {"text": "改成了天气"})).status_code == 200
    async with transaction(pool) as conn:
        found = await layer_store.find_checked(conn, int(case["id"]))
        assert found is not None
        assert not await apply_answer(conn, found, "R-old", [HIT], provider="aliyun")
    assert await status(join("路人"), post_id) == 200


async def test_a_repeated_answer_holds_once(author: Person, reviewer: Person, join: Join, pool: "Pool[Record]") -> None:
    post_id = await published(author, "冰毒")
    await run(pool, LaterChecks(Scripted(None)))
    case = await case_of(reviewer, post_id)
    for expected in (True, False):
        async with transaction(pool) as conn:
            found = await layer_store.find_checked(conn, int(case["id"]))
            assert found is not None
            assert await apply_answer(conn, found, "R-1", [HIT], provider="aliyun") is expected
    assert len((await case_of(reviewer, post_id))["machine"]["labels"]) == 1
    assert await status(join("路人"), post_id) == 404


@pytest.mark.parametrize(("fails_closed", "expected"), [(False, 200), (True, 404)])
async def test_a_provider_that_stays_away_is_given_up_and_blocks_only_where_the_site_wants_it(
    author: Person, reviewer: Person, join: Join, pool: "Pool[Record]", fails_closed: bool, expected: int
) -> None:
    provider = Scripted(*[None] * 20)
    later = LaterChecks(provider, fails_closed=fails_closed)
    post_id = await published(author, "今天天气好")
    for _ in range(8):
        assert await status(join("路人"), post_id) in (200, expected)
        await run(pool, later)
        await due_again(pool)
    assert len(provider.asked) == 6
    assert await pool.fetchval("SELECT state FROM provider_checks") == "given_up"
    assert await status(join("路人"), post_id) == expected
    assert (await case_of(reviewer, post_id))["state"] == "open"


class Killed(BaseException):
    """Ends the work at a commit."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Ends the work before or after the nth COMMIT."""
    plan: dict[str, Any] = {"nth": 0, "when": "", "seen": 0}
    execute = asyncpg.Connection.execute

    async def execute_or_end(self: Any, query: str, *args: Any, **more: Any) -> str:
        is_commit = "COMMIT" in query
        plan["seen"] += is_commit
        ends = is_commit and plan["seen"] == plan["nth"]
        if ends and plan["when"] == "before":
            raise Killed
        answer: str = await execute(self, query, *args, **more)
        if ends:
            raise Killed
        return answer

    monkeypatch.setattr(asyncpg.Connection, "execute", execute_or_end)
    return plan


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
async def test_work_that_ends_at_any_commit_comes_to_the_same_end(
    author: Person, reviewer: Person, join: Join, pool: "Pool[Record]", killed: dict[str, Any], nth: int, when: str
) -> None:
    await listed(join, "法轮功")
    post_id = await published(author, "来学发抡功")
    provider = Scripted([HIT], [HIT])
    killed |= {"nth": nth, "when": when, "seen": 0}
    with contextlib.suppress(Killed):
        await run(pool, LaterChecks(provider))
    killed["nth"] = 0
    await due_again(pool)
    await run(pool, LaterChecks(provider))
    case = await case_of(reviewer, post_id)
    assert sorted(label["layer"] for label in case["machine"]["labels"]) == ["pinyin", "provider"]
    assert await pool.fetchval("SELECT count(*) FROM provider_checks WHERE state = 'answered'") == 1
    assert await pool.fetchval("SELECT holds FROM posts WHERE id = $1", int(post_id)) == 64


async def test_an_edit_that_waits_keeps_no_shown_text_from_being_held(
    author: Person, reviewer: Person, join: Join, pool: "Pool[Record]"
) -> None:
    words = [
        {"term": "法轮功", "level": "block", "label": "illegal"},
        {"term": "待看", "level": "review", "label": "other"},
    ]
    assert (await join("词库编辑", roles=("editor",))("PUT", "/moderation/words", {"words": words})).status_code == 200
    post_id = await published(author, "来学发抡功")
    below = await published(author, "一条普通的动态")
    comment = (await author("POST", f"/posts/{below}/comments", {"text": "发仑功"})).json()["id"]
    for path in (f"/posts/{post_id}", f"/comments/{comment}"):
        assert (await author("PATCH", path, {"text": "待看"})).status_code == 200
    passer = join("路人")
    assert await status(passer, post_id) == 200
    await run(pool, LaterChecks())
    assert await status(passer, post_id) == 404
    assert (await passer("GET", f"/posts/{below}/comments")).json()["items"] == []
