"""The adapter of Aliyun's check of texts, over real HTTP, and its signature against a recorded request."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from feed.environment import read_settings
from feed.screening.provider import NotAnswered
from feed.screening.providers.aliyun import codec
from feed.screening.providers.aliyun.codec import Account
from feed.screening.providers.aliyun.provider import AliyunContent
from feed.screening.providers.registry import open_content_provider
from feed.settings import MissingSetting, WeakSecret
from feed.sms.provider_errors import ProviderResponse
from tests.support.fake_content_provider import FakeContent, faking_content

_BASE = {"FEED_DATABASE_URL": "postgresql://x", "FEED_REDIS_URL": "redis://x", "FEED_KEYS_DIR": "/keys"}


@pytest.fixture
def fake() -> Iterator[FakeContent]:
    with faking_content() as opened:
        yield opened


def opened(fake: FakeContent) -> AliyunContent:
    provider = open_content_provider(read_settings(_BASE | fake.settings))
    assert isinstance(provider, AliyunContent)
    return provider


async def test_a_signed_request_is_answered_with_the_place_of_each_hit(fake: FakeContent) -> None:
    fake.risks = {"冰毒": "contraband_drug", "裸聊": "pornographic_adult"}
    provider = opened(fake)
    answer = await provider.check("卖冰毒😀，裸聊", "17")
    await provider.close()
    assert fake.unsigned == []
    assert fake.asked == [("17", "卖冰毒😀，裸聊")]
    assert [(label.label, label.term, label.start, label.length) for label in answer.labels] == [
        ("illegal", "冰毒", 1, 2),
        ("porn", "裸聊", 5, 2),
    ]
    assert answer.request_id == "R-1"


async def test_a_long_text_is_asked_about_in_parts_that_cut_no_hit(fake: FakeContent) -> None:
    fake.risks = {"冰毒": "contraband_drug"}
    text = "好" * 599 + "冰毒" + "好" * 1300
    provider = opened(fake)
    answer = await provider.check(text, "17")
    await provider.close()
    assert all(len(part) <= 600 for _, part in fake.asked)
    assert [(label.start, label.length) for label in answer.labels] == [(599, 2)]


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (500, {}),
        (503, {"Code": "ServiceUnavailable"}),
        (400, {"Code": "Throttling.User"}),
        (200, {"Code": 408, "Message": "no permission"}),
        (200, {"Code": 200}),
    ],
)
async def test_what_is_no_answer_is_asked_again_later(fake: FakeContent, status: int, document: dict[str, str]) -> None:
    fake.script = [(status, document)]
    provider = opened(fake)
    with pytest.raises(NotAnswered):
        await provider.check("你好", "17")
    assert (await provider.check("你好", "17")).labels == []
    await provider.close()


async def test_a_provider_that_is_away_gave_no_answer() -> None:
    provider = AliyunContent(Account("id", "a-secret-for-tests", "http://127.0.0.1:9"))
    with pytest.raises(NotAnswered):
        await provider.check("你好", "17")
    await provider.close()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"Code":200,"Data":{"RiskLevel":5}}'])
def test_an_unreadable_answer_is_none(body: bytes) -> None:
    with pytest.raises(NotAnswered):
        codec.read_answer(ProviderResponse(200, body), "你好", 0)


def test_the_request_is_the_recorded_one() -> None:
    account = Account("YourAccessKeyId", "YourAccessKeySecret", "https://green-cip.cn-shanghai.aliyuncs.com")
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    request = codec.check_request(account, "你好", "17", at=at, nonce="n")
    assert request.url == "https://green-cip.cn-shanghai.aliyuncs.com/"
    assert request.body == (
        b"Service=comment_detection_pro&ServiceParameters="
        b"%7B%22content%22%3A%22%E4%BD%A0%E5%A5%BD%22%2C%22dataId%22%3A%2217%22%7D"
    )
    assert request.headers["x-acs-action"] == "TextModerationPlus"
    assert "你好" not in repr(request)
    assert "YourAccessKeySecret" not in repr(account)


def test_the_keys_of_the_provider_are_required_and_not_guessable() -> None:
    with pytest.raises(MissingSetting):
        read_settings(_BASE | {"FEED_SCREENING_PROVIDER": "aliyun"})
    with pytest.raises(WeakSecret):
        read_settings(
            _BASE
            | {
                "FEED_SCREENING_PROVIDER": "aliyun",
                "FEED_SCREENING_KEY_ID": "id",
                "FEED_SCREENING_KEY_SECRET": "short",
            }
        )
    with pytest.raises(ValueError, match="https"):
        read_settings(
            _BASE
            | {
                "FEED_SCREENING_PROVIDER": "aliyun",
                "FEED_SCREENING_KEY_ID": "id",
                "FEED_SCREENING_KEY_SECRET": "a-secret-for-tests",
                "FEED_SCREENING_ENDPOINT": "http://green-cip.example.com",
            }
        )
    assert open_content_provider(read_settings(_BASE)) is None
