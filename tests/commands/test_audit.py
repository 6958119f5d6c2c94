"""`feed audit` as an operator types it: what is found, what is acknowledged, and what is found after that."""

from pathlib import Path

import pytest

from feed.audit.outside import write_outside
from feed.audit.sealing import seal_audit
from feed.keys.signatures import canonical
from feed.keys.store import Keys
from feed.postgres import Pool, transaction
from feed.worker.checkpoints import Outlets, publish_checkpoint
from tests.support.audit_log import BATCHES, ROWS, add_row, make_log, newest
from tests.support.command_line import Installation


@pytest.fixture
def there(tmp_path: Path, database: str, redis_url: str) -> Installation:
    return Installation(tmp_path, database, redis_url)


async def test_an_intact_log_is_verified_against_the_copy_on_the_host(there: Installation, pool: Pool) -> None:
    empty = await there.feed("audit", "verify")
    assert (empty.status, empty.err) == (0, "")
    assert "no checkpoint from outside" in empty.out
    log = await make_log(pool, there.keys)
    assert "no checkpoint from outside" in (await there.feed("audit", "verify", "--lang", "en")).out
    copy = Path(there.environ["FEED_KEYS_DIR"]) / "audit-checkpoint.json"
    await publish_checkpoint(pool, there.keys, Outlets(copy))

    ran = await there.feed("audit", "verify")

    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == f"已核对 {BATCHES * ROWS + 2} 条记录、{BATCHES} 批封存，2 条等待封存"
    assert f"compared with checkpoints outside: batch {BATCHES}" in ran.out
    assert lines[-2:] == ["[✓] 结论：完整", "    VERDICT: intact"]
    assert log.checkpoint.root[:16] in ran.out


async def test_a_break_is_named_acknowledged_and_told_from_the_next_one(there: Installation, pool: Pool) -> None:
    log = await make_log(pool, there.keys)
    first, second = log.ids[6], log.ids[20]
    await pool.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", first)
    broken = await there.feed("audit", "verify")
    assert broken.status == 1
    assert f"[✗] 记录 {first}：内容被改动\n    row {first} was changed after it was written\n" in broken.out
    assert "VERDICT: tampered with" in broken.out

    acknowledged = await there.feed("audit", "acknowledge", "--reason", "误操作，见工单 13800138000")
    assert acknowledged.status == 0
    assert "acknowledged: 1" in acknowledged.out
    resumed = await there.feed("audit", "verify")
    assert resumed.status == 0
    assert f"[?] 记录 {first}：内容被改动（已确认）" in resumed.out
    assert "VERDICT: intact" in resumed.out
    assert "nothing to acknowledge" in (await there.feed("audit", "acknowledge", "--reason", "again")).out

    # Another row, and the same row changed again.
    await pool.execute("UPDATE audit SET actor_id = 98 WHERE id IN ($1, $2)", first, second)
    again = await there.feed("audit", "verify", "--lang", "en")
    assert again.status == 1
    assert f"[✗] row {first} was changed" in again.out
    assert f"[✗] row {second} was changed" in again.out


async def test_an_acknowledgement_that_the_site_has_not_signed_covers_nothing(there: Installation, pool: Pool) -> None:
    log = await make_log(pool, there.keys)
    await pool.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", log.ids[6])
    await there.feed("audit", "acknowledge", "--reason", "查明")
    assert (await there.feed("audit", "verify")).status == 0
    for change in (
        "jsonb_set(detail, '{signature,value}', to_jsonb('AAAA'::text))",
        "jsonb_set(detail, '{reason}', to_jsonb('其他'::text))",
        "detail - 'signature'",
    ):
        async with pool.acquire() as conn:
            before = await conn.fetchval("SELECT detail FROM audit WHERE action = 'audit.acknowledge'")
            await conn.execute(f"UPDATE audit SET detail = {change} WHERE action = 'audit.acknowledge'")
            ran = await there.feed("audit", "verify", "--lang", "en")
            assert f"[✗] row {log.ids[6]} was changed" in ran.out, change
            await conn.execute("UPDATE audit SET detail = $1 WHERE action = 'audit.acknowledge'", before)


async def test_a_log_that_was_cut_off_is_found_by_the_copy_and_goes_on_after_it_is_acknowledged(
    there: Installation, pool: Pool, keys: Keys
) -> None:
    await make_log(pool, there.keys)
    copy = Path(there.environ["FEED_KEYS_DIR"]) / "audit-checkpoint.json"
    await publish_checkpoint(pool, there.keys, Outlets(copy))
    kept = copy.read_bytes()
    await pool.execute(
        f"""
        DELETE FROM audit_seals WHERE number > 2;
        DELETE FROM audit WHERE id NOT IN (SELECT audit_id FROM audit_sequence WHERE seq <= {2 * ROWS});
        DELETE FROM audit_sequence WHERE seq > {2 * ROWS}
        """
    )
    # The worker goes on sealing, and keeps the evidence.
    async with transaction(pool) as conn:
        await add_row(conn, 1)
    await seal_audit(pool, there.keys)
    await publish_checkpoint(pool, there.keys, Outlets(copy))
    assert copy.read_bytes() == kept
    assert f"[✗] 批次 4：{'库外检查点之前的内容被截去'}" in (await there.feed("audit", "verify")).out

    assert (await there.feed("audit", "acknowledge", "--reason", "从备份恢复")).status == 0
    assert (await there.feed("audit", "verify")).status == 0
    assert copy.read_bytes() != kept
    # Another host still has the former copy.
    other = copy.with_name("other.json")
    other.write_bytes(kept)
    assert (await there.feed("audit", "verify", "--checkpoint", str(other))).status == 0
    await publish_checkpoint(pool, there.keys, Outlets(other))
    assert other.read_bytes().strip() == canonical(await newest(pool))


async def test_what_was_sealed_before_a_day_may_be_trusted(there: Installation, pool: Pool) -> None:
    log = await make_log(pool, there.keys)
    await pool.execute("UPDATE audit SET actor_id = 99 WHERE id = $1", log.ids[0])
    assert (await there.feed("audit", "verify", "--since", "2020-01-01")).status == 1
    later = await there.feed("audit", "verify", "--since", "2999-01-01T00:00:00Z")
    assert later.status == 0
    assert "checked 0 rows and 0 sealed batches" in later.out
    from_second = (await pool.fetchval("SELECT sealed_at FROM audit_seals WHERE number = 2")).isoformat()
    since = await there.feed("audit", "verify", "--since", from_second)
    assert since.status == 0
    assert f"{BATCHES - 1} sealed batches" in since.out


async def test_what_cannot_be_checked_is_no_verdict(there: Installation, pool: Pool, tmp_path: Path) -> None:
    await make_log(pool, there.keys)
    unreachable = await there.feed(
        "audit", "verify", FEED_DATABASE_URL="postgresql://feed:wrong@127.0.0.1:1/feed?sslmode=disable"
    )
    assert unreachable.status == 2
    assert "无法核对" in unreachable.err
    assert (await there.feed("audit", "verify", "--checkpoint", str(tmp_path / "none"))).status == 1
    damaged = tmp_path / "damaged"
    damaged.write_text("{}")
    ran = await there.feed("audit", "verify", "--checkpoint", str(damaged))
    assert (ran.status, "is no checkpoint" in ran.err) == (1, True)
    assert (await there.feed("audit", "verify", "--since", "yesterday")).status == 2
    assert (await there.feed("audit", "verify", "--key", "no key")).status == 1


async def test_an_auditor_needs_only_the_public_key(there: Installation, pool: Pool, tmp_path: Path) -> None:
    await make_log(pool, there.keys)
    write_outside(tmp_path / "saved.json", canonical(await newest(pool)))
    key = there.keys.signing_key().public_key
    options = ("audit", "verify", "--key", key, "--checkpoint", str(tmp_path / "saved.json"))
    assert (await there.feed(*options, FEED_KEYS_DIR=str(tmp_path / "nowhere"))).status == 0
    foreign = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert "is not signed by a key of this site" in (await there.feed("audit", "verify", "--key", foreign)).out
