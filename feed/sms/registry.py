"""The registered SMS providers by name. A new provider is a module with a registration, added to the tuple."""

from collections.abc import Sequence
from typing import Any

from feed.settings import Settings
from feed.sms.aliyun.provider import ALIYUN
from feed.sms.console_provider import CONSOLE
from feed.sms.file_provider import FILE
from feed.sms.provider import Registration, SmsProvider
from feed.sms.provider_account import InvalidSmsSettings, check_common
from feed.sms.quotas import for_unknown_devices
from feed.sms.tencent.provider import TENCENT

REGISTRATIONS: tuple[Registration[Any], ...] = (FILE, CONSOLE, ALIYUN, TENCENT)


def get_registration(name: str) -> Registration[Any]:
    """The provider of this name. Raises InvalidSmsSettings, which lists the known names."""
    known = {registration.name: registration for registration in REGISTRATIONS}
    if name not in known:
        raise InvalidSmsSettings(f"FEED_SMS_PROVIDER is one of {', '.join(known)}")
    return known[name]


def check_settings(settings: Settings) -> None:
    """Raises InvalidSmsSettings or InvalidTemplate when no message can be sent with these settings."""
    registration = get_registration(settings.sms_provider)
    check_common(settings)
    registration.read(settings)


def require_sending(settings: Settings) -> None:
    """Raises InvalidSmsSettings when messages would only be written down, unless the installation is embedded.

    Elsewhere users would get no codes and winners no notices, while a file or a log fills with numbers and codes.
    """
    registration = get_registration(settings.sms_provider)
    if not registration.sends and not settings.embedded:
        sending = [each.name for each in REGISTRATIONS if each.sends]
        raise InvalidSmsSettings(
            f"FEED_SMS_PROVIDER={registration.name} 只记录短信而不发送，仅限 feed up 的内置模式；请改为 {' 或 '.join(sending)}。\n"
            f"FEED_SMS_PROVIDER={registration.name} writes messages down and sends none, which is for the embedded mode of "
            f"`feed up`: set it to {' or '.join(sending)}."
        )


def open_provider(settings: Settings) -> SmsProvider:
    """Opens the configured provider; the caller closes it. Raises InvalidSmsSettings, InvalidTemplate."""
    check_settings(settings)
    registration = get_registration(settings.sms_provider)
    return registration.open(registration.read(settings))


def code_windows(provider: str, *, known: bool) -> Sequence[tuple[int, int]]:
    """The quota windows for codes to one phone, as (seconds, quota), for a device that is known or not.

    Raises InvalidSmsSettings for an unknown provider.
    """
    windows = get_registration(provider).code_windows
    return windows if known else for_unknown_devices(windows)
