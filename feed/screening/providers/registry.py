"""The provider of content checks that the settings name."""

from feed.screening.provider import ContentProvider
from feed.screening.providers.aliyun.codec import Account
from feed.screening.providers.aliyun.provider import AliyunContent
from feed.settings import Settings

_ALIYUN_ENDPOINT = "https://green-cip.cn-shenzhen.aliyuncs.com"


def open_content_provider(settings: Settings) -> ContentProvider | None:
    """The configured provider, which the caller closes; None for `local`: this installation checks by itself."""
    if settings.screening_provider == "local":
        return None
    return AliyunContent(
        Account(
            settings.screening_key_id,
            settings.screening_key_secret,
            (settings.screening_endpoint or _ALIYUN_ENDPOINT).rstrip("/"),
        )
    )
