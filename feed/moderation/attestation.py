"""The nightly proof: everything that has become visible since the last one had as many approvals as its chain asked for."""

from collections.abc import Sequence
from typing import Any, Literal

import structlog

from feed.audit import store as audit
from feed.moderation import attestation_store as store
from feed.moderation.attestation_store import Interval, Shown
from feed.observability.metrics import CHAIN_VIOLATIONS
from feed.postgres import Pool, transaction
from feed.posts.model import content_sha256

log = structlog.get_logger("feed.attestation")

_AT_ONCE = 2_000

Kind = Literal["post", "comment"]


def find_violation(shown: Shown) -> str | None:
    """What is wrong with the chain of a visible revision; None if it is complete or none was asked for. Pure.

    `no_case`: it was never queued. `content`: its text is not the one that was hashed. `author`: an author has approved it.
    `incomplete`: fewer different persons than stages have approved this content.
    """
    if shown.stages is None:
        return "no_case"
    if shown.content_sha256 is not None and content_sha256(shown.text, shown.media_ids) != shown.content_sha256:
        return "content"
    if shown.by_author:
        return "author"
    return "incomplete" if shown.approved_by < shown.stages else None


async def attest_chains(pool: Pool) -> bool:
    """Proves the chains of what became visible since the last proof, once a day; stores, records and logs the result.

    Returns whether a proof was made. Two workers make it once; one that is killed leaves it to the next run.
    """
    async with pool.acquire() as conn:
        interval = await store.find_interval(conn)
        if interval is None:
            CHAIN_VIOLATIONS.set(await store.count_violations(conn))
            return False
    revisions = 0
    violations: list[dict[str, Any]] = []
    kinds: tuple[Kind, ...] = ("post", "comment")
    for kind in kinds:
        after = 0
        while batch := await _read(pool, kind, interval, after):
            revisions += len(batch)
            violations += _violations(kind, batch)
            after = batch[-1].id
    async with transaction(pool) as conn:
        attestation_id = await store.add_attestation(
            conn, interval, revisions=revisions, complete=revisions - len(violations), violations=violations
        )
        if attestation_id is None:
            return False
        detail = {"revisions": revisions, "violations": len(violations)}
        await audit.add(conn, None, "chain.attest", "attestation", attestation_id, detail)
        CHAIN_VIOLATIONS.set(await store.count_violations(conn))
    if violations:
        log.error("texts are visible without their approvals", count=len(violations), first=violations[0])
    return True


async def _read(pool: Pool, kind: Kind, interval: Interval, after: int) -> Sequence[Shown]:
    async with pool.acquire() as conn:
        listed = store.list_posts if kind == "post" else store.list_comments
        return await listed(conn, interval, after=after, limit=_AT_ONCE)


def _violations(kind: Kind, batch: Sequence[Shown]) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "id": str(shown.id), "revision": shown.revision, "reason": reason}
        for shown in batch
        if (reason := find_violation(shown)) is not None
    ]
