"""The SMS provider Aliyun."""

import secrets
from datetime import UTC, datetime
from functools import partial

from feed.sms.aliyun import codec as wire
from feed.sms.http_client import HttpClient
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Found, LookupResult, NotListed, ReceiptFormat, Registration, Throttled, Uncertain
from feed.sms.provider_account import ProviderAccount, read_account

# A phone gets a few messages a day; this many pages are more than enough.
_MAX_PAGES = 10


class AliyunProvider:
    """Looks a message up by its OutId among the messages to its phone on that day."""

    name = "aliyun"

    def __init__(self, account: ProviderAccount) -> None:
        self._account = account
        self._http = HttpClient()

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """Sends the message and returns the BizId."""
        now, nonce = datetime.now(UTC), secrets.token_hex(16)
        request = wire.send_request(self._account, reference, phone, purpose, params, at=now, nonce=nonce)
        return wire.read_sent(await self._http.post(request))

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> LookupResult:
        """Looks the message up. The id is empty: send details contain no BizId, receipts do."""
        try:
            for day in wire.days_of(sending_at):
                if await self._is_listed(reference, phone, day):
                    return Found("")
        except Throttled as error:
            raise Uncertain(str(error)) from None
        return NotListed()

    async def close(self) -> None:
        await self._http.close()

    async def _is_listed(self, reference: Reference, phone: str, day: str) -> bool:
        for page in range(1, _MAX_PAGES + 1):
            now, nonce = datetime.now(UTC), secrets.token_hex(16)
            request = wire.details_request(self._account, phone, day, page=page, at=now, nonce=nonce)
            references, full = wire.read_details(await self._http.post(request))
            if reference in references:
                return True
            if not full:
                return False
        return False


ALIYUN = Registration(
    name=AliyunProvider.name,
    read=partial(read_account, endpoint="https://dysmsapi.aliyuncs.com"),
    open=AliyunProvider,
    # One minute, one hour, one day.
    code_windows=((60, 1), (3600, 5), (86_400, 10)),
    receipts=ReceiptFormat("Aliyun (SmsReport)", wire.AliyunReport, wire.receipt_of),
)
