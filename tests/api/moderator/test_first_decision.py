"""Two reviewers, one case: one verdict, and the second one learns of the first."""

import asyncio

import asyncpg
from asyncpg import Record

from feed.api.state import AppState
from feed.cases.model import CaseStale
from feed.errors import FeedError
from feed.moderation.actions import judge_case
from feed.moderation.model import AlreadyJudged, NewVerdict
from tests.moderation.conftest import Newsroom
from tests.support.api import Join

TEXT = "今天读完一本书"


async def test_the_second_reviewer_is_told_the_first_decision(join: Join, app_state: AppState) -> None:
    first, second = join("一审", roles=("reviewer",)), join("二审", roles=("reviewer",))
    await join("小明")("POST", "/posts", {"text": TEXT})
    (case,) = (await first("GET", "/moderation/cases")).json()["items"]
    path = f"/moderation/cases/{case['id']}/verdict"
    body = {"verdict": "remove", "reason_code": "spam", "version": case["version"]}
    assert (await first("POST", path, body)).status_code == 200
    for verdict in ("approve", "remove", "escalate"):
        late = await second("POST", path, body | {"verdict": verdict})
        assert (late.status_code, late.json()["code"]) == (409, "case_stale")
        decision = late.json()["decision"]
        assert (decision["verdict"], decision["reason_code"], decision["stage"]) == ("remove", "spam", 1)
        assert (decision["user_name"], decision["user_id"]) == ("一审", (await first("GET", "/me")).json()["id"])
    # Undone, it is no decision any more.
    seen = {
        "cases": [{"id": case["id"], "version": case["version"] + 1}],
        "verdict": "restore",
        "reason_code": "mistaken",
    }
    batch = (await first("POST", "/moderation/verdicts", seen)).json()
    assert [each["outcome"] for each in batch["items"]] == ["done"]
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'case.remove'") == 1


async def test_of_verdicts_at_once_on_one_version_one_counts(pool: "asyncpg.Pool[Record]") -> None:
    newsroom = Newsroom(pool)
    reviewers = [await newsroom.person("reviewer") for _ in range(8)]
    for _ in range(5):
        post = await newsroom.post(await newsroom.person())
        case_id = await newsroom.case(post_id=post)
        verdicts = [
            NewVerdict("approve", 1) if number % 2 else NewVerdict("remove", 1, "spam")
            for number in range(len(reviewers))
        ]
        results = await asyncio.gather(
            *(judge_case(pool, each, case_id, new) for each, new in zip(reviewers, verdicts, strict=True)),
            return_exceptions=True,
        )
        lost = [each for each in results if isinstance(each, FeedError)]
        assert len(lost) == len(reviewers) - 1
        assert {type(each) for each in lost} <= {CaseStale, AlreadyJudged}
        rows = await pool.fetch("SELECT verdict, reviewer_id FROM verdicts WHERE case_id = $1", case_id)
        assert len(rows) == 1
        for each in lost:
            decision = each.params["decision"]
            assert (decision.verdict, decision.user_id) == (rows[0]["verdict"], str(rows[0]["reviewer_id"]))
        assert (
            await pool.fetchval("SELECT count(*) FROM audit WHERE subject_id = $1 AND action LIKE 'case.%'", post) == 1
        )
        shown = await pool.fetchval("SELECT state FROM posts WHERE id = $1", post)
        assert shown == ("published" if rows[0]["verdict"] == "approve" else "removed")
