"""Delivery reports of SMS providers: repeated, late, out of order, for unknown messages and without the token."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.observability.metrics import text
from feed.postgres import transaction
from feed.settings import Settings
from feed.sms import actions, manual_resolution
from feed.sms import store as messages
from feed.sms.model import MessageId, Purpose, SendAttempt
from feed.sms.receipts import apply_receipts
from tests.support import make

TOKEN = "a-token-of-thirty-two-letters-0001"
PHONE = "+8613800138000"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, sms_receipt_token=TOKEN)


def aliyun(biz_id: str, out_id: str | None = None, *, success: bool = True, code: str = "DELIVERED") -> dict[str, Any]:
    return {
        "phone_number": "13800138000",
        "send_time": "2026-09-20 12:00:00",
        "report_time": "2026-09-20 12:00:05",
        "success": success,
        "err_code": code,
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": biz_id,
        **({} if out_id is None else {"out_id": out_id}),
    }


def tencent(sid: str, *, success: bool = True) -> dict[str, Any]:
    return {
        "user_receive_time": "2026-09-20 12:00:05",
        "nationcode": "86",
        "mobile": "13800138000",
        "report_status": "SUCCESS" if success else "FAIL",
        "errmsg": "DELIVRD" if success else "MK:1001",
        "description": "用户短信送达成功",
        "sid": sid,
    }


async def send_reports(client: httpx.AsyncClient, *reports: dict[str, Any], provider: str = "aliyun") -> None:
    answer = await client.post(f"/hooks/sms/{provider}/{TOKEN}", json=list(reports))
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "OK", "result": 0, "errmsg": "OK"})


async def begin(app_state: AppState, key: str = "prize:1", provider: str = "aliyun") -> SendAttempt:
    async with transaction(app_state.pool) as conn:
        message_id = await messages.enqueue(
            conn,
            keys=app_state.keys,
            purpose=Purpose.PRIZE_NOTICE,
            phone=PHONE,
            params={"campaign": "爱读书的深圳人", "date": "10 月 1 日"},
            once_key=key,
        )
    assert message_id is not None
    return await attempt(app_state, message_id, provider)


async def attempt(app_state: AppState, message_id: MessageId, provider: str = "aliyun") -> SendAttempt:
    begun = await actions.begin_sending(app_state.pool, message_id, provider, None)
    assert isinstance(begun, SendAttempt)
    return begun


async def state(app_state: AppState, sending: SendAttempt) -> tuple[str, str | None]:
    row = await app_state.pool.fetchrow("SELECT state, error_code FROM messages WHERE id = $1", sending.id)
    assert row is not None
    return row["state"], row["error_code"]


async def test_a_repeated_receipt_marks_the_message_delivered_once(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    sending = await begin(app_state)
    await actions.record_sent(app_state.pool, sending, "biz-1")
    before = text().decode()

    await asyncio.gather(*(send_reports(client, aliyun("biz-1", sending.reference)) for _ in range(5)))
    await send_reports(client, aliyun("biz-1", sending.reference), aliyun("biz-1", sending.reference))

    assert await state(app_state, sending) == ("delivered", None)
    line = 'feed_messages_total{outcome="delivered",provider="aliyun",purpose="prize_notice"} '
    counts = [float(part.split(line)[1].split()[0]) if line in part else 0.0 for part in (before, text().decode())]
    assert counts[1] - counts[0] == 1


@pytest.mark.parametrize("provider", ["aliyun", "tencent"])
async def test_a_receipt_may_precede_the_commit_of_the_send(
    client: httpx.AsyncClient, app_state: AppState, provider: str
) -> None:
    sending = await begin(app_state, provider=provider)
    report = aliyun("biz-1") if provider == "aliyun" else tencent("biz-1")
    await send_reports(client, report, provider=provider)
    assert await state(app_state, sending) == ("sending", None)

    await actions.record_sent(app_state.pool, sending, "biz-1")
    await apply_receipts(app_state.pool)

    assert await state(app_state, sending) == ("delivered", None)


async def test_a_receipt_by_reference_resolves_an_unknown_outcome(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    sending = await begin(app_state)
    await actions.record_unknown(app_state.pool, sending)

    await send_reports(client, aliyun("biz-1", sending.reference))

    assert await state(app_state, sending) == ("delivered", None)
    # The sender learns the outcome later: nothing changes.
    assert await actions.record_sent(app_state.pool, sending, "biz-1") is False
    assert await state(app_state, sending) == ("delivered", None)


async def test_a_late_receipt_stops_the_second_attempt(client: httpx.AsyncClient, app_state: AppState) -> None:
    sending = await begin(app_state)
    await actions.record_unknown(app_state.pool, sending)
    editor = await make.person(app_state.pool, role="editor")
    await manual_resolution.retry_message(app_state.pool, sending.id, by=editor, reason="没有收到")

    await send_reports(client, aliyun("biz-1", sending.reference))

    assert await state(app_state, sending) == ("delivered", None)
    assert await actions.begin_sending(app_state.pool, sending.id, "aliyun", None) is None


async def test_a_failure_applies_to_its_own_attempt_only(client: httpx.AsyncClient, app_state: AppState) -> None:
    first = await begin(app_state)
    await actions.record_sent(app_state.pool, first, "biz-1")
    await send_reports(client, aliyun("biz-1", first.reference, success=False, code="MOBILE_TERMINAL_ERROR"))
    assert await state(app_state, first) == ("undelivered", "MOBILE_TERMINAL_ERROR")
    editor = await make.person(app_state.pool, role="editor")
    await manual_resolution.retry_message(app_state.pool, first.id, by=editor, reason="已开机")
    second = await attempt(app_state, first.id)
    await actions.record_sent(app_state.pool, second, "biz-2")

    await send_reports(client, aliyun("biz-1", first.reference, success=False, code="LATE"))
    await send_reports(client, aliyun("biz-0", first.reference, success=False, code="LATE"))
    assert await state(app_state, second) == ("sent", None)

    await send_reports(client, aliyun("biz-2", second.reference))
    assert await state(app_state, second) == ("delivered", None)


@pytest.mark.parametrize("first", [True, False])
async def test_a_delivered_message_stays_delivered_in_any_order_of_receipts(
    client: httpx.AsyncClient, app_state: AppState, first: bool
) -> None:
    sending = await begin(app_state, provider="tencent")
    await actions.record_sent(app_state.pool, sending, "sid-1")

    for success in (first, not first):
        await send_reports(client, tencent("sid-1", success=success), provider="tencent")

    assert await state(app_state, sending) == ("delivered", None)


async def test_reports_of_unknown_messages_change_nothing(client: httpx.AsyncClient, app_state: AppState) -> None:
    sending = await begin(app_state)
    await actions.record_sent(app_state.pool, sending, "biz-1")

    await send_reports(
        client,
        aliyun("biz-9", "12345"),
        aliyun("biz-8", "not ours"),
        aliyun("", sending.reference),
        aliyun("a\x00b", sending.reference),
        aliyun("biz-7", "a\x00b", success=False, code="13800138000"),
        aliyun("长" * 200, sending.reference),
    )
    await send_reports(client, tencent("biz-1"), provider="tencent")  # Ids are per provider.
    await send_reports(client)

    assert await state(app_state, sending) == ("sent", None)
    stored = await app_state.pool.fetchval("SELECT string_agg(message_receipts::text, ' ') FROM message_receipts")
    assert "13800138000" not in stored


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1]", b'[{"biz_id": 1}]', b'[{"success": true}]', b"\xff"])
async def test_a_malformed_report_is_rejected(client: httpx.AsyncClient, body: bytes) -> None:
    for provider in ("aliyun", "tencent"):
        answer = await client.post(
            f"/hooks/sms/{provider}/{TOKEN}", content=body, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) in ((400, "malformed_body"), (422, "invalid"))


async def test_a_report_without_the_token_is_404(client: httpx.AsyncClient, app_state: AppState) -> None:
    sending = await begin(app_state)
    for token in ("x", TOKEN[:-1], TOKEN + "0", "令牌"):
        answer = await client.post(f"/hooks/sms/aliyun/{token}", json=[aliyun("b", sending.reference)])
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        unread = await client.post(f"/hooks/sms/aliyun/{token}", content=b"{")
        assert unread.status_code == 404
    assert await state(app_state, sending) == ("sending", None)


class TestWithoutAToken:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, sms_receipt_token="")

    async def test_the_endpoint_does_not_exist(self, client: httpx.AsyncClient) -> None:
        for token in (TOKEN, "%20"):
            assert (await client.post(f"/hooks/sms/aliyun/{token}", json=[])).status_code == 404
