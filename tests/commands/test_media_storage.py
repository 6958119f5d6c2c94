"""What the commands say of the media storage: wrong settings stop them by name, one that is away stops nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.postgres import Pool
from tests.support import make
from tests.support.api_process import Server, environment_of
from tests.support.command_line import Installation
from tests.support.ports import free_port
from tests.support.s3_server import KEY_ID, KEY_SECRET, REGION, S3Server, serving_s3
from tests.support.served_media import store_medium
from tests.support.waiting import HANG_SECONDS


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    with serving_s3() as serving:
        serving.make_bucket("feed-media")
        yield serving


@pytest.fixture
def installation(tmp_path: Path, database: str, redis_url: str) -> Installation:
    return Installation(tmp_path, database, redis_url)


def bucket(url: str, **changed: str) -> dict[str, str]:
    return {
        "FEED_MEDIA_STORE": "s3://feed-media",
        "FEED_MEDIA_S3_ENDPOINT": url,
        "FEED_MEDIA_S3_REGION": REGION,
        "FEED_MEDIA_S3_KEY_ID": KEY_ID,
        "FEED_MEDIA_S3_KEY_SECRET": KEY_SECRET,
        "FEED_MEDIA_S3_ADDRESSING": "path",
    } | changed


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"FEED_MEDIA_STORE": "s3://another-bucket"}, "FEED_MEDIA_STORE"),
        ({"FEED_MEDIA_S3_KEY_SECRET": "another secret of 16 characters"}, "FEED_MEDIA_S3_KEY_SECRET"),
    ],
)
async def test_nothing_starts_with_a_bucket_that_cannot_be_used(
    installation: Installation, s3_server: S3Server, changed: dict[str, str], named: str
) -> None:
    environ = bucket(s3_server.url, **changed)
    for command in (("api", "--port", str(free_port())), ("worker",)):
        ran = await installation.feed(*command, **environ)
        assert ran.status == 1
        assert named in ran.err
        assert "Traceback" not in ran.err
        assert environ["FEED_MEDIA_S3_KEY_SECRET"] not in ran.err + ran.out


async def test_nothing_starts_without_a_storage_outside_of_the_embedded_mode(installation: Installation) -> None:
    # With another provider of messages, as that is looked at first.
    sms = {
        "FEED_SMS_PROVIDER": "aliyun",
        "FEED_SMS_KEY_ID": "LTAI5tExample",
        "FEED_SMS_KEY_SECRET": "Zk3vQ9wLr7pXt2Hm",
        "FEED_SMS_SIGN_NAME": "读特",
        "FEED_SMS_TEMPLATES": "sign_in_code=SMS_1,prize_notice=SMS_2,claim_reminder=SMS_3",
    }
    ran = await installation.feed("api", "--port", "0", FEED_EMBEDDED="false", FEED_MEDIA_STORE="", **sms)
    assert ran.status == 1
    assert "FEED_MEDIA_STORE" in ran.err


async def test_the_doctor_looks_at_the_storage(installation: Installation, s3_server: S3Server, tmp_path: Path) -> None:
    def line(out: str) -> str:
        return next(each for each in out.splitlines() if "media storage" in each)

    folder = line((await installation.feed("doctor")).out)
    assert folder.startswith("ok")
    assert str(tmp_path / "media") in folder
    good = line((await installation.feed("doctor", **bucket(s3_server.url))).out)
    assert good.startswith("ok")
    assert "s3://feed-media" in good
    for environ, says in (
        (bucket(s3_server.url, FEED_MEDIA_STORE="s3://another-bucket"), "FEED_MEDIA_STORE"),
        (bucket("http://127.0.0.1:1"), "cannot be reached"),
    ):
        ran = await installation.feed("doctor", **environ)
        assert ran.status == 1
        assert line(ran.out).startswith("WRONG")
        assert says in line(ran.out)
        assert KEY_SECRET not in ran.out + ran.err


async def test_texts_go_on_while_the_storage_is_away(database: str, redis_url: str, tmp_path: Path) -> None:
    environ = environment_of(database, redis_url, tmp_path) | bucket("http://127.0.0.1:1")
    started = Server(environ, free_port())
    await started.start()
    try:
        keys = open_keys(tmp_path / "keys", create=False)
        token = issue_token(keys.token_key, sub="ming", name="小明", phone="+8613800000001")
        async with httpx.AsyncClient(base_url=started.url, trust_env=False, timeout=HANG_SECONDS) as client:
            headers = {"authorization": f"Bearer {token}"}
            assert (await client.post("/v1/posts", json={"text": "照样发帖"}, headers=headers)).status_code == 201
            assert len((await client.get("/v1/feeds/latest")).json()["items"]) == 1
    finally:
        await started.kill()


async def test_every_process_of_the_api_reads_from_a_bucket(
    pool: Pool, s3_server: S3Server, database: str, redis_url: str, tmp_path: Path
) -> None:
    """They are forked from the one that has checked the bucket."""
    author = await make.account(pool)
    content = os.urandom(300_000)
    post_id = await make.post(pool, author)
    medium = await store_medium(pool, s3_server.storage("feed-media"), author, content, post_id=post_id)
    environ = environment_of(database, redis_url, tmp_path) | bucket(s3_server.url)
    started = Server(environ, free_port(), "--workers", "2")
    await started.start()
    try:
        for _ in range(10):
            # A connection of its own, so that both processes are asked.
            async with httpx.AsyncClient(base_url=started.url, trust_env=False, timeout=HANG_SECONDS) as client:
                answer = await client.get(medium.path)
                assert (answer.status_code, answer.content) == (200, content)
    finally:
        await started.kill()
