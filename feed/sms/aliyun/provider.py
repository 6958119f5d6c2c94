"""Messages by Aliyun."""

import secrets
from datetime import UTC, datetime
from functools import partial

from feed.sms.aliyun import codec as wire
from feed.sms.http_client import Line
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Found, Missing, ReceiptFormat, Registration, Throttled, Trace, Uncertain
from feed.sms.provider_account import Subscription, read_subscription

# A phone gets a handful a day.
_PAGES_MOST = 10


class AliyunProvider:
    """Finds a message by its OutId among what its phone was sent on that day."""

    name = "aliyun"

    def __init__(self, account: Subscription) -> None:
        self._account = account
        self._line = Line()

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """The BizId."""
        now, nonce = datetime.now(UTC), secrets.token_hex(16)
        request = wire.send_request(self._account, reference, phone, purpose, params, at=now, nonce=nonce)
        return wire.read_sent(await self._line.post(request))

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> Trace:
        """The details bear no BizId; receipts will."""
        try:
            for day in wire.days_of(sending_at):
                if await self._is_there(reference, phone, day):
                    return Found("")
        except Throttled as refusal:
            raise Uncertain(str(refusal)) from None
        return Missing()

    async def close(self) -> None:
        await self._line.close()

    async def _is_there(self, reference: Reference, phone: str, day: str) -> bool:
        for page in range(1, _PAGES_MOST + 1):
            now, nonce = datetime.now(UTC), secrets.token_hex(16)
            request = wire.details_request(self._account, phone, day, page=page, at=now, nonce=nonce)
            references, full = wire.read_details(await self._line.post(request))
            if reference in references:
                return True
            if not full:
                return False
        return False


ALIYUN = Registration(
    name=AliyunProvider.name,
    read=partial(read_subscription, endpoint="https://dysmsapi.aliyuncs.com"),
    open=AliyunProvider,
    # A minute, an hour, a day.
    code_windows=((60, 1), (3600, 5), (86_400, 10)),
    receipts=ReceiptFormat("Aliyun (SmsReport)", wire.Report, wire.receipt_of),
)
