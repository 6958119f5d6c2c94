"""The providers of SMS that there are, by name. A new one is a module with its registration, and a name in the table."""

from collections.abc import Sequence
from typing import Any

from feed.settings import Settings
from feed.sms.aliyun.provider import ALIYUN
from feed.sms.console_provider import CONSOLE
from feed.sms.file_provider import FILE
from feed.sms.provider import Registration, SmsProvider
from feed.sms.provider_account import SmsSettingsRefused, check_common
from feed.sms.tencent.provider import TENCENT

REGISTRATIONS: tuple[Registration[Any], ...] = (FILE, CONSOLE, ALIYUN, TENCENT)


def get_registration(name: str) -> Registration[Any]:
    """The provider of this name. Raises SmsSettingsRefused with the names that there are."""
    known = {registration.name: registration for registration in REGISTRATIONS}
    if name not in known:
        raise SmsSettingsRefused(f"FEED_SMS_PROVIDER is one of {', '.join(known)}")
    return known[name]


def check_settings(settings: Settings) -> None:
    """Raises SmsSettingsRefused, TemplateRefused when no message could be sent with these settings."""
    registration = get_registration(settings.sms_provider)
    check_common(settings)
    registration.read(settings)


def open_provider(settings: Settings) -> SmsProvider:
    """The provider that the settings name; the caller closes it. Raises SmsSettingsRefused, TemplateRefused."""
    check_settings(settings)
    registration = get_registration(settings.sms_provider)
    return registration.open(registration.read(settings))


def code_windows(provider: str) -> Sequence[tuple[int, int]]:
    """Seconds and quota of each window of a phone's codes. Raises SmsSettingsRefused for an unknown provider."""
    return get_registration(provider).code_windows
