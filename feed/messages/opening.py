"""Which provider the settings name."""

from feed.messages.aliyun import AliyunProvider
from feed.messages.console import ConsoleProvider
from feed.messages.outbox import FileProvider
from feed.messages.provider import SmsProvider
from feed.messages.subscription import read_subscription
from feed.messages.tencent import TencentProvider
from feed.settings import Settings


def open_provider(settings: Settings) -> SmsProvider:
    """The provider, to be closed by whoever opened it. Raises SmsSettingsRefused, TemplateRefused."""
    account = read_subscription(settings)
    if account is None:
        return ConsoleProvider() if settings.sms_provider == "console" else FileProvider(settings.sms_outbox)
    return AliyunProvider(account) if settings.sms_provider == "aliyun" else TencentProvider(account)
