"""Codes before notices, and no more notices than a phone and a site should get."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from asyncpg import Pool, Record

from feed.keys.store import Keys
from feed.postgres import transaction
from feed.sms import store as messages
from feed.sms.file_provider import read_outbox
from feed.sms.model import SHANGHAI, MessageId, Purpose, QuietHours, Wait
from feed.sms.provider import Throttled
from feed.sms.quotas import Caps
from feed.worker.schedule import SCHEDULE
from feed.worker.sms import send_message
from feed.worker.state import WorkerState
from tests.support.fake_sms_provider import TEMPLATES, Fake, faking
from tests.support.sms import ScriptedProvider
from tests.support.waiting import HANG_SECONDS
from tests.support.worker import running
from tests.worker.conftest import WorldsWith

PHONE = "+8613800138000"
ALWAYS_QUIET = QuietHours(time(0), time(23, 59, 59, 999_999))
MESSAGES = tuple(entry for entry in SCHEDULE if "message" in entry.name)


@pytest.fixture(params=["aliyun"])
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    with faking(request.param) as opened:
        yield opened


async def enqueue(
    pool: "Pool[Record]",
    keys: Keys,
    key: str,
    *,
    phone: str = PHONE,
    purpose: Purpose = Purpose.PRIZE_NOTICE,
    expires_at: datetime | None = None,
) -> MessageId:
    notice = {"campaign": "爱读书的深圳人", "date": "10 月 1 日"}
    async with transaction(pool) as conn:
        message_id = await messages.enqueue(
            conn,
            keys=keys,
            purpose=purpose,
            phone=phone,
            params={"code": "012345", "minutes": "5"} if purpose == Purpose.SIGN_IN_CODE else notice,
            once_key=key,
            expires_at=expires_at,
        )
    assert message_id is not None
    return message_id


async def states(pool: "Pool[Record]") -> list[str]:
    return [row["state"] for row in await pool.fetch("SELECT state FROM messages ORDER BY id")]


async def test_a_code_goes_while_every_notice_is_stuck(unreliable: WorkerState, fake: Fake, database: str) -> None:
    fake.held = {TEMPLATES["prize_notice"]}
    for number in range(60):
        await enqueue(unreliable.pool, unreliable.keys, f"prize:{number}", phone=f"+8613900{number:06d}")

    async with running(unreliable, database, MESSAGES), asyncio.timeout(HANG_SECONDS):
        while fake.waiting < 10:  # As many as there are places for.
            await asyncio.sleep(0.02)
        await enqueue(unreliable.pool, unreliable.keys, "code:1", purpose=Purpose.SIGN_IN_CODE)
        while not fake.taken:
            await asyncio.sleep(0.02)
        assert [order.template for order in fake.taken] == [TEMPLATES["sign_in_code"]]
        fake.held = set()
        fake.release.set()


async def test_a_code_rings_in_the_quiet_hours_and_a_notice_does_not(worker_state: WorkerState) -> None:
    quiet = worker_state._replace(quiet=ALWAYS_QUIET)
    notice = await enqueue(quiet.pool, quiet.keys, "prize:1")
    code = await enqueue(quiet.pool, quiet.keys, "code:1", purpose=Purpose.SIGN_IN_CODE)

    assert isinstance(await send_message(quiet, notice), Wait)
    assert await send_message(quiet, code) is None

    assert await states(quiet.pool) == ["queued", "sent"]


async def test_a_phone_gets_so_many_notices_a_day_whoever_sends_them(worker_state: WorkerState) -> None:
    capped = worker_state._replace(caps=Caps(per_phone=2, per_day=100))
    ids = [await enqueue(capped.pool, capped.keys, f"prize:{number}") for number in range(6)]
    other = await enqueue(capped.pool, capped.keys, "prize:other", phone="+8613900139000")
    code = await enqueue(capped.pool, capped.keys, "code:1", purpose=Purpose.SIGN_IN_CODE)

    waits = await asyncio.gather(*(send_message(capped, each) for each in [*ids, other, code]))

    assert sorted(await states(capped.pool)) == ["queued"] * 4 + ["sent"] * 4
    held_back = [wait for wait in waits if wait is not None]
    now = datetime.now(UTC).astimezone(SHANGHAI)
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), SHANGHAI)
    assert len(held_back) == 4
    assert all(abs(wait.left - (midnight - now)) < timedelta(seconds=30) for wait in held_back)

    # The next day.
    await capped.pool.execute("UPDATE messages SET sending_at = sending_at - interval '1 day'")
    for each in ids:
        await send_message(capped, each)
    assert (await states(capped.pool)).count("sent") == 6


async def test_the_site_hands_over_so_many_notices_a_day(worker_state: WorkerState) -> None:
    capped = worker_state._replace(caps=Caps(per_phone=100, per_day=3))
    ids = [await enqueue(capped.pool, capped.keys, f"prize:{n}", phone=f"+861390013900{n}") for n in range(8)]
    code = await enqueue(capped.pool, capped.keys, "code:1", purpose=Purpose.SIGN_IN_CODE)

    await asyncio.gather(*(send_message(capped, each) for each in ids))
    await send_message(capped, code)

    assert sorted(await states(capped.pool)) == ["queued"] * 5 + ["sent"] * 4
    assert await capped.pool.fetchval("SELECT handed_over FROM message_days") == 3
    await capped.pool.execute("UPDATE message_days SET day = day - 1")
    await asyncio.gather(*(send_message(capped, each) for each in ids))
    assert (await states(capped.pool)).count("sent") == 7


async def test_what_is_given_back_takes_nobody_s_place(worker_state_with: WorldsWith) -> None:
    provider = ScriptedProvider(Throttled("limit"), Throttled("unused"))
    capped = worker_state_with(provider)._replace(caps=Caps(per_phone=1, per_day=1))
    message_id = await enqueue(capped.pool, capped.keys, "prize:1")
    for _ in range(3):
        await capped.pool.execute("UPDATE messages SET not_before = now()")
        assert await send_message(capped, message_id) is None
    assert provider.calls == 3

    provider.outcome = "p-1"
    await capped.pool.execute("UPDATE messages SET not_before = now()")
    await send_message(capped, message_id)
    assert await states(capped.pool) == ["sent"]


async def test_what_would_be_too_late_tomorrow_ends_by_itself(worker_state: WorkerState) -> None:
    capped = worker_state._replace(caps=Caps(per_phone=1, per_day=100))
    await send_message(capped, await enqueue(capped.pool, capped.keys, "prize:1"))
    soon = datetime.now(UTC) + timedelta(minutes=1)
    late = await enqueue(capped.pool, capped.keys, "prize:2", expires_at=soon)

    assert isinstance(await send_message(capped, late), Wait)
    await capped.pool.execute(
        "UPDATE messages SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1", late
    )
    assert await send_message(capped, late) is None

    assert await states(capped.pool) == ["sent", "expired"]


async def test_two_workers_and_many_notices_reach_each_phone_once(
    worker_state: WorkerState, database: str, keys: Keys, outbox: Path
) -> None:
    for number in range(20):
        await enqueue(worker_state.pool, keys, f"prize:{number}", phone=f"+8613900{number:06d}")
        await enqueue(
            worker_state.pool, keys, f"code:{number}", phone=f"+8613900{number:06d}", purpose=Purpose.SIGN_IN_CODE
        )

    async with (
        running(worker_state, database, MESSAGES),
        running(worker_state, database, MESSAGES),
        asyncio.timeout(HANG_SECONDS),
    ):
        while (await states(worker_state.pool)).count("sent") < 40:
            await asyncio.sleep(0.1)

    lines = list(read_outbox(outbox))
    assert len({line.id for line in lines}) == len(lines) == 40
