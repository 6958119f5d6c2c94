"""Runs enqueued jobs with pgqueuer, on a dedicated connection that it also listens on."""

import asyncio
from datetime import timedelta

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel

from feed.sms.model import Lane, MessageId
from feed.sms.store import JOBS
from feed.worker.sms import send_message
from feed.worker.state import WorkerState

_NAMES = DBSettings(db_schema="jobs")

# A worker without a heartbeat for this long is considered dead, and its jobs run again.
_HEARTBEAT = timedelta(seconds=10)

# Concurrent jobs per lane. Lanes do not share capacity.
_CONCURRENCY = 10


class QueueLost(Exception):
    """The connection of the queue was lost; the worker opens another one."""


def _retrying_executor(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    return DatabaseRetryEntrypointExecutor(parameters, max_attempts=8, initial_delay=timedelta(seconds=1))


async def run_queue(worker_state: WorkerState, url: str, stop: asyncio.Event, lane: Lane) -> None:
    """Runs a lane's jobs until `stop`, then waits for the running ones. Raises QueueLost or an error of the connection."""
    conn = await asyncpg.connect(url, command_timeout=30, server_settings={"application_name": f"feed queue {lane}"})
    try:
        queries = Queries(
            AsyncpgDriver(conn),
            qbe=QueryBuilderEnvironment(_NAMES),
            qbq=QueryQueueBuilder(_NAMES),
            qbs=QuerySchedulerBuilder(_NAMES),
        )
        manager = QueueManager(queries, Channel(_NAMES.channel))
        conn.add_termination_listener(lambda _: manager.shutdown.set())

        @manager.entrypoint(JOBS[lane], executor_factory=_retrying_executor)
        async def send(job: Job) -> None:
            assert job.payload is not None
            wait = await send_message(worker_state, MessageId(int(job.payload)))
            if wait is not None:
                raise RetryRequested(delay=wait.left, reason="quiet hours or not yet due")

        async def end() -> None:
            await stop.wait()
            manager.shutdown.set()

        ending = asyncio.create_task(end())
        try:
            await manager.run(
                batch_size=_CONCURRENCY // 2,
                max_concurrent_tasks=_CONCURRENCY,
                dequeue_timeout=timedelta(seconds=5),
                heartbeat_timeout=_HEARTBEAT,
                shutdown_on_listener_failure=True,
            )
        finally:
            ending.cancel()
    finally:
        conn.terminate()
    if not stop.is_set():
        raise QueueLost
