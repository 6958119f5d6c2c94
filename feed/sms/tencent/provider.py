"""Messages by Tencent Cloud."""

from datetime import UTC, datetime
from functools import partial

from feed.sms.http_client import Line
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Found, Missing, ReceiptFormat, Registration, Throttled, Trace, Uncertain
from feed.sms.provider_account import Subscription, read_subscription
from feed.sms.tencent import codec as wire

_PAGES_MOST = 10


class TencentProvider:
    """Finds a message by its SessionContext among the receipts of its phone: only what has been received, or failed, is there."""

    name = "tencent"

    def __init__(self, account: Subscription) -> None:
        self._account = account
        self._line = Line()

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """The SerialNo."""
        request = wire.send_request(self._account, reference, phone, purpose, params, at=datetime.now(UTC))
        return wire.read_sent(await self._line.post(request))

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> Trace:
        """Its SerialNo comes along."""
        for page in range(_PAGES_MOST):
            request = wire.pull_request(self._account, phone, sending_at, page=page, at=datetime.now(UTC))
            try:
                answer = await self._line.post(request)
            except Throttled as refusal:
                raise Uncertain(str(refusal)) from None
            serials, full = wire.read_pulled(answer)
            if reference in serials:
                return Found(serials[reference])
            if not full:
                break
        return Missing()

    async def close(self) -> None:
        await self._line.close()


TENCENT = Registration(
    name=TencentProvider.name,
    read=partial(read_subscription, endpoint="https://sms.tencentcloudapi.com", needs=("sms_app_id",)),
    open=TencentProvider,
    # Half a minute, an hour, a day.
    code_windows=((30, 1), (3600, 5), (86_400, 10)),
    receipts=ReceiptFormat("Tencent Cloud", wire.Report, wire.receipt_of),
)
