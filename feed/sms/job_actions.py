"""What admins do with jobs of the queue."""

from feed import jobs
from feed.audit import store as audit
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.postgres import Pool
from feed.sms.model import JobNotFound, JobRunning


async def retry_job(pool: Pool, job_id: int, *, by: int | None, request: KeyedRequest | None = None) -> None:
    """Makes a job due now that is put off or was given up, with all its attempts. Raises JobNotFound, JobRunning.

    Its handler reads the state that it acts on: a message in its quiet hours is put off again, one that was sent is not sent twice.
    """
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        status = await jobs.lock_status(conn, job_id)
        if status is None:
            raise JobNotFound
        if status == "picked":
            raise JobRunning
        await jobs.mark_due(conn, job_id)
        await audit.add(conn, by, "job.retry", "job", job_id)
