"""A provider of SMS that is only a registration in the table sends a message and takes its receipt."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from feed.api.state import AppState
from feed.app import build
from feed.postgres import transaction
from feed.settings import Settings
from feed.sms import registry as opening
from feed.sms import store as messages
from feed.sms.model import Purpose, Receipt, Reference
from feed.sms.provider import Inconclusive, ReceiptFormat, Registration
from feed.sms.provider_account import InvalidSmsSettings, ProviderAccount, read_account
from feed.sms.registry import open_provider
from feed.worker.sms import send_message
from feed.worker.state import WorkerState

TOKEN = "a-token-of-thirty-two-letters-0001"
PHONE = "+8613800138000"


class Slip(msgspec.Struct):
    """A receipt in the provider's own form."""

    number: str
    arrived: bool


class Courier:
    """Keeps what it was given."""

    name = "courier"

    def __init__(self, account: ProviderAccount) -> None:
        self.account = account
        self.taken: list[tuple[Reference, str, Purpose]] = []

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        self.taken.append((reference, phone, purpose))
        return f"courier-{reference}"

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> Inconclusive:
        return Inconclusive()

    async def close(self) -> None:
        pass


def read(settings: Settings) -> ProviderAccount:
    return read_account(settings, endpoint="https://courier.example", needs=("sms_app_id",))


def receipt_of(slip: Slip) -> Receipt | None:
    return Receipt(slip.number, None, slip.arrived, None if slip.arrived else "lost") if slip.number else None


COURIER = Registration(
    name="courier",
    read=read,
    open=Courier,
    code_windows=((7, 1),),
    receipts=ReceiptFormat("the courier", Slip, receipt_of),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "REGISTRATIONS", (*opening.REGISTRATIONS, COURIER))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings,
        sms_provider="courier",
        sms_key_id="an-id",
        sms_key_secret="a-secret-of-a-courier",
        sms_sign_name="读特",
        sms_templates=",".join(f"{purpose}=T" for purpose in Purpose),
        sms_app_id="7",
        sms_receipt_token=TOKEN,
    )


@pytest.fixture
def app(app_state: AppState) -> Litestar:
    return build(app_state)


@pytest.fixture
async def direct(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """The application as it is built with one more provider; the shared document does not know its route."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as opened:
        yield opened


async def state(app_state: AppState) -> Any:
    return await app_state.pool.fetchval("SELECT state FROM messages")


async def test_it_sends_a_message_and_takes_its_receipt(direct: httpx.AsyncClient, app_state: AppState) -> None:
    async with transaction(app_state.pool) as conn:
        message_id = await messages.enqueue(
            conn,
            keys=app_state.keys,
            purpose=Purpose.PRIZE_NOTICE,
            phone=PHONE,
            params={"campaign": "爱读书的深圳人", "date": "10 月 1 日"},
            once_key="prize:1",
        )
    assert message_id is not None
    courier = open_provider(app_state.settings)
    assert isinstance(courier, Courier)
    assert courier.account.endpoint == "https://courier.example"
    await send_message(WorkerState(app_state.pool, app_state.redis, app_state.keys, courier, None), message_id)
    assert [(phone, purpose) for _, phone, purpose in courier.taken] == [(PHONE, Purpose.PRIZE_NOTICE)]
    assert await state(app_state) == "sent"

    slips = [{"number": "", "arrived": True}, {"number": f"courier-{courier.taken[0][0]}", "arrived": True}]
    assert (await direct.post(f"/hooks/sms/courier/{TOKEN[:-1]}2", json=slips)).status_code == 404
    assert (await direct.post(f"/hooks/sms/courier/{TOKEN}", json=[{"sid": "1"}])).status_code == 422
    assert await state(app_state) == "sent"
    response = await direct.post(f"/hooks/sms/courier/{TOKEN}", json=slips)
    assert (response.status_code, response.json()["errmsg"]) == (200, "OK")
    assert await state(app_state) == "delivered"


async def test_its_own_windows_limit_codes(direct: httpx.AsyncClient) -> None:
    assert (await direct.post("/auth/codes", json={"phone": PHONE})).status_code == 202
    again = await direct.post("/auth/codes", json={"phone": PHONE})
    assert (again.status_code, again.headers["retry-after"]) == (429, "7")


def test_what_it_needs_is_asked_for(settings: Settings) -> None:
    with pytest.raises(InvalidSmsSettings, match="FEED_SMS_PROVIDER=courier needs FEED_SMS_APP_ID"):
        opening.check_settings(msgspec.structs.replace(settings, sms_app_id=""))


def test_its_webhook_is_documented_like_the_others(app: Litestar) -> None:
    document = app.openapi_schema.to_schema()
    paths = {path.split("/")[4]: item["post"] for path, item in document["paths"].items() if "/hooks/sms/" in path}
    assert {name: operation["summary"] for name, operation in paths.items()} == {
        name: f"Hear{name.title()}Receipts" for name in ("aliyun", "tencent", "courier")
    }
    body = paths["courier"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["items"]["$ref"].endswith("Slip")
