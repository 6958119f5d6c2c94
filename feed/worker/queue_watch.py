"""Shows the state of the queue in metrics, and queues what waits without a case."""

from datetime import UTC, datetime
from itertools import product
from typing import get_args

import structlog

from feed.cases.chain import PUBLISH_FIRST, SiteChain
from feed.cases.model import STAGES, Kind
from feed.moderation.upkeep import queue_waiting_items
from feed.observability.metrics import (
    CASES_IN_TIME,
    CASES_OLDEST,
    CASES_OPEN,
    CASES_OVERDUE,
    CHAINS_SHORT,
    REVIEWERS_ACTIVE,
    UNQUEUED,
)
from feed.postgres import Pool
from feed.screens.staff.chains import list_short_chains
from feed.screens.staff.queue import get_queue

log = structlog.get_logger("feed.queue")


async def watch_queue(pool: Pool, chain: SiteChain = PUBLISH_FIRST) -> None:
    """Sets the metrics of open cases, service levels, reviewers, and chains that cannot be completed."""
    async with pool.acquire() as conn:
        queue = await get_queue(conn)
        short = await list_short_chains(conn, site_stages=max(chain.posts, chain.comments))
    now = datetime.now(UTC)
    parts = {(each.kind, each.stage): each for each in queue.parts}
    # Each kind and stage has a value, so that none is an old one.
    for kind, stage in product(get_args(Kind), range(STAGES.least, STAGES.most + 1)):
        part = parts.get((kind, stage))
        labels = kind, str(stage)
        CASES_OPEN.labels(*labels).set(part.open if part else 0)
        CASES_OVERDUE.labels(*labels).set(part.overdue if part else 0)
        CASES_OLDEST.labels(*labels).set(max((now - part.oldest_at).total_seconds(), 0) if part else 0)
    levels = {each.kind: each for each in queue.last_day}
    for kind in get_args(Kind):
        level = levels.get(kind)
        CASES_IN_TIME.labels(kind).set(level.in_time / level.decided if level else 1)
    CHAINS_SHORT.set(len(short))
    REVIEWERS_ACTIVE.set(queue.on_duty.active)


async def watch_waiting_items(pool: Pool) -> None:
    """Queues items that wait without a case, with an alarm in log and metric."""
    found = await queue_waiting_items(pool)
    UNQUEUED.set(found)
    if found:
        log.error("items waited without a case", count=found)
