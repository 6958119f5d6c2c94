"""The nightly verification: once a day, from the last batch up to which nothing was found, and once a week from the beginning."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from feed.audit import nightly
from feed.audit import verification_store as reads
from feed.audit.findings import ACKNOWLEDGED, acknowledgement
from feed.audit.nightly import verify_nightly
from feed.audit.sealing import seal_audit
from feed.audit.store import add
from feed.keys.store import Keys
from feed.observability.metrics import AUDIT_FINDINGS
from feed.postgres import Pool, transaction
from feed.worker.checkpoints import verify_log
from tests.support.audit_log import BATCHES, ROWS, add_row, make_log, verify


@pytest.fixture
def next_night(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the verification due, whenever the last one was."""
    real = reads.find_last_verification

    async def find(conn: Any) -> Any:
        last = await real(conn)
        return type(last)(last.detail, last.seconds, True)

    monkeypatch.setattr(reads, "find_last_verification", find)


async def _recorded(pool: Pool) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT detail FROM audit WHERE action = 'audit.verify' ORDER BY id")
    return [row["detail"] for row in rows]


async def test_it_begins_on_the_day_after_the_installation_and_is_made_once_by_all_workers(
    pool: Pool, keys: Keys
) -> None:
    await make_log(pool, keys)
    assert not (await verify_nightly(pool, keys)).made
    await pool.execute("UPDATE schema_migrations SET applied_at = applied_at - interval '2 days'")

    outcomes = await asyncio.gather(*(verify_nightly(pool, keys) for _ in range(4)))

    assert {each.findings for each in outcomes} == {0}
    (detail,) = await _recorded(pool)
    assert (detail["rows"], detail["batch"], detail["findings"]) == (BATCHES * ROWS + 2, BATCHES, 0)
    assert not (await verify_nightly(pool, keys)).made
    await seal_audit(pool, keys)
    assert (await verify(pool, keys)).is_intact


@pytest.mark.usefixtures("next_night")
async def test_it_follows_what_was_verified_and_finds_again_what_is_not_acknowledged(pool: Pool, keys: Keys) -> None:
    log = await make_log(pool, keys)
    assert (await verify_nightly(pool, keys)).findings == 0
    async with transaction(pool) as conn:
        audit_id = await add_row(conn, 3)
    await seal_audit(pool, keys)
    await pool.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", audit_id)
    for _ in range(2):
        await verify_log(pool, keys)
        assert AUDIT_FINDINGS._value.get() == 1
    assert [each["batch"] for each in await _recorded(pool)] == [BATCHES] * 3
    assert (await _recorded(pool))[-1]["batches"] < BATCHES

    findings = [each.key for each in (await verify(pool, keys)).findings]
    async with transaction(pool) as conn:
        await add(conn, None, ACKNOWLEDGED, "audit", None, acknowledgement(keys.sign, findings, "known"))
    await verify_log(pool, keys)
    assert AUDIT_FINDINGS._value.get() == 0

    # What was verified before is verified again within a week.
    await pool.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", log.ids[9])
    assert (await verify_nightly(pool, keys)).findings == 0


@pytest.mark.usefixtures("next_night")
async def test_the_whole_log_is_verified_every_week(pool: Pool, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    log = await make_log(pool, keys)
    await verify_nightly(pool, keys)
    await pool.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", log.ids[9])
    monkeypatch.setattr(nightly, "_WHOLE_EVERY", timedelta(0))
    outcome = await verify_nightly(pool, keys)
    assert outcome.first is not None
    assert outcome.first.first == log.ids[9]


@pytest.mark.usefixtures("next_night")
async def test_a_place_to_begin_that_was_changed_is_not_believed(pool: Pool, keys: Keys) -> None:
    log = await make_log(pool, keys)
    await verify_nightly(pool, keys)
    await pool.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", log.ids[9])
    await pool.execute("""UPDATE audit SET detail = jsonb_set(detail, '{rows}', '1') WHERE action = 'audit.verify'""")
    assert (await verify_nightly(pool, keys)).findings > 0
