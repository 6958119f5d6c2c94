"""A retried POST acts once and gets the same response: concurrently, later and after a crash, for a day."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from feed.api.state import AppState
from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.postgres import Pool
from tests.support import make
from tests.support.api import Join, Person
from tests.support.api_process import Server, server
from tests.support.dropping_proxy import dropping
from tests.support.waiting import HANG_SECONDS

__all__ = ["server"]

KEY = {"idempotency-key": "a-retry"}
POSTS = 1000
# They store nothing: a retry is another look.
STORES_NOTHING = {"/v1/moderation/words/check", "/v1/admin/campaigns/{campaign_id}/voids/preview"}


async def publish(person: Person, text: str = "你好", **headers: str) -> httpx.Response:
    return await person("POST", "/posts", {"text": text}, headers=KEY | headers)


async def test_every_retryable_post_accepts_a_key(client: httpx.AsyncClient) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    without = [
        path
        for path, item in document["paths"].items()
        if "post" in item
        and not any(parameter["name"] == "Idempotency-Key" for parameter in item["post"].get("parameters", []))
    ]
    retryable = [path for path in without if not path.startswith(("/v1/auth/", "/v1/hooks/"))]
    assert set(retryable) == STORES_NOTHING


async def test_a_retry_gets_the_first_response_after_later_changes(join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    first = await publish(ming)
    await hong("PUT", f"/posts/{first.json()['id']}/like")
    await ming("DELETE", f"/posts/{first.json()['id']}")
    again = await publish(ming)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_the_same_key_of_another_account_or_route_is_independent(join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post = (await publish(ming)).json()["id"]
    assert (await publish(hong)).json()["id"] != post
    comment = await ming("POST", f"/posts/{post}/comments", {"text": "你好"}, headers=KEY)
    assert comment.status_code == 201


async def test_another_body_under_the_same_key_is_refused(join: Join) -> None:
    ming = join("小明")
    await publish(ming)
    answer = await publish(ming, "别的")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


async def test_an_error_is_not_stored(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    assert (await publish(ming, "")).status_code == 422
    assert (await publish(ming, "现在对了")).status_code == 201


async def test_concurrent_requests_with_one_key_act_once(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    await ming("GET", "/me")
    answers = await asyncio.gather(*(publish(ming) for _ in range(12)))
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_key_busy"}
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 409)
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await app_state.pool.fetchval("SELECT count(*) FROM posts") == 1


async def test_a_retry_after_a_crash_between_commit_and_response_reads_the_result(
    join: Join, app_state: AppState
) -> None:
    ming = join("小明")
    first = await publish(ming)
    # The state after a crash between commit and response.
    await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    again = await publish(ming)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert await app_state.pool.fetchval("SELECT count(*) FROM posts") == 1


async def test_a_key_expires_after_a_day(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    first = await publish(ming)
    await app_state.pool.execute(
        "UPDATE idempotency_keys SET created_at = created_at - $1::interval", timedelta(hours=24)
    )
    second = await publish(ming, "第二天")
    assert (second.status_code, second.json()["text"]) == (201, "第二天")
    assert second.json()["id"] != first.json()["id"]
    assert (await publish(ming, "第二天")).content == second.content


async def test_a_key_that_is_too_long_is_refused(join: Join) -> None:
    answer = await join("小明")("POST", "/posts", {"text": "你好"}, headers={"idempotency-key": "k" * 201})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_a_batch_of_verdicts_is_recorded_and_undone_once(join: Join, app_state: AppState) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    for text in ("一", "二"):
        await ming("POST", "/posts", {"text": text})
    leased = await reviewer("POST", "/moderation/cases/lease", {"count": 2}, headers=KEY)
    assert (await reviewer("POST", "/moderation/cases/lease", {"count": 2}, headers=KEY)).content == leased.content
    await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    repeated = await reviewer("POST", "/moderation/cases/lease", {"count": 2}, headers=KEY)
    assert [case["id"] for case in repeated.json()["items"]] == [case["id"] for case in leased.json()["items"]]

    seen = [{"id": case["id"], "version": case["version"]} for case in leased.json()["items"]]
    batch: dict[str, Any] = {"cases": seen, "verdict": "remove", "reason_code": "spam"}
    judged = await reviewer("POST", "/moderation/verdicts", batch, headers=KEY)
    assert [item["outcome"] for item in judged.json()["items"]] == ["done", "done"]
    for stored in (True, False):
        if not stored:
            await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
        assert (await reviewer("POST", "/moderation/verdicts", batch, headers=KEY)).json() == judged.json()
    assert await app_state.pool.fetchval("SELECT count(*) FROM verdicts") == 2

    undo = f"/moderation/verdicts/{judged.json()['batch_id']}/undo"
    undone = await reviewer("POST", undo, headers=KEY)
    await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    again = await reviewer("POST", undo, headers=KEY)
    assert again.status_code == 200, again.text
    assert sorted(item["outcome"] for item in again.json()["items"]) == ["done", "done"]
    assert len(undone.json()["items"]) == 2


async def test_single_verdicts_and_leases_act_once(join: Join, app_state: AppState) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    await ming("POST", "/posts", {"text": "一"})
    case = (await reviewer("POST", "/moderation/cases/lease", {"count": 1})).json()["items"][0]
    path = f"/moderation/cases/{case['id']}"
    for action in ("extend", "release"):
        for _ in range(2):
            assert (await reviewer("POST", f"{path}/{action}", headers=KEY)).status_code == 200
            await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    verdict = {"verdict": "remove", "reason_code": "spam", "version": case["version"]}
    first = await reviewer("POST", f"{path}/verdict", verdict, headers=KEY)
    assert first.status_code == 200, first.text
    await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    again = await reviewer("POST", f"{path}/verdict", verdict, headers=KEY)
    assert (again.status_code, again.json()["state"]) == (200, "closed")
    assert await app_state.pool.fetchval("SELECT count(*) FROM verdicts") == 1


async def test_a_thousand_posts_over_a_connection_that_drops_responses_act_once_each(
    pool: Pool, server: Server, tmp_path: Path
) -> None:
    post_id = await make.post(pool)
    token_key = open_keys(tmp_path / "keys", create=False).token_key
    tokens = [issue_token(token_key, sub=f"p{n}", name=f"p{n}", phone=f"+8613{n:09}") for n in range(16)]
    responses: dict[str, bytes] = {}

    async with dropping(int(server.url.rsplit(":", 1)[1]), seed=1) as proxy:

        async def retry(person: int) -> None:
            # A connection per request: the proxy drops one request and no others.
            limits = httpx.Limits(max_keepalive_connections=0)
            url = f"http://127.0.0.1:{proxy.port}/v1"
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=HANG_SECONDS, limits=limits) as client:
                for number in range(person, POSTS, len(tokens)):
                    text = f"第 {number} 件"
                    path = "/posts" if number % 2 else f"/posts/{post_id}/comments"
                    headers = {"authorization": f"Bearer {tokens[person]}", "idempotency-key": str(number)}
                    answers: list[httpx.Response] = []
                    # Every tenth request is repeated after its response, which must be the same.
                    while len(answers) < (2 if number % 10 == 0 else 1):
                        try:
                            answer = await client.post(path, json={"text": text}, headers=headers)
                        except httpx.TransportError:
                            continue
                        if answer.status_code in (409, 429, 503) and "retry-after" in answer.headers:
                            await asyncio.sleep(0.02)
                            continue
                        assert answer.status_code == 201, answer.text
                        answers.append(answer)
                    assert len({answer.content for answer in answers}) == 1
                    responses[text] = answers[0].content

        await asyncio.gather(*(retry(person) for person in range(len(tokens))))

    assert proxy.lost_answers > 200
    assert proxy.lost_requests > 100
    posts = await pool.fetch("SELECT text FROM post_revisions WHERE text <> 'x'")
    comments = await pool.fetch("SELECT text FROM comments")
    assert sorted(row["text"] for row in (*posts, *comments)) == sorted(responses)
    assert len(responses) == POSTS
    assert await pool.fetchval("SELECT comment_count FROM post_stats WHERE post_id = $1", post_id) == len(comments)
