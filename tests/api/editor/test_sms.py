"""Endpoints of editors for SMS with an unknown outcome: list, retry and resolve."""

from datetime import UTC, datetime, timedelta

from feed.api.state import AppState
from feed.postgres import transaction
from feed.sms import actions
from feed.sms import store as messages
from feed.sms.model import SHANGHAI, MessageId, Purpose, QuietHours, SendAttempt
from feed.sms.provider import NotAccepted
from feed.worker.sms import send_message
from feed.worker.state import WorkerState
from tests.support import make
from tests.support.api import Join
from tests.support.sms import ScriptedProvider, enqueue

PHONE = "+8613800138000"


async def message(
    app_state: AppState,
    key: str,
    state: str = "unknown",
    *,
    campaign_id: int | None = None,
    expires_at: datetime | None = None,
) -> MessageId:
    """A message that one attempt has left in `state`."""
    async with transaction(app_state.pool) as conn:
        made = await messages.enqueue(
            conn,
            keys=app_state.keys,
            purpose=Purpose.PRIZE_NOTICE,
            phone=PHONE,
            params={"campaign": "爱读书的深圳人", "date": "10 月 1 日"},
            once_key=key,
            campaign_id=campaign_id,
        )
    assert made is not None
    attempt = await actions.begin_sending(app_state.pool, made, "aliyun", None)
    assert isinstance(attempt, SendAttempt)
    await app_state.pool.execute(
        "UPDATE messages SET state = $2, ended_at = now(), error_code = 'cannot_tell', expires_at = $3 WHERE id = $1",
        made,
        state,
        expires_at,
    )
    await app_state.pool.execute("DELETE FROM jobs.pgqueuer")
    return made


async def job_count(app_state: AppState) -> int:
    count: int = await app_state.pool.fetchval("SELECT count(*) FROM jobs.pgqueuer WHERE entrypoint = 'send_message'")
    return count


async def test_editors_list_messages_that_need_a_decision_with_masked_phones(app_state: AppState, join: Join) -> None:
    campaign = await make.campaign(app_state.pool)
    ids = [
        await message(app_state, f"prize:{n}", state, campaign_id=campaign if n else None)
        for n, state in enumerate(("unknown", "sent", "failed", "undelivered", "expired"))
    ]
    editor = join("编辑", roles=("editor",))

    first = (await editor("GET", "/admin/messages?limit=2")).json()
    rest = (await editor("GET", f"/admin/messages?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [str(ids[n]) for n in (3, 2, 0)]
    assert rest["next_cursor"] is None
    item = first["items"][0]
    assert (item["phone_masked"], item["state"], item["purpose"]) == ("138****8000", "undelivered", "prize_notice")
    assert item["campaign"]["id"] == str(campaign)
    assert item["campaign"]["title"]
    assert "13800138000" not in (await editor("GET", "/admin/messages")).text

    unknown = (await editor("GET", "/admin/messages?state=unknown")).json()["items"]
    assert [(item["id"], item["campaign"], item["attempts"]) for item in unknown] == [(str(ids[0]), None, 1)]
    of_campaign = (await editor("GET", f"/admin/messages?campaign_id={campaign}")).json()["items"]
    assert [item["id"] for item in of_campaign] == [str(id_) for id_ in reversed(ids[1:])]
    sent = (await editor("GET", f"/admin/messages?campaign_id={campaign}&state=sent")).json()["items"]
    assert [item["id"] for item in sent] == [str(ids[1])]
    for wrong in ("state=nonsense", "campaign_id=x"):
        assert (await editor("GET", f"/admin/messages?{wrong}")).status_code == 422


async def test_a_retry_makes_one_attempt_and_is_audited(app_state: AppState, join: Join) -> None:
    unknown = await message(app_state, "prize:1")
    editor = join("编辑", roles=("editor",))

    for _ in range(2):
        answer = await editor(
            "POST", f"/admin/messages/{unknown}/retry", {"reason": "本人说没有收到"}, headers={"idempotency-key": "k"}
        )
        assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    again = await editor("POST", f"/admin/messages/{unknown}/retry", {"reason": "再来"})
    assert (again.status_code, again.json()["code"]) == (409, "message_not_stuck")

    assert await job_count(app_state) == 1
    (record,) = await app_state.pool.fetch("SELECT detail FROM audit WHERE action = 'message.retry'")
    assert record["detail"] == {"reason": "本人说没有收到", "state": "unknown", "attempt": 1}
    provider = ScriptedProvider("p-2", NotAccepted())
    worker = WorkerState(app_state.pool, app_state.redis, app_state.keys, provider, None)
    for _ in range(2):
        await send_message(worker, unknown)
    assert provider.calls == 1
    row = await app_state.pool.fetchrow("SELECT state, attempt FROM messages WHERE id = $1", unknown)
    assert tuple(row or ()) == ("sent", 2)


async def test_an_editor_resolves_a_message(app_state: AppState, join: Join) -> None:
    unknown, failed = await message(app_state, "prize:1"), await message(app_state, "prize:2", "failed")
    editor = join("编辑", roles=("editor",))

    for message_id, outcome in ((unknown, "sent"), (failed, "failed")):
        answer = await editor(
            "POST", f"/admin/messages/{message_id}/resolve", {"outcome": outcome, "reason": "电话核实"}
        )
        assert (answer.status_code, answer.json()["state"]) == (200, outcome)
        assert answer.json()["resolved_at"]
    assert (await editor("GET", "/admin/messages")).json()["items"] == []
    assert await job_count(app_state) == 0
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'message.resolve'") == 2
    for verb, body in (("retry", {"reason": "再来"}), ("resolve", {"outcome": "sent", "reason": "再来"})):
        answer = await editor("POST", f"/admin/messages/{unknown}/{verb}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "message_not_stuck")


async def test_invalid_decisions_are_rejected(app_state: AppState, join: Join) -> None:
    sent, over = (
        await message(app_state, "prize:1", "sent"),
        await message(app_state, "prize:2", expires_at=make.now() - timedelta(seconds=1)),
    )
    unknown = await message(app_state, "prize:3")
    editor = join("编辑", roles=("editor",))

    for message_id, body, status, code in (
        (sent, {"reason": "再来"}, 409, "message_not_stuck"),
        (over, {"reason": "再来"}, 409, "message_too_late"),
        (1, {"reason": "再来"}, 404, "message_not_found"),
        ("x", {"reason": "再来"}, 404, "message_not_found"),
        (unknown, {"reason": " "}, 422, "invalid"),
        (unknown, {"reason": "a\x00b"}, 422, "invalid"),
        (unknown, {"reason": "长" * 501}, 422, "invalid"),
        (unknown, {}, 422, "invalid"),
    ):
        answer = await editor("POST", f"/admin/messages/{message_id}/retry", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    wrong = await editor("POST", f"/admin/messages/{unknown}/resolve", {"outcome": "lost", "reason": "?"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid")
    assert await job_count(app_state) == 0
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE subject_kind = 'message'") == 0


async def test_editors_see_what_holds_a_message(app_state: AppState, join: Join) -> None:
    made = await enqueue(app_state.pool, app_state.keys)
    here = datetime.now(UTC).astimezone(SHANGHAI)
    quiet = QuietHours((here - timedelta(hours=1)).time(), (here + timedelta(hours=1)).time())
    await actions.begin_sending(app_state.pool, made, "aliyun", quiet)
    (card,) = (await join("编辑", roles=("editor",))("GET", "/admin/messages?state=queued")).json()["items"]
    assert (card["id"], card["held_by"]) == (str(made), "quiet_hours")
    assert timedelta(0) < datetime.fromisoformat(card["held_until"]) - here <= timedelta(hours=1)
    await actions.begin_sending(app_state.pool, made, "aliyun", None)
    (card,) = (await join("编辑", roles=("editor",))("GET", "/admin/messages?state=sending")).json()["items"]
    assert (card["held_by"], card["held_until"]) == (None, None)
