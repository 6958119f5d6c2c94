"""Servers that cannot be used: requests are 503, probes and `feed doctor` say why, and the process goes on when it is over."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from feed import redis as feed_redis
from feed.accounts.model import AccountId
from feed.api.health import check_readiness
from feed.api.state import AppState, build_app_state
from feed.auth.tokens import issue_token
from feed.doctor.checks import run_checks
from feed.keys.store import Keys, open_keys
from feed.migrations import migrate
from feed.postgres import UNAVAILABLE, open_pool, transaction
from feed.settings import Settings
from tests.support.api import Person
from tests.support.app import app_over
from tests.support.own_servers import own_postgres, own_valkey, small_disk
from tests.support.ports import free_port
from tests.support.processes import family_of, kill_all
from tests.support.waiting import HANG_SECONDS
from tests.support.writing import publish

# Through the batches, the framework, and as staff.
WRITES = (
    ("POST", "/posts", {"text": "你好"}),
    ("PUT", "/posts/{post}/like", None),
    ("POST", "/posts/{post}/comments", {"text": "好"}),
    ("PATCH", "/me", {"bio": "新的"}),
    ("POST", "/admin/campaigns", {"title": "摄影赛"}),
)


async def health(app_state: AppState) -> tuple[int, dict[str, str]]:
    response = await check_readiness(app_state)
    return response.status_code or 200, msgspec.to_builtins(response.content)


async def wrong(settings: Settings) -> set[str]:
    """The parts that the doctor finds wrong."""
    return {finding.about async for finding in run_checks(settings) if finding.wrong}


class Client:
    """A user of an application over servers of the test's own."""

    def __init__(self, app_state: AppState, person: Person, post: int) -> None:
        self.app_state, self.person, self.post = app_state, person, post

    async def write_all(self) -> list[httpx.Response]:
        return [await self.person(method, path.format(post=self.post), body) for method, path, body in WRITES]


@asynccontextmanager
async def client_of(settings: Settings, keys: Keys, redis: Redis) -> AsyncIterator[Client]:
    pool = await open_pool(settings.database_url, size=3)
    try:
        app_state = build_app_state(settings, pool, redis, keys)
        transport = httpx.ASGITransport(app=app_over(app_state), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as opened:
            token = issue_token(keys.token_key, sub="a", name="小明", phone="+8613800138000", roles=("editor",))
            person = Person(opened, token)
            me = (await person("GET", "/me")).json()
            yield Client(app_state, person, await publish(pool, AccountId(int(me["id"])), "第一条"))
    finally:
        pool.terminate()


def changed(settings: Settings, **more: Any) -> Settings:
    return msgspec.structs.replace(settings, **more)


def must_be_away(responses: list[httpx.Response]) -> None:
    for response in responses:
        assert (response.status_code, response.json()["code"]) == (503, "database_away"), response.text
        assert int(response.headers["retry-after"]) >= 1


async def test_a_usable_installation_is_ready(client: httpx.AsyncClient) -> None:
    response = await client.get("http://feed.test/health/ready")
    assert (response.status_code, response.json()) == (
        200, {"status": "ready", "postgres": "up", "redis": "up", "keys": "up"}
    )  # fmt: skip


async def test_an_older_schema_is_not_ready_and_a_newer_one_is(app_state: AppState) -> None:
    await app_state.pool.execute("INSERT INTO schema_migrations (name, sha256) VALUES ('9999_later', '')")
    assert (await health(app_state))[0] == 200
    await app_state.pool.execute("DELETE FROM schema_migrations WHERE name < '0002'")
    assert (await health(app_state))[1]["postgres"] == "schema"
    await app_state.pool.execute("ALTER TABLE schema_migrations RENAME TO other")
    status, found = await health(app_state)
    assert (status, found["postgres"]) == (503, "schema")


async def test_a_database_that_is_set_to_read_only(settings: Settings, keys: Keys, redis: Redis) -> None:
    async with own_postgres() as server:
        settings = changed(settings, database_url=server.url)
        async with client_of(settings, keys, redis) as user:
            await server.run("ALTER DATABASE feed SET default_transaction_read_only = on")
            await user.app_state.pool.expire_connections()
            must_be_away(await user.write_all())
            assert (await user.person("GET", f"/posts/{user.post}")).status_code == 200
            status, found = await health(user.app_state)
            assert (status, found["postgres"]) == (503, "read_only")
            assert "database" in await wrong(settings)
            await server.run("ALTER DATABASE feed RESET default_transaction_read_only")
            # Nothing but the failing write replaces the connections.
            async with asyncio.timeout(HANG_SECONDS):
                while (await user.person("PATCH", "/me", {"bio": "好了"})).status_code != 200:
                    await asyncio.sleep(0.1)
            assert (await health(user.app_state))[0] == 200


async def test_a_primary_that_was_demoted_and_one_that_is_promoted(
    settings: Settings, keys: Keys, redis: Redis
) -> None:
    async with own_postgres() as server:
        settings = changed(settings, database_url=server.url)
        async with client_of(settings, keys, redis) as user:
            await server.demote()
            must_be_away(await user.write_all())
            assert (await health(user.app_state))[1]["postgres"] == "read_only"
            assert "database" in await wrong(settings)
            await server.promote()
            assert {response.status_code for response in await user.write_all()} <= {200, 201}
            assert (await health(user.app_state))[0] == 200


async def test_connections_that_were_kept_to_a_standby_are_left(settings: Settings) -> None:
    """A virtual address moves to the new primary, and connections to the former one stay open."""
    async with own_postgres() as former, own_postgres() as primary:
        await former.demote()
        target = [former.port]

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", target[0])
            await asyncio.gather(_copy(reader, back), _copy(there, writer))

        address = await asyncio.start_server(carry, "127.0.0.1", 0)
        port = address.sockets[0].getsockname()[1]
        url = former.url.replace(f":{former.port}/", f":{port}/")
        pool = await open_pool(f"{url}&target_session_attrs=any", size=2)

        async def write() -> None:
            async with transaction(pool) as conn:
                await conn.execute("UPDATE installation SET rebuild = rebuild + 1")

        try:
            target[0] = primary.port
            with pytest.raises(UNAVAILABLE):
                await write()
            await write()
        finally:
            pool.terminate()
            address.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while received := await reader.read(65536):
        writer.write(received)
    writer.close()


def fill(path: Path) -> None:
    """Writes a file until no space is left."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"0" * 65536)


async def test_a_full_disk(settings: Settings, keys: Keys, redis: Redis) -> None:
    with small_disk(160) as disk:
        async with own_postgres(disk) as server:
            settings = changed(settings, database_url=server.url)
            async with client_of(settings, keys, redis) as user:
                assert (await health(user.app_state))[0] == 200
                filling = disk / "filling"
                fill(filling)
                status, found = await health(user.app_state)
                assert (status, found["postgres"]) == (503, "full")
                assert "database" in await wrong(settings)
                with pytest.raises(UNAVAILABLE):
                    await user.app_state.pool.execute(
                        "INSERT INTO likes (post_id, account_id) SELECT n, n FROM generate_series(1, 100000) AS n"
                    )
                filling.unlink()
                assert (await health(user.app_state))[0] == 200


REDIS = {
    "full": "maxmemory 1",
    "cluster": "cluster-enabled yes",
    "replica": "replicaof 127.0.0.1 1",
    "rejecting": "min-replicas-to-write 1",
}


@pytest.mark.parametrize("fault", REDIS)
async def test_a_redis_that_takes_no_writes(
    fault: feed_redis.RedisFault, app_state: AppState, settings: Settings
) -> None:
    async with own_valkey(REDIS[fault]) as url:
        client = feed_redis.connect(url)
        try:
            async with asyncio.timeout(HANG_SECONDS):
                while (found := await feed_redis.find_fault(client)) in ("down", "loading"):
                    await asyncio.sleep(0.02)
            assert found == fault
            status, said = await health(msgspec.structs.replace(app_state, redis=client))
            assert (status, said["redis"]) == (503, fault)
            assert "redis" in await wrong(changed(settings, redis_url=url))
        finally:
            await client.aclose()


async def test_a_cluster_with_all_slots_on_one_node_and_a_replica_that_takes_writes() -> None:
    async with (
        own_valkey("cluster-enabled yes") as node,
        own_valkey("replicaof 127.0.0.1 1\nreplica-read-only no") as copy,
    ):
        for url, fault in ((node, "cluster"), (copy, "replica")):
            client = feed_redis.connect(url)
            async with asyncio.timeout(HANG_SECONDS):
                while await feed_redis.find_fault(client) == "down":
                    await asyncio.sleep(0.02)
            if fault == "cluster":
                await client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)  # type: ignore[no-untyped-call]
            assert await feed_redis.find_fault(client) == fault
            await client.aclose()


async def test_a_redis_that_cannot_save_or_denies_access(app_state: AppState) -> None:
    async with own_valkey('save "3600 1"\nstop-writes-on-bgsave-error yes\nrequirepass secret') as url:
        denied = feed_redis.connect(url)
        client = feed_redis.connect(url.replace("//", "//:secret@"))
        async with asyncio.timeout(HANG_SECONDS):
            while await feed_redis.find_fault(client) == "down":
                await asyncio.sleep(0.02)
        assert await feed_redis.find_fault(denied) == "denied"
        await client.config_set("rdbcompression", "yes")
        await client.set("a", "b")
        directory = Path(str((await client.config_get("dir"))["dir"]))
        (directory / "dump.rdb").unlink(missing_ok=True)
        # A snapshot cannot be renamed over a folder.
        (directory / "dump.rdb").mkdir()
        (directory / "dump.rdb" / "x").touch()
        await client.bgsave()
        async with asyncio.timeout(HANG_SECONDS):
            while (found := await feed_redis.find_fault(client)) is None:
                await asyncio.sleep(0.05)
        assert found == "failing"
        await denied.aclose()
        await client.aclose()


async def test_a_redis_that_is_down_is_named_and_ready(app_state: AppState) -> None:
    client = feed_redis.connect("redis://127.0.0.1:1/0")
    assert await health(msgspec.structs.replace(app_state, redis=client)) == (
        200, {"status": "ready", "postgres": "up", "redis": "down", "keys": "up"}
    )  # fmt: skip
    await client.aclose()


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[tuple["asyncio.subprocess.Process", httpx.AsyncClient]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "feed", "api", "--port", str(port), "--workers", "2"),
        env={
            **os.environ,
            "FEED_DATABASE_URL": settings.database_url,
            "FEED_REDIS_URL": settings.redis_url,
            "FEED_KEYS_DIR": str(settings.keys_dir),
            "FEED_EMBEDDED": "true",  # Messages are only written down.
        },
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    limits = httpx.Limits(max_keepalive_connections=0)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, limits=limits, timeout=HANG_SECONDS
        ) as client:
            yield process, client
    finally:
        if process.returncode is None:
            kill_all(family_of(process.pid))
        await process.wait()


async def until(client: httpx.AsyncClient, status: int, said: str) -> None:
    """Waits until each of several probes is answered so, by whichever process."""
    async with asyncio.timeout(HANG_SECONDS):
        while True:
            try:
                answers = [await client.get("/health/ready") for _ in range(6)]
                if {(each.status_code, each.json()["postgres"]) for each in answers} == {(status, said)}:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def test_an_api_that_starts_without_postgres_waits_for_it_and_for_the_schema(
    settings: Settings, tmp_path: Path
) -> None:
    open_keys(settings.keys_dir, create=True)
    async with own_postgres(migrated=False) as server:
        await server.stop()
        async with api(changed(settings, database_url=server.url)) as (process, client):
            await until(client, 503, "down")
            assert (await client.get("/health/live")).status_code == 200
            waiting = await client.get("/v1/feeds/latest")
            assert (waiting.status_code, waiting.json()["code"]) == (503, "not_ready")
            assert int(waiting.headers["retry-after"]) >= 1
            await server.start()
            await until(client, 503, "schema")
            await migrate(server.url)
            await until(client, 200, "up")
            assert (await client.get("/v1/feeds/latest")).status_code == 200
            assert process.returncode is None
