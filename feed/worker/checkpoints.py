"""Publishes the newest checkpoint of the audit log: to a file that the database cannot change, and to the address of a receiver.

And measures what the nightly verification of the log finds.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

import httpx
import structlog

from feed.audit import seal_store as store
from feed.audit.checkpoint import CheckpointUnreadable
from feed.audit.findings import Finding, read_statements
from feed.audit.nightly import verify_nightly
from feed.audit.outside import read_outside, write_outside
from feed.audit.seal_store import StoredSeal
from feed.audit.sealing import claim_publication, mark_published
from feed.audit.verification_store import list_statements
from feed.keys.signatures import canonical
from feed.keys.store import Keys
from feed.observability.metrics import AUDIT_DIFFERS, AUDIT_FINDINGS, AUDIT_UNPUBLISHED, AUDIT_UNSEALED, AUDIT_VERIFIED
from feed.postgres import Pool
from feed.settings import Settings

log = structlog.get_logger("feed.audit")

_RESPONSE_SECONDS = 5.0


class CheckpointClient:
    """An HTTP client for the receiver of checkpoints. They are signed, so a request needs no secret."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.AsyncClient(
            timeout=_RESPONSE_SECONDS, follow_redirects=False, trust_env=False, headers={"user-agent": "feed"}
        )

    async def post(self, document: bytes) -> int:
        """The status of the response. Raises httpx.HTTPError and TimeoutError."""
        async with (
            asyncio.timeout(_RESPONSE_SECONDS),
            self._http.stream(
                "POST", self._url, content=document, headers={"content-type": "application/json"}
            ) as response,
        ):
            return response.status_code

    async def close(self) -> None:
        await self._http.aclose()


class Outlets(NamedTuple):
    """Where checkpoints are published."""

    file: Path | None = None
    client: CheckpointClient | None = None

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()


def open_outlets(settings: Settings) -> Outlets:
    """The outlets of the settings."""
    url = settings.audit_checkpoint_url
    return Outlets(settings.audit_checkpoint_path, CheckpointClient(url) if url else None)


async def publish_checkpoint(pool: Pool, keys: Keys, outlets: Outlets) -> None:
    """Publishes the newest checkpoint where an older one is, and measures what waits."""
    async with pool.acquire() as conn:
        AUDIT_UNSEALED.set(await store.find_oldest_unsealed(conn))
        newest = await store.find_last_seal(conn)
    if outlets.file is not None:
        await _write(pool, keys, outlets.file, newest)
    if outlets.client is not None and newest is not None:
        await _send(pool, outlets.client, newest)


async def verify_log(pool: Pool, keys: Keys) -> None:
    """Verifies the log if that is due, and measures the last verification."""
    outcome = await verify_nightly(pool, keys)
    AUDIT_FINDINGS.set(outcome.findings)
    AUDIT_VERIFIED.set(outcome.seconds)
    if outcome.first is not None:
        log.error(
            "the audit log is not as it was sealed: run feed audit verify",
            findings=outcome.findings,
            code=outcome.first.code,
            place=outcome.first.place,
            at=outcome.first.first,
        )


async def _write(pool: Pool, keys: Keys, file: Path, newest: StoredSeal | None) -> None:
    try:
        outside = read_outside(file)
        contained = 0
        for checkpoint in outside:
            async with pool.acquire() as conn:
                seal = await store.find_seal(conn, checkpoint.number)
                if seal is not None and seal.document == canonical(checkpoint):
                    contained = max(contained, checkpoint.number)
                    continue
                statements = read_statements(await list_statements(conn), keys.public_keys().keys)
            differs = Finding("batch_replaced", "batch", checkpoint.number, checkpoint.number, checkpoint.root)
            if differs.key not in statements.acknowledged:
                # The copy is the evidence, so it stays.
                AUDIT_DIFFERS.set(1)
                log.error("the audit log does not contain its checkpoint", file=str(file), number=checkpoint.number)
                return
        if newest is not None and newest.number > contained:
            write_outside(file, newest.document)
        AUDIT_DIFFERS.set(0)
    except CheckpointUnreadable as error:
        AUDIT_DIFFERS.set(1)
        log.error("the copy of the checkpoint cannot be read", file=str(file), error=str(error))
    except OSError as error:
        log.error("the copy of the checkpoint cannot be written", file=str(file), error=type(error).__name__)


async def _send(pool: Pool, client: CheckpointClient, newest: StoredSeal) -> None:
    if await claim_publication(pool, newest.number):
        try:
            status = await client.post(newest.document)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            log.warning("checkpoint not sent", number=newest.number, error=type(error).__name__)
        else:
            if 200 <= status < 300:
                await mark_published(pool, newest.number)
            else:
                log.warning("checkpoint not accepted", number=newest.number, status=status)
    async with pool.acquire() as conn:
        AUDIT_UNPUBLISHED.set(await store.find_publication_delay(conn))
