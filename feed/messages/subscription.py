"""What a provider knows us by: keys, signature, and the template registered for each purpose."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from feed.messages.model import Purpose
from feed.messages.templates import check_templates
from feed.settings import Settings, is_loopback

# Those that send; the others write down what would be sent.
REAL = ("aliyun", "tencent")
PROVIDERS = ("file", "console", *REAL)
_ENDPOINTS = {"aliyun": "https://dysmsapi.aliyuncs.com", "tencent": "https://sms.tencentcloudapi.com"}
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


def read_subscription(settings: Settings) -> Subscription | None:
    """What the settings name; None for a provider that only writes down. Raises SmsSettingsRefused, TemplateRefused."""
    check_templates()
    provider = settings.sms_provider
    if provider not in PROVIDERS:
        raise SmsSettingsRefused(f"FEED_SMS_PROVIDER is one of {', '.join(PROVIDERS)}")
    if settings.sms_receipt_token and (
        len(settings.sms_receipt_token) < RECEIPT_TOKEN_SHORTEST or not _fits_path(settings.sms_receipt_token)
    ):
        raise SmsSettingsRefused(
            f"FEED_SMS_RECEIPT_TOKEN: {RECEIPT_TOKEN_SHORTEST} letters, digits, - and _ at least, at random"
        )
    if settings.sms_notices_per_day < 1 or settings.sms_notices_per_phone < 1:
        raise SmsSettingsRefused("FEED_SMS_NOTICES_PER_DAY and FEED_SMS_NOTICES_PER_PHONE are 1 or more")
    if provider not in REAL:
        return None
    needed = ["sms_key_id", "sms_key_secret", "sms_sign_name", "sms_templates"]
    needed += ["sms_app_id"] if provider == "tencent" else []
    if missing := [f"FEED_{name.upper()}" for name in needed if not getattr(settings, name)]:
        raise SmsSettingsRefused(f"FEED_SMS_PROVIDER={provider} needs {', '.join(missing)}")
    endpoint = settings.sms_endpoint or _ENDPOINTS[provider]
    _check_endpoint(endpoint)
    return Subscription(
        key_id=settings.sms_key_id,
        key_secret=settings.sms_key_secret,
        sign_name=settings.sms_sign_name,
        templates=read_templates(settings.sms_templates),
        endpoint=endpoint.rstrip("/"),
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
