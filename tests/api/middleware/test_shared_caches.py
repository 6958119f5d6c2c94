"""What responses tell shared caches, and a real one (nginx) in front of a process: no response of one person reaches another."""

import asyncio
import itertools
import random
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest

from feed.api.middleware.shared_caches import CacheHeaders
from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.postgres import Pool
from feed.settings import Settings
from tests.support.api_process import Server, environment_of
from tests.support.ports import free_port
from tests.support.programs import nginx_path
from tests.support.waiting import HANG_SECONDS

_GONE_SECONDS = 15.0

CONFIGURATION = """
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    proxy_cache_path {directory}/cache keys_zone=feed:10m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_set_header Host $host;
            proxy_cache feed;
            # For responses that do not say how long they may be cached: there must be none.
            proxy_cache_valid any 10m;
            add_header X-Cache $upstream_cache_status always;
        }}
    }}
}}
"""
ORIGINS = (None, "https://h5.example.cn", "https://other.example.cn", "https://evil.example")
LANGUAGES = (None, "zh-CN", "en")


def completed(settings: Settings, *headers: tuple[bytes, bytes], docs: bool = False) -> dict[bytes, bytes]:
    found = CacheHeaders(settings).complete(headers, docs=docs)
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


def test_vary_is_the_union_of_what_every_response_and_this_one_depends_on(settings: Settings) -> None:
    cors = msgspec.structs.replace(settings, cors_origins="https://a.cn")
    assert completed(settings)[b"vary"] == b"Authorization"
    assert completed(cors)[b"vary"] == b"Authorization, Origin"
    many = ((b"vary", b"Origin"), (b"vary", b"Accept, accept-language"), (b"vary", b"authorization"))
    named = [name.strip().lower() for name in completed(cors, *many)[b"vary"].split(b",")]
    assert sorted(named) == [b"accept", b"accept-language", b"authorization", b"origin"]


def test_a_response_that_says_nothing_is_not_stored(settings: Settings) -> None:
    assert completed(settings)[b"cache-control"] == b"no-store"
    assert completed(settings, docs=True)[b"cache-control"] == b"public, max-age=300"
    assert completed(settings, (b"cache-control", b"private"))[b"cache-control"] == b"private"


class Site(NamedTuple):
    """A process, the proxy in front of it, and tokens by name; None is no token."""

    direct: httpx.AsyncClient
    cached: httpx.AsyncClient
    tokens: dict[str, str | None]


class Call(NamedTuple):
    path: str
    reader: str
    origin: str | None
    language: str | None

    def headers(self, site: Site) -> dict[str, str]:
        token = site.tokens[self.reader]
        given = {
            "authorization": f"Bearer {token}" if token else None,
            "origin": self.origin,
            "accept-language": self.language,
        }
        return {name: value for name, value in given.items() if value is not None}


async def until_open(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(HANG_SECONDS):
        while True:
            assert process.returncode is None
            try:
                await client.get("/health/live")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.fixture
async def site(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    program = nginx_path()
    origins = {"FEED_CORS_ORIGINS": ",".join(filter(None, ORIGINS[:3]))}
    server = Server(environment_of(database, redis_url, tmp_path) | origins, free_port())
    await server.start()
    port = free_port()
    directory = tmp_path / "nginx"
    directory.mkdir()
    (directory / "nginx.conf").write_text(
        CONFIGURATION.format(directory=directory, port=port, upstream=server.url), "utf-8"
    )
    process = await asyncio.create_subprocess_exec(
        program, "-p", str(directory), "-c", str(directory / "nginx.conf"), stderr=subprocess.DEVNULL
    )
    key = open_keys(tmp_path / "keys", create=False).token_key
    tokens: dict[str, str | None] = {
        name: issue_token(key, sub=name, name=name, phone=f"+8613800{number:06}")
        for number, name in enumerate(("ming", "hong"))
    }
    async with (
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=HANG_SECONDS) as direct,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=HANG_SECONDS) as cached,
    ):
        await until_open(cached, process)
        yield Site(direct, cached, {"anonymous": None, **tokens})
    process.terminate()
    await process.wait()
    await server.kill()


def as_seen(response: httpx.Response) -> tuple[int, bytes, str | None, str | None]:
    headers = response.headers
    return (
        response.status_code,
        response.content,
        headers.get("access-control-allow-origin"),
        headers.get("content-language"),
    )


async def publish(site: Site, text: str) -> str:
    ming = Call("", "ming", None, None).headers(site)
    posted = await site.direct.post("/v1/posts", json={"text": text}, headers=ming)
    assert posted.status_code == 201
    return str(posted.json()["id"])


async def test_no_response_of_one_reader_reaches_another_through_a_cache(site: Site, pool: Pool) -> None:
    post, hidden = await publish(site, "你好 #读书#"), await publish(site, "藏 #读书#")
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", int(hidden))
    hong = Call("", "hong", None, None).headers(site)
    assert (await site.direct.put(f"/v1/posts/{post}/like", headers=hong)).status_code == 200
    author = (await site.direct.get(f"/v1/posts/{post}")).json()["author"]["id"]
    paths = [
        "/v1/feeds/latest",
        "/v1/feeds/hot",
        f"/v1/posts/{post}",
        f"/v1/posts/{hidden}",
        f"/v1/users/{author}",
        f"/v1/users/{author}/posts",
        "/v1/topics/读书/posts",
        "/v1/campaigns",
        "/v1/config",
        "/v1/me",
        "/v1/feeds/latest?limit=0",
        "/nothing",
    ]
    calls = [Call(*each) for each in itertools.product(paths, site.tokens, ORIGINS, LANGUAGES)]
    expected = {call: as_seen(await site.direct.get(call.path, headers=call.headers(site))) for call in calls}
    assert len({expected[Call("/v1/feeds/latest", reader, None, None)][1] for reader in site.tokens}) == 3
    from_cache: set[str] = set()
    order = calls * 3
    random.Random(1).shuffle(order)
    tags = {}
    for call in order:
        response = await site.cached.get(call.path, headers=call.headers(site))
        assert as_seen(response) == expected[call], call
        if response.headers["x-cache"] == "HIT":
            from_cache.add(call.reader)
            assert response.headers["cache-control"].startswith("public"), call
        tags[call] = response.headers.get("etag")
    # The cache caches: otherwise this test would prove nothing.
    assert "anonymous" in from_cache

    for call, other in itertools.product(calls[:: len(LANGUAGES)], site.tokens):
        tag = tags[call]
        if tag is None:
            continue
        asked = call._replace(reader=other)
        revalidated = await site.cached.get(
            asked.path, headers={**asked.headers(site), "if-none-match": tag, "cache-control": "no-cache"}
        )
        if revalidated.status_code == 304:
            assert tags[asked] == tag, (call, other)
        else:
            assert as_seen(revalidated) == expected[asked], (call, other)
        part = await site.cached.get(asked.path, headers={**asked.headers(site), "range": "bytes=0-9"})
        assert expected[asked][1].startswith(part.content), (call, other)
        head = await site.cached.head(asked.path, headers=asked.headers(site))
        assert head.headers.get("etag") == tags[asked], (call, other)


async def test_a_deleted_post_is_soon_gone_from_a_cache(site: Site) -> None:
    post = await publish(site, "你好")
    for path in ("/v1/feeds/latest", f"/v1/posts/{post}"):
        assert post.encode() in (await site.cached.get(path)).content
    deleted = await site.direct.delete(f"/v1/posts/{post}", headers=Call("", "ming", None, None).headers(site))
    assert deleted.status_code == 204

    async def gone() -> bool:
        latest, itself = [await site.cached.get(path) for path in ("/v1/feeds/latest", f"/v1/posts/{post}")]
        return post.encode() not in latest.content and itself.status_code == 404

    # Two seconds are promised; a machine that does other work besides adds its own.
    async with asyncio.timeout(_GONE_SECONDS):
        while not await gone():
            await asyncio.sleep(0.05)
