"""An account at a provider of SMS: keys, signature, and the template registered for each purpose."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from feed.settings import Settings, is_loopback
from feed.sms.model import Purpose
from feed.sms.templates import check_templates

# What every provider that sends asks for; each may need more.
_NEEDED = ("sms_key_id", "sms_key_secret", "sms_sign_name", "sms_templates")
RECEIPT_TOKEN_SHORTEST = 32


class SmsSettingsRefused(ValueError):
    """Messages could not be sent with these settings; the message names the variable and never its value."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a provider, as far as sending needs it."""

    key_id: str
    key_secret: str
    sign_name: str
    templates: dict[Purpose, str]
    endpoint: str
    app_id: str = ""  # Tencent's SmsSdkAppId.

    def __repr__(self) -> str:
        return f"Subscription(endpoint={self.endpoint!r}, …)"

    @property
    def host(self) -> str:
        """As it is signed."""
        return urlsplit(self.endpoint).netloc


def check_common(settings: Settings) -> None:
    """What holds for every provider. Raises SmsSettingsRefused, TemplateRefused."""
    check_templates()
    if settings.sms_receipt_token and (
        len(settings.sms_receipt_token) < RECEIPT_TOKEN_SHORTEST or not _fits_path(settings.sms_receipt_token)
    ):
        raise SmsSettingsRefused(
            f"FEED_SMS_RECEIPT_TOKEN: {RECEIPT_TOKEN_SHORTEST} letters, digits, - and _ at least, at random"
        )
    if settings.sms_notices_per_day < 1 or settings.sms_notices_per_phone < 1:
        raise SmsSettingsRefused("FEED_SMS_NOTICES_PER_DAY and FEED_SMS_NOTICES_PER_PHONE are 1 or more")


def read_subscription(settings: Settings, *, endpoint: str, needs: Sequence[str] = ()) -> Subscription:
    """The account that the settings name.

    `endpoint` is the provider's own address, `needs` are fields of the settings that it needs beside what all need.
    Raises SmsSettingsRefused.
    """
    if missing := [f"FEED_{name.upper()}" for name in (*_NEEDED, *needs) if not getattr(settings, name)]:
        raise SmsSettingsRefused(f"FEED_SMS_PROVIDER={settings.sms_provider} needs {', '.join(missing)}")
    address = settings.sms_endpoint or endpoint
    _check_endpoint(address)
    return Subscription(
        key_id=settings.sms_key_id,
        key_secret=settings.sms_key_secret,
        sign_name=settings.sms_sign_name,
        templates=read_templates(settings.sms_templates),
        endpoint=address.rstrip("/"),
        app_id=settings.sms_app_id,
    )


def read_templates(text: str) -> dict[Purpose, str]:
    """`sign_in_code=SMS_1,prize_notice=SMS_2,…`, whole. Raises SmsSettingsRefused."""
    given: Mapping[str, str] = {
        part.partition("=")[0].strip(): part.partition("=")[2].strip() for part in text.split(",") if part.strip()
    }
    if unknown := sorted(given.keys() - set(Purpose)):
        raise SmsSettingsRefused(f"FEED_SMS_TEMPLATES: there is no purpose {', '.join(unknown)}")
    if missing := [purpose for purpose in Purpose if not given.get(purpose)]:
        raise SmsSettingsRefused(f"FEED_SMS_TEMPLATES names no template for {', '.join(missing)}")
    return {purpose: given[purpose] for purpose in Purpose}


def _check_endpoint(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(endpoint))
    if not secure or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
        raise SmsSettingsRefused("FEED_SMS_ENDPOINT is an https address without a path")


def _fits_path(token: str) -> bool:
    return token.isascii() and token.replace("-", "").replace("_", "").isalnum()
