"""The account at an SMS provider, read from the settings: keys, signature and templates."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from feed.settings import Settings, is_loopback
from feed.sms.model import Purpose
from feed.sms.templates import check_templates

# Settings that every sending provider requires; each may require more.
_NEEDED = ("sms_key_id", "sms_key_secret", "sms_sign_name", "sms_templates")
MIN_RECEIPT_TOKEN_LENGTH = 32


class InvalidSmsSettings(ValueError):
    """Messages cannot be sent with these settings. The error message names the variable, never its value."""


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What sending needs of the account at a provider."""

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
        """The endpoint's host, as it is signed."""
        return urlsplit(self.endpoint).netloc


def check_common(settings: Settings) -> None:
    """Checks the settings that apply to every provider. Raises InvalidSmsSettings, InvalidTemplate."""
    check_templates()
    if settings.sms_receipt_token and (
        len(settings.sms_receipt_token) < MIN_RECEIPT_TOKEN_LENGTH or not _fits_path(settings.sms_receipt_token)
    ):
        raise InvalidSmsSettings(
            f"FEED_SMS_RECEIPT_TOKEN: {MIN_RECEIPT_TOKEN_LENGTH} letters, digits, - and _ at least, at random"
        )
    if settings.sms_notices_per_day < 1 or settings.sms_notices_per_phone < 1:
        raise InvalidSmsSettings("FEED_SMS_NOTICES_PER_DAY and FEED_SMS_NOTICES_PER_PHONE are 1 or more")


def read_account(settings: Settings, *, endpoint: str, needs: Sequence[str] = ()) -> ProviderAccount:
    """Reads the account from the settings.

    `endpoint` is the provider's default address, `needs` are the settings that it requires besides the common ones.
    Raises InvalidSmsSettings.
    """
    if missing := [f"FEED_{name.upper()}" for name in (*_NEEDED, *needs) if not getattr(settings, name)]:
        raise InvalidSmsSettings(f"FEED_SMS_PROVIDER={settings.sms_provider} needs {', '.join(missing)}")
    address = settings.sms_endpoint or endpoint
    _check_endpoint(address)
    return ProviderAccount(
        key_id=settings.sms_key_id,
        key_secret=settings.sms_key_secret,
        sign_name=settings.sms_sign_name,
        templates=read_templates(settings.sms_templates),
        endpoint=address.rstrip("/"),
        app_id=settings.sms_app_id,
    )


def read_templates(text: str) -> dict[Purpose, str]:
    """Parses `sign_in_code=SMS_1,prize_notice=SMS_2,…`, with one template per purpose. Raises InvalidSmsSettings."""
    given: Mapping[str, str] = {
        part.partition("=")[0].strip(): part.partition("=")[2].strip() for part in text.split(",") if part.strip()
    }
    if unknown := sorted(given.keys() - set(Purpose)):
        raise InvalidSmsSettings(f"FEED_SMS_TEMPLATES: there is no purpose {', '.join(unknown)}")
    if missing := [purpose for purpose in Purpose if not given.get(purpose)]:
        raise InvalidSmsSettings(f"FEED_SMS_TEMPLATES names no template for {', '.join(missing)}")
    return {purpose: given[purpose] for purpose in Purpose}


def _check_endpoint(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(endpoint))
    if not secure or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
        raise InvalidSmsSettings("FEED_SMS_ENDPOINT is an https address without a path")


def _fits_path(token: str) -> bool:
    return token.isascii() and token.replace("-", "").replace("_", "").isalnum()
