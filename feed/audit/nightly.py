"""The nightly verification of the audit log: what was sealed since the last one that found nothing, and once a week the whole log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from feed.audit import store
from feed.audit import verification_store as reads
from feed.audit.checkpoint import NO_ROOT
from feed.audit.findings import VERIFIED, Finding, Verified, read_verified, verified
from feed.audit.verification import Report, verify_audit
from feed.keys.store import Keys
from feed.postgres import Pool, transaction

_WHOLE_EVERY = timedelta(days=7)


class Outcome(msgspec.Struct, frozen=True):
    """What the last nightly verification has found, and how old it is; the `first` finding only if it was made by this call."""

    findings: int
    seconds: float
    first: Finding | None = None
    made: bool = False


async def verify_nightly(pool: Pool, keys: Keys) -> Outcome:
    """Verifies the log once a day, and records the result in a signed row of the log. Several workers do it once.

    With findings the next one begins at the same place, so they are found again until they are acknowledged.
    """
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        await reads.allow_long_reads(conn)
        last = await reads.find_last_verification(conn)
        former = read_verified(last.detail, keys.public_keys().keys)
        if not last.is_due or not await reads.try_verifier_lock(conn):
            return Outcome(0 if former is None else former.findings, last.seconds)
        now = datetime.now(UTC)
        is_whole = former is None or now - former.whole_at >= _WHOLE_EVERY
        after = None if former is None or is_whole else (former.batch, former.root)
        report = await verify_audit(conn, keys.public_keys().keys, after=after)
    result = _result(report, former, now if former is None or is_whole else former.whole_at)
    async with transaction(pool) as recording:
        await reads.lock_verifier(recording)
        if (await reads.find_last_verification(recording)).is_due:
            await store.add(recording, None, VERIFIED, "audit", None, verified(keys.sign, result))
    return Outcome(result.findings, 0.0, report.findings[0] if report.findings else None, made=True)


def _result(report: Report, former: Verified | None, whole_at: datetime) -> Verified:
    known: dict[str, Any] = {"batch": 0, "root": NO_ROOT.hex()}
    if report.is_intact and report.last is not None:
        known = {"batch": report.last.number, "root": report.last.root}
    elif former is not None:
        known = {"batch": former.batch, "root": former.root}
    return Verified(
        **known,
        rows=report.rows,
        batches=report.batches,
        findings=len(report.findings) + report.more,
        whole_at=whole_at,
    )
