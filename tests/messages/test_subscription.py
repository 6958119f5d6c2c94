from typing import Any

import pytest

from feed.commands.installation import Refused, checked
from feed.messages.aliyun import AliyunProvider
from feed.messages.console import ConsoleProvider
from feed.messages.model import Purpose, Reference
from feed.messages.opening import open_provider
from feed.messages.outbox import FileProvider
from feed.messages.provider import CannotTell
from feed.messages.subscription import SmsSettingsRefused, read_subscription
from feed.messages.tencent import TencentProvider
from feed.processes import CannotStart
from feed.settings import read_settings
from tests.messages.fake_provider import KEY_SECRET, TEMPLATES, Fake

BASE = {"FEED_DATABASE_URL": "postgresql://x", "FEED_REDIS_URL": "redis://x", "FEED_KEYS_DIR": "/keys"}
ALIYUN = Fake("aliyun", "https://sms.example").settings
TENCENT = Fake("tencent", "https://sms.example").settings


@pytest.mark.parametrize(
    ("given", "kind"),
    [({}, FileProvider), ({"FEED_SMS_PROVIDER": "console"}, ConsoleProvider), (ALIYUN, AliyunProvider)],
)
async def test_the_settings_name_a_provider(given: dict[str, str], kind: type) -> None:
    provider = open_provider(read_settings(BASE | given))
    assert isinstance(provider, kind)
    await provider.close()
    tencent = open_provider(read_settings(BASE | TENCENT))
    assert isinstance(tencent, TencentProvider)
    await tencent.close()


def test_an_account_is_read_whole() -> None:
    account = read_subscription(read_settings(BASE | ALIYUN | {"FEED_SMS_ENDPOINT": ""}))
    assert account is not None
    assert account.endpoint == "https://dysmsapi.aliyuncs.com"
    assert account.host == "dysmsapi.aliyuncs.com"
    assert account.templates == {Purpose(name): code for name, code in TEMPLATES.items()}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"FEED_SMS_PROVIDER": "carrier-pigeon"}, "FEED_SMS_PROVIDER is one of file, console, aliyun, tencent"),
        (ALIYUN | {"FEED_SMS_KEY_ID": ""}, "needs FEED_SMS_KEY_ID"),
        (ALIYUN | {"FEED_SMS_KEY_SECRET": ""}, "needs FEED_SMS_KEY_SECRET"),
        (ALIYUN | {"FEED_SMS_SIGN_NAME": "", "FEED_SMS_TEMPLATES": ""}, "FEED_SMS_SIGN_NAME, FEED_SMS_TEMPLATES"),
        (TENCENT | {"FEED_SMS_APP_ID": ""}, "FEED_SMS_APP_ID"),
        (ALIYUN | {"FEED_SMS_TEMPLATES": "sign_in_code=A,prize_notice=B"}, "no template for claim_reminder"),
        (ALIYUN | {"FEED_SMS_TEMPLATES": "sign_in_code=A,prize_notice=,claim_reminder=C"}, "for prize_notice"),
        (ALIYUN | {"FEED_SMS_TEMPLATES": "adverts=A"}, "no purpose adverts"),
        (ALIYUN | {"FEED_SMS_ENDPOINT": "http://sms.example"}, "FEED_SMS_ENDPOINT"),
        (ALIYUN | {"FEED_SMS_ENDPOINT": "https://sms.example/path"}, "FEED_SMS_ENDPOINT"),
        (ALIYUN | {"FEED_SMS_ENDPOINT": "sms.example"}, "FEED_SMS_ENDPOINT"),
        ({"FEED_SMS_RECEIPT_TOKEN": "x" * 31}, "FEED_SMS_RECEIPT_TOKEN"),
        ({"FEED_SMS_RECEIPT_TOKEN": "x" * 31 + "/"}, "FEED_SMS_RECEIPT_TOKEN"),
        ({"FEED_SMS_NOTICES_PER_DAY": "0"}, "FEED_SMS_NOTICES_PER_DAY"),
        ({"FEED_SMS_NOTICES_PER_PHONE": "0"}, "FEED_SMS_NOTICES_PER_PHONE"),
        ({"FEED_SMS_NOTICES_PER_PHONE": "many"}, "sms_notices_per_phone"),
    ],
)
def test_what_is_missing_or_unknown_is_refused_in_words(given: dict[str, str], names: str) -> None:
    with pytest.raises(CannotStart, match="环境变量有误") as refusal:
        checked(BASE | given)
    assert names in str(refusal.value)
    assert KEY_SECRET not in str(refusal.value)
    assert "x" * 31 not in str(refusal.value)


@pytest.mark.parametrize("secret", ["short", "fifteen-letters", ALIYUN["FEED_SMS_KEY_ID"]])
def test_a_weak_secret_is_refused(secret: str) -> None:
    with pytest.raises(Refused, match="FEED_SMS_KEY_SECRET") as refusal:
        checked(BASE | ALIYUN | {"FEED_SMS_KEY_SECRET": secret})
    assert secret not in str(refusal.value)


def test_the_refusal_is_one_of_its_own() -> None:
    with pytest.raises(SmsSettingsRefused):
        read_subscription(read_settings(BASE | {"FEED_SMS_PROVIDER": "none"}))


async def test_the_console_shows_what_a_phone_would_get(capsys: pytest.CaptureFixture[Any]) -> None:
    provider = ConsoleProvider()
    code = {"code": "012345", "minutes": "5"}
    await provider.send(Reference("1"), "+8613800138000", Purpose.SIGN_IN_CODE, code)
    assert "【读特】验证码 012345" in capsys.readouterr().out
    assert await provider.find(Reference("1"), "+8613800138000", None) == CannotTell()  # type: ignore[arg-type]
