"""Messages by the two providers, each as unreliable as they come: one message on the phone at most, and exact states."""

from datetime import timedelta

import pytest

from feed.keys.store import Keys
from feed.sms import actions
from feed.sms import manual_resolution as deciding
from feed.sms.model import Purpose, Reference, SendAttempt, Wait
from feed.sms.provider import NOT_LISTED_AFTER, UNRESPONSIVE_AFTER
from feed.sms.registry import open_provider
from feed.sms.templates import param_names
from feed.worker.sms import resolve_abandoned, send_message
from feed.worker.state import WorkerState
from tests.support import make
from tests.support.fake_sms_provider import REJECTIONS, SECRETLY, SIGNATURE, Fake, faking
from tests.support.sms import PHONE, enqueue, job_count, lets_time_pass, row_of
from tests.worker.conftest import WorldsWith, settings_of


@pytest.fixture
def worker_state(unreliable: WorkerState) -> WorkerState:
    return unreliable


async def test_a_message_is_sent_by_its_template_under_our_reference(worker_state: WorkerState, fake: Fake) -> None:
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    for _ in range(2):
        await send_message(worker_state, message_id)

    (order,) = fake.taken
    assert (order.reference, order.sign, order.template) == (str(message_id), SIGNATURE, "T_PRIZE")
    assert order.phone == (PHONE if fake.name == "tencent" else PHONE.removeprefix("+86"))
    named = {"campaign": "爱读书的深圳人", "date": "10 月 1 日"}
    assert order.values == (list(named.values()) if fake.name == "tencent" else named)
    assert await row_of(worker_state.pool, message_id) == ("sent", None, order.provider_id)
    assert await worker_state.pool.fetchval("SELECT provider FROM messages") == fake.name


@pytest.mark.parametrize("fate", SECRETLY)
async def test_what_was_taken_without_a_word_is_found_and_not_sent_again(
    worker_state: WorkerState, fake: Fake, fate: str
) -> None:
    fake.script, fake.hidden_for = [fate], 1
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)
    assert (await row_of(worker_state.pool, message_id))[0] == "sending"
    await lets_time_pass(worker_state, message_id)
    assert (await row_of(worker_state.pool, message_id))[
        0
    ] == "sending"  # Too recent for what is not shown to mean anything.
    await lets_time_pass(worker_state, message_id)

    state, error, provider_id = await row_of(worker_state.pool, message_id)
    assert (state, error) == ("sent", None)
    # Aliyun's details do not contain the BizId; its receipts contain our reference.
    assert provider_id == (None if fake.name == "aliyun" else fake.taken[0].provider_id)
    assert len(fake.taken) == 1


@pytest.mark.parametrize("fate", ["fails", "unwell"])
async def test_what_a_failing_provider_never_shows_is_an_editor_s(
    worker_state: WorkerState, fake: Fake, fate: str
) -> None:
    fake.script = [fate]
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)
    await lets_time_pass(worker_state, message_id)
    assert (await row_of(worker_state.pool, message_id))[0] == "sending"
    await lets_time_pass(worker_state, message_id, NOT_LISTED_AFTER)
    await lets_time_pass(worker_state, message_id, NOT_LISTED_AFTER)

    assert await row_of(worker_state.pool, message_id) == ("unknown", "cannot_tell", None)
    assert fake.taken == []
    assert fake.asked >= 2


async def test_a_provider_that_stays_silent_leaves_it_to_an_editor(worker_state: WorkerState, fake: Fake) -> None:
    fake.script, fake.silent = ["fails after taking"], True
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)
    await lets_time_pass(worker_state, message_id, NOT_LISTED_AFTER)
    assert (await row_of(worker_state.pool, message_id))[0] == "sending"
    await lets_time_pass(worker_state, message_id, UNRESPONSIVE_AFTER)

    assert (await row_of(worker_state.pool, message_id))[0] == "unknown"
    assert len(fake.taken) == 1


async def test_who_is_asked_often_is_asked_ever_more_rarely(worker_state: WorkerState, fake: Fake) -> None:
    fake.script, fake.hidden_for = ["fails after taking"], 100
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    await send_message(worker_state, message_id)
    await worker_state.pool.execute("UPDATE messages SET sending_at = sending_at - interval '13 seconds'")

    for _ in range(5):
        await resolve_abandoned(worker_state)

    assert 1 <= fake.asked <= 2  # By Aliyun two around midnight: one for each day.
    assert await worker_state.pool.fetchval("SELECT asks FROM messages") == 1


@pytest.mark.parametrize(
    ("fate", "seconds"), [("throttled", 30), ("too often", 60), ("no money", 600), ("no template", 600)]
)
async def test_what_is_put_off_was_not_sent_and_goes_later(
    worker_state: WorkerState, fake: Fake, fate: str, seconds: int
) -> None:
    fake.script = [fate]
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)

    (_, aliyun), tencent = REJECTIONS[fate]
    assert await row_of(worker_state.pool, message_id) == ("queued", aliyun if fake.name == "aliyun" else tencent, None)
    assert await job_count(worker_state.pool, message_id) == 2
    waits = await worker_state.pool.fetchval("SELECT max(execute_after - created) FROM jobs.pgqueuer")
    seconds = 30 if (fate, fake.name) == ("too often", "tencent") else seconds
    assert timedelta(seconds=seconds - 10) < waits <= timedelta(seconds=seconds)
    assert isinstance(await send_message(worker_state, message_id), Wait)
    # Nothing was handed over, so nothing of the day's quota is used up.
    assert await worker_state.pool.fetchval("SELECT handed_over FROM message_days") == 0

    await worker_state.pool.execute("UPDATE messages SET not_before = now()")
    await send_message(worker_state, message_id)
    assert (await row_of(worker_state.pool, message_id))[0] == "sent"
    assert [order.reference for order in fake.taken] == [f"{message_id}-2"]


async def test_what_is_refused_is_refused_for_good(worker_state: WorkerState, fake: Fake) -> None:
    fake.script = ["no number"]
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)
    await lets_time_pass(worker_state, message_id, UNRESPONSIVE_AFTER)

    (_, aliyun), tencent = REJECTIONS["no number"]
    assert await row_of(worker_state.pool, message_id) == ("failed", aliyun if fake.name == "aliyun" else tencent, None)
    assert fake.taken == []


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
async def test_whom_nobody_reaches_has_certainly_taken_nothing(worker_state_with: WorldsWith, name: str) -> None:
    with faking(name) as fake:
        pass
    worker_state = worker_state_with(open_provider(settings_of(fake)))
    message_id = await enqueue(worker_state.pool, worker_state.keys)

    await send_message(worker_state, message_id)

    assert await row_of(worker_state.pool, message_id) == ("queued", "unreachable", None)
    await worker_state.provider.close()


async def test_a_second_attempt_is_not_taken_for_the_first(worker_state: WorkerState, fake: Fake) -> None:
    fake.script, fake.hidden_for = ["fails after taking"], 10
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    await send_message(worker_state, message_id)
    await lets_time_pass(worker_state, message_id, NOT_LISTED_AFTER)
    await lets_time_pass(worker_state, message_id)
    assert (await row_of(worker_state.pool, message_id))[0] == "unknown"
    editor = await make.person(worker_state.pool, role="editor")
    await deciding.retry_message(worker_state.pool, message_id, by=editor, reason="没有收到")
    # Its worker dies before it has called, and now the provider shows the first one.
    assert isinstance(await actions.begin_sending(worker_state.pool, message_id, fake.name, None), SendAttempt)
    fake.hidden_for = 0

    await lets_time_pass(worker_state, message_id, NOT_LISTED_AFTER)

    assert (await row_of(worker_state.pool, message_id))[0] == "unknown"
    assert len(fake.taken) == 1


async def test_another_provider_is_not_asked_about_what_it_never_heard_of(
    worker_state: WorkerState, fake: Fake, keys: Keys
) -> None:
    message_id = await enqueue(worker_state.pool, keys)
    assert isinstance(await actions.begin_sending(worker_state.pool, message_id, "another", None), SendAttempt)

    await lets_time_pass(worker_state, message_id)

    assert (await row_of(worker_state.pool, message_id))[0] == "unknown"
    assert fake.asked == 0
    assert fake.taken == []


async def test_many_pages_of_a_phone_are_searched(worker_state: WorkerState, fake: Fake) -> None:
    fake.script = ["fails after taking"]
    phone = PHONE if fake.name == "tencent" else PHONE.removeprefix("+86")
    message_id = await enqueue(worker_state.pool, worker_state.keys)
    for number in range(120):
        fake.take(str(number), phone, "T_CODE", {}, SIGNATURE)

    await send_message(worker_state, message_id)
    await lets_time_pass(worker_state, message_id)

    assert (await row_of(worker_state.pool, message_id))[0] == "sent"
    assert fake.asked >= 2


@pytest.mark.parametrize("purpose", Purpose)
async def test_each_purpose_has_a_template(worker_state: WorkerState, fake: Fake, purpose: Purpose) -> None:
    await worker_state.provider.send(Reference("1"), "+85251234567", purpose, dict.fromkeys(param_names(purpose), "1"))

    (order,) = fake.taken
    assert order.template == settings_of(fake).sms_templates.split(f"{purpose}=")[1].split(",")[0]
    assert order.phone == ("+85251234567" if fake.name == "tencent" else "85251234567")
