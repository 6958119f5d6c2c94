"""Live events, from a server process: what a stream begins with, what it gets, and when it ends."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from feed.keys.store import open_keys
from feed.live.hub import MAX_PER_ACCOUNT
from feed.postgres import Pool
from tests.browser.support import Person, make_person, session_of
from tests.support import make
from tests.support.api_process import Server, environment_of, server
from tests.support.event_stream import open_stream
from tests.support.ports import free_port
from tests.support.programs import nginx_path
from tests.support.waiting import HANG_SECONDS

__all__ = ["server"]


class People:
    """Users of the server."""

    def __init__(self, api: httpx.AsyncClient, keys_dir: Path) -> None:
        self.api = api
        self._keys = open_keys(keys_dir, create=False)
        self._number = 13_700_000_000

    async def join(self, name: str, *roles: str) -> Person:
        self._number += 1
        return await make_person(self.api, self._keys, name, f"+86{self._number}", roles)

    async def call(self, person: Person, method: str, path: str, json: Any = None) -> Any:
        answer = await self.api.request(method, path, json=json, headers=bearer(person))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def bearer(person: Person) -> dict[str, str]:
    return {"authorization": f"Bearer {person.token}"}


@pytest.fixture
async def people(server: Server, tmp_path: Path) -> AsyncIterator[People]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as api:
        yield People(api, tmp_path / "keys")


async def test_a_stream_begins_with_the_present_state_and_gets_what_changes(server: Server, people: People) -> None:
    author, reader = await people.join("阿珍"), await people.join("小明")
    post = await people.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书"})
    topic = f"post:{post['id']}"
    async with open_stream(server.url, f"{topic},latest") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["x-accel-buffering"] == "no"
        assert "no-store" in stream.headers["cache-control"]
        assert await stream.first(2) == {topic: {"likes": 0, "comments": 0}, "latest": {"post_ids": [post["id"]]}}
        assert 2_000 <= stream.retry <= 6_000
        await people.call(reader, "PUT", f"/v1/posts/{post['id']}/like")
        assert await stream.first(1) == {topic: {"likes": 1, "comments": 0}}
        await people.call(author, "DELETE", f"/v1/posts/{post['id']}")
        assert await stream.first(2) == {topic: {"gone": True}, "latest": {"post_ids": []}}


async def test_a_client_that_comes_back_gets_only_what_has_changed_also_from_another_process(
    server: Server, people: People
) -> None:
    author = await people.join("阿珍")
    first, second = [await people.call(author, "POST", "/v1/posts", {"text": text}) for text in ("一", "二")]
    topics = f"post:{first['id']},post:{second['id']},latest"
    async with open_stream(server.url, topics) as stream:
        await stream.first(3)
        last_id = stream.last_id
    await people.call(author, "PUT", f"/v1/posts/{second['id']}/like")
    await server.kill()
    await server.start()
    # In another order, as another page has them: the id names states, not places.
    turned = ",".join(reversed(topics.split(",")))
    async with open_stream(server.url, turned, {"last-event-id": last_id}) as stream:
        assert await stream.first(1) == {f"post:{second['id']}": {"likes": 1, "comments": 0}}
        assert await stream.silence(seconds=2.5)


async def test_a_board_is_sent_while_it_is_public(server: Server, people: People, pool: Pool) -> None:
    campaign = await make.campaign(pool, board="public")
    hidden = await make.campaign(pool, board="hidden", topic_name="评审")
    entry = await make.entry(pool, campaign)
    removed = await make.entry(pool, campaign)
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", removed)
    async with open_stream(server.url, f"board:{campaign},board:{hidden},board:7") as stream:
        found = await stream.first(3)
        board = found.pop(f"board:{campaign}")
        assert [row["post_id"] for row in board["rows"]] == [str(entry)]
        assert found == {f"board:{hidden}": {"gone": True}, "board:7": {"gone": True}}
        await make.like(pool, entry)
        moved = await stream.first(1)
        assert moved[f"board:{campaign}"]["rows"][0]["score"] != board["rows"][0]["score"]


@pytest.mark.parametrize("entry_by", ["post", "like"])
async def test_the_counts_of_a_campaign_are_those_of_its_numbers_before_and_after_a_change(
    server: Server, people: People, pool: Pool, entry_by: str
) -> None:
    editor = await people.join("编辑", "editor")
    if entry_by == "like":
        liked = await make.post(pool, editor.account_id, topics=())
        draw: dict[str, Any] = {"method": "draw", "entry_by": "like", "announcement_post_id": str(liked)}
        campaign = await make.campaign(pool, **draw)
    else:
        # Hidden boards have numbers, too.
        campaign = await make.campaign(pool, board="hidden")
        liked, removed = await make.entry(pool, campaign), await make.entry(pool, campaign)
        await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", removed)
    topic = f"campaign:{campaign}"
    async with open_stream(server.url, f"{topic},campaign:7", bearer(editor)) as stream:
        first = await stream.first(2)
        assert first["campaign:7"] == {"gone": True}
        assert first[topic]["likes"] == 0
        assert first[topic] == await counts_of(people, editor, campaign)
        await make.like(pool, liked)
        moved = await stream.first(1)
        assert moved[topic]["likes"] == 1
        assert moved[topic] == await counts_of(people, editor, campaign)


async def counts_of(people: People, editor: Person, campaign: int) -> dict[str, int]:
    """The numbers of a campaign that its page compares with the events."""
    numbers = await people.call(editor, "GET", f"/v1/admin/campaigns/{campaign}/numbers")
    funnel = {name: numbers["funnel"][name] or 0 for name in ("entered", "visible", "shortlisted")}
    return {**funnel, "likes": numbers["likes"], "comments": numbers["comments"]}


async def test_an_inbox_and_the_queue_are_sent_to_whom_they_concern(server: Server, people: People, pool: Pool) -> None:
    author, reader, reviewer = [await people.join(name) for name in ("阿珍", "小明")] + [
        await people.join("审核员", "reviewer")
    ]
    post = await people.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书"})
    for topics, person, status in (
        ("inbox", None, 401),
        ("queue", None, 401),
        ("queue", reader, 403),
        ("latest,queue", reader, 403),
        ("campaign:1", None, 401),
        ("campaign:1", reader, 403),
        ("queue,campaign:1", reviewer, 403),
    ):
        headers = {} if person is None else bearer(person)
        answer = await people.api.get("/v1/events", params={"topics": topics}, headers=headers)
        assert answer.status_code == status, answer.text
    async with (
        open_stream(server.url, "inbox", bearer(author)) as inbox,
        open_stream(server.url, "queue", bearer(reviewer)) as queue,
    ):
        assert await inbox.first(1) == {"inbox": {"unread_count": 0}}
        before = (await queue.first(1))["queue"]["open"]
        # As the worker does after a comment.
        await pool.execute(
            "INSERT INTO inbox (account_id, kind, title, body, once_key) VALUES ($1, 'system', '一', '二', 'once')",
            author.account_id,
        )
        assert await inbox.first(1) == {"inbox": {"unread_count": 1}}
        await people.call(
            reader,
            "POST",
            "/v1/reports",
            {"target": {"kind": "post", "id": post["id"]}, "reason_code": "spam"},
        )
        assert (await queue.first(1))["queue"]["open"] == before + 1


async def test_a_page_uses_the_cookie_of_its_browser_and_another_site_cannot(
    server: Server, people: People, pool: Pool
) -> None:
    reader = await people.join("小明")
    cookie = {"cookie": f"feed_session={await session_of(pool, reader)}"}
    for allowed in ({"sec-fetch-site": "same-origin"}, {}):
        async with open_stream(server.url, "inbox", cookie | allowed) as stream:
            assert await stream.first(1) == {"inbox": {"unread_count": 0}}
    for refused in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://other.example"},
    ):
        answer = await people.api.get("/v1/events", params={"topics": "inbox"}, headers=cookie | refused)
        assert answer.status_code == 401


async def test_a_stream_ends_soon_after_its_session_sign_in_or_right(
    server: Server, people: People, pool: Pool
) -> None:
    reader, reviewer, editor, leaving = (
        await people.join("小明"),
        await people.join("审核员", "reviewer"),
        await people.join("编辑", "editor", "reviewer"),
        await people.join("小红"),
    )
    secret = await session_of(pool, reader)
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(open_stream(server.url, topics, headers))
            for topics, headers in (
                ("inbox", {"cookie": f"feed_session={secret}"}),
                ("queue", bearer(reviewer)),
                ("campaign:1", bearer(editor)),
                ("inbox", bearer(leaving)),
            )
        ]
        for stream in opened:
            await stream.first(1)
        await pool.execute("UPDATE sign_ins SET ended_at = now() WHERE account_id = $1", reader.account_id)
        await make.ban(pool, reviewer.account_id)
        # What is left to the account is enough for the queue, not for a campaign.
        await pool.execute(
            "UPDATE staff_rights SET revoked_at = now() WHERE account_id = $1 AND role = 'editor'", editor.account_id
        )
        await pool.execute(
            "UPDATE accounts SET erased_at = now(), name = '已注销用户' WHERE id = $1", leaving.account_id
        )
        for stream in opened:
            ended = await stream.next()
            assert ended is not None
            assert (ended.kind, ended.data) == ("end", {"reason": "access_ended"})
            assert await stream.next() is None


async def test_a_user_may_have_many_streams_but_not_any_number(server: Server, people: People) -> None:
    reader = await people.join("小明")
    assert MAX_PER_ACCOUNT >= 12
    async with AsyncExitStack() as stack:
        for _ in range(MAX_PER_ACCOUNT):
            await stack.enter_async_context(open_stream(server.url, "latest", bearer(reader)))
        answer = await people.api.get("/v1/events", params={"topics": "latest"}, headers=bearer(reader))
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
        assert int(answer.headers["retry-after"]) >= 1
        async with open_stream(server.url, "latest", bearer(await people.join("小红"))):
            pass
    async with open_stream(server.url, "latest", bearer(reader)) as again:
        await again.first(1)


@pytest.mark.parametrize(
    "topics",
    [
        "",
        "posts",
        "post",
        "post:",
        "post:x",
        "post:0",
        "latest:1",
        "board:1:2",
        "queue:",
        ",",
        "post:" + "9" * 30,
        "x" * 3000,
    ],
)
async def test_topics_that_do_not_exist_are_refused(client: httpx.AsyncClient, topics: str) -> None:
    answer = await client.get("/events", params={"topics": topics})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "topics"


async def test_at_most_thirty_topics_belong_to_a_stream(client: httpx.AsyncClient) -> None:
    topics = ",".join(f"post:{number}" for number in range(1, 32))
    assert (await client.get("/events", params={"topics": topics})).json()["errors"][0]["code"] == "too_many"
    assert (await client.get("/events")).json()["errors"][0]["code"] == "required"


async def test_only_the_headers_of_a_stream_are_asked_for_by_head(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as api:
        answer = await api.head("/v1/events", params={"topics": "latest"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")


async def test_a_server_that_is_stopped_ends_a_hundred_streams_at_once_and_spreads_their_return(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    # A stream that did not end would hold it up for longer than it is waited for.
    server = Server(environment_of(database, redis_url, tmp_path), free_port(), "--grace", "3600")
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.kill)
        opened = [await stack.enter_async_context(open_stream(server.url, "latest")) for _ in range(100)]
        for stream in opened:
            await stream.first(1)
        async with asyncio.timeout(HANG_SECONDS):
            await server.stop()
        for stream in opened:
            event = await stream.next()
            assert event is not None
            assert event.kind == "end"
            assert await stream.next() is None
        delays = sorted(stream.retry for stream in opened)
        # Of a hundred delays in ten seconds, no second has a third.
        assert max(sum(low <= delay < low + 1_000 for delay in delays) for low in delays) < 34


_CONFIG = """
daemon off; master_process off; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
    gzip on;
    server {{
        listen 127.0.0.1:{listen};
        location / {{ proxy_pass {upstream}; }}
    }}
}}
"""


async def test_the_first_event_passes_a_proxy_that_buffers_and_compresses_at_once(
    server: Server, people: People, tmp_path: Path
) -> None:
    program = nginx_path()
    listen = free_port()
    (tmp_path / "nginx.conf").write_text(
        _CONFIG.format(directory=tmp_path, listen=listen, upstream=server.url), "utf-8"
    )
    nginx = await asyncio.create_subprocess_exec(program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path))
    try:
        url = f"http://127.0.0.1:{listen}"
        await _until_served(url)
        author = await people.join("阿珍")
        post = await people.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书"})
        topic = f"post:{post['id']}"
        async with open_stream(url, topic, {"accept-encoding": "gzip"}) as stream:
            event = await stream.next()
            assert event is not None
            assert event.data["likes"] == 0
            assert "content-encoding" not in stream.headers
            await people.call(author, "PUT", f"/v1/posts/{post['id']}/like")
            assert await stream.first(1) == {topic: {"likes": 1, "comments": 0}}
    finally:
        nginx.send_signal(signal.SIGKILL)
        await nginx.wait()


async def _until_served(url: str) -> None:
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=HANG_SECONDS) as client,
        asyncio.timeout(HANG_SECONDS),
    ):
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
