"""The SMS provider Tencent Cloud."""

from datetime import UTC, datetime
from functools import partial

from feed.sms.http_client import HttpClient
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Found, LookupResult, NotListed, ReceiptFormat, Registration, Throttled, Uncertain
from feed.sms.provider_account import ProviderAccount, read_account
from feed.sms.tencent import codec as wire

_MAX_PAGES = 10


class TencentProvider:
    """Looks a message up by its SessionContext among the statuses of its phone: only delivered or failed ones are listed."""

    name = "tencent"

    def __init__(self, account: ProviderAccount) -> None:
        self._account = account
        self._http = HttpClient()

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """Sends the message and returns the SerialNo."""
        request = wire.send_request(self._account, reference, phone, purpose, params, at=datetime.now(UTC))
        return wire.read_sent(await self._http.post(request))

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> LookupResult:
        """Looks the message up and returns its SerialNo."""
        for page in range(_MAX_PAGES):
            request = wire.pull_request(self._account, phone, sending_at, page=page, at=datetime.now(UTC))
            try:
                response = await self._http.post(request)
            except Throttled as error:
                raise Uncertain(str(error)) from None
            serials, full = wire.read_pulled(response)
            if reference in serials:
                return Found(serials[reference])
            if not full:
                break
        return NotListed()

    async def close(self) -> None:
        await self._http.close()


TENCENT = Registration(
    name=TencentProvider.name,
    read=partial(read_account, endpoint="https://sms.tencentcloudapi.com", needs=("sms_app_id",)),
    open=TencentProvider,
    # 30 seconds, one hour, one day.
    code_windows=((30, 1), (3600, 5), (86_400, 10)),
    receipts=ReceiptFormat("Tencent Cloud", wire.TencentReport, wire.receipt_of),
)
