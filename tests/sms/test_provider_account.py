from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import feed
from feed.commands.installation import UnsafeSetting, checked
from feed.embedded.processes import CannotStart
from feed.environment import read_settings
from feed.sms.aliyun.provider import AliyunProvider
from feed.sms.console_provider import ConsoleProvider
from feed.sms.file_provider import FileProvider
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Inconclusive
from feed.sms.provider_account import InvalidSmsSettings
from feed.sms.registry import REGISTRATIONS, check_settings, code_windows, get_registration, open_provider
from feed.sms.tencent.provider import TencentProvider
from tests.support.fake_sms_provider import KEY_SECRET, TEMPLATES, Fake

DOCS = Path(feed.__file__).parent.parent / "docs"
SETTINGS = (DOCS / "reference/settings.md").read_text("utf-8")
OPERATIONS = (DOCS / "how-to/operate.md").read_text("utf-8")
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
    account = get_registration("aliyun").read(read_settings(BASE | ALIYUN | {"FEED_SMS_ENDPOINT": ""}))
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
    with pytest.raises(CannotStart, match="环境变量有误") as raised:
        checked(BASE | given)
    assert names in str(raised.value)
    assert KEY_SECRET not in str(raised.value)
    assert "x" * 31 not in str(raised.value)


@pytest.mark.parametrize("secret", ["short", "fifteen-letters", ALIYUN["FEED_SMS_KEY_ID"]])
def test_a_weak_secret_is_refused(secret: str) -> None:
    with pytest.raises(UnsafeSetting, match="FEED_SMS_KEY_SECRET") as raised:
        checked(BASE | ALIYUN | {"FEED_SMS_KEY_SECRET": secret})
    assert secret not in str(raised.value)


def test_the_refusal_is_one_of_its_own() -> None:
    with pytest.raises(InvalidSmsSettings):
        check_settings(read_settings(BASE | {"FEED_SMS_PROVIDER": "none"}))


@pytest.mark.parametrize("ask", [get_registration, partial(code_windows, known=True)], ids=["registration", "windows"])
def test_an_unknown_provider_is_refused_with_the_names_of_all(ask: Callable[[str], object]) -> None:
    with pytest.raises(InvalidSmsSettings, match=r"one of file, console, aliyun, tencent$"):
        ask("Tencent")


def test_every_provider_is_registered_under_its_own_name_and_documented() -> None:
    for registration in REGISTRATIONS:
        provider = registration.open(registration.read(read_settings(BASE | ALIYUN | TENCENT)))
        assert provider.name == registration.name
        assert get_registration(registration.name) is registration
        assert f"`{registration.name}`" in SETTINGS
        if registration.receipts is not None:
            assert f"/sms/{registration.name}/TOKEN" in OPERATIONS


async def test_the_console_shows_what_a_phone_would_get(capsys: pytest.CaptureFixture[Any]) -> None:
    provider = ConsoleProvider()
    code = {"code": "012345", "minutes": "5"}
    await provider.send(Reference("1"), "+8613800138000", Purpose.SIGN_IN_CODE, code)
    assert "【读特】验证码 012345" in capsys.readouterr().out
    assert await provider.find(Reference("1"), "+8613800138000", None) == Inconclusive()  # type: ignore[arg-type]
