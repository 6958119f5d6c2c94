"""With a paused Postgres requests get 503 in time, and everything works when it continues."""

import asyncio

import httpx
import psutil  # type: ignore[import-untyped]

from tests.chaos.place import Place
from tests.chaos.requests import Ask, publish, until_ok


def assert_asks_to_wait(answers: list[httpx.Response]) -> None:
    for answer in answers:
        assert answer.status_code == 503, (answer.request.method, answer.request.url.path, answer.text)
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_paused_postgres_is_answered_for_in_time_and_forgiven(place: Place, client: httpx.AsyncClient) -> None:
    post_id = await publish(client, "第一篇")
    asked: list[Ask] = [
        lambda: client.put(f"/posts/{post_id}/like"),
        lambda: client.post(f"/posts/{post_id}/comments", json={"text": "好"}, headers={"idempotency-key": "once"}),
        lambda: client.post("/posts", json={"text": "第二篇"}, headers={"idempotency-key": "once"}),
        lambda: client.get(f"/posts/{post_id}"),
        lambda: client.get(f"/posts/{post_id}/comments"),
        lambda: client.get("/me"),
        lambda: client.get("/topics/没有/posts"),
    ]
    with place.paused(place.family("postgres")):
        assert_asks_to_wait(list(await asyncio.gather(*(ask() for ask in asked))))
    for ask in asked[:-1]:
        await until_ok(ask)
    card = (await client.get(f"/posts/{post_id}")).json()
    assert (card["like_count"], card["comment_count"], card["liked_by_me"]) == (1, 1, True)
    async with place.postgres() as conn:
        assert await conn.fetchval("SELECT count(*) FROM posts") == 2


async def test_a_backend_that_stands_still_with_a_lock_holds_up_one_post_for_a_time_and_no_other(
    place: Place, client: httpx.AsyncClient
) -> None:
    held, free = await publish(client, "第一篇"), await publish(client, "第二篇")
    async with place.postgres() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("UPDATE post_stats SET version = version WHERE post_id = $1", int(held))
        backend = psutil.Process(await conn.fetchval("SELECT pg_backend_pid()"))
        with place.paused([backend]):
            asked = (
                client.put(f"/posts/{held}/like"),
                client.post(f"/posts/{held}/comments", json={"text": "好"}),
                client.patch(f"/posts/{held}", json={"text": "第一篇，改过"}),
                client.delete(f"/posts/{held}"),
            )
            assert_asks_to_wait(list(await asyncio.gather(*asked)))
            await until_ok(lambda: client.post(f"/posts/{free}/comments", json={"text": "好"}))
            await until_ok(lambda: client.put(f"/posts/{free}/like"))
        await transaction.rollback()
    await until_ok(lambda: client.put(f"/posts/{held}/like"))
    card = (await client.get(f"/posts/{held}")).json()
    assert (card["like_count"], card["comment_count"], card["text"]) == (1, 0, "第一篇")
