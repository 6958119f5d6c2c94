"""Jobs that keep the queue right: due times come nearer with reach and deadlines, and nothing waits without a case."""

from datetime import datetime, timedelta

from feed.audit import store as audit
from feed.cases import store as cases
from feed.cases import upkeep_store as store
from feed.cases.upkeep_store import Unqueued, WaitingCase
from feed.cases.urgency import DEADLINE_LEAD_HOURS, due_at
from feed.changes import store as changes
from feed.postgres import Pool, transaction

# The newest changes in which posts with growing reach are looked for.
_CHANGES = 5_000
_AT_ONCE = 1_000
# A case was made within a second of its transaction's start.
_NOTEWORTHY = timedelta(seconds=1)
_REPAIRED_AT_ONCE = 50


async def hasten_cases(pool: Pool) -> bool:
    """Brings the due times of open cases forward whose posts have been engaged with lately, or have entered a campaign that ends soon.

    Returns whether there may be more.
    """
    async with transaction(pool) as conn:
        near = await store.list_near_deadlines(conn, lead_hours=DEADLINE_LEAD_HOURS, limit=_AT_ONCE)
        found = {each.id: each for each in [*await store.list_lately_engaged(conn, _CHANGES), *near]}
        due = [(each.id, new) for each in found.values() if each.due_at - (new := _due_at(each)) >= _NOTEWORTHY]
        await store.hasten(conn, due)
    return len(near) == _AT_ONCE


def _due_at(case: WaitingCase) -> datetime:
    return due_at(case.kind, case.created_at, risk=case.risk, reach=case.reach, deadline=case.deadline)


async def queue_waiting_items(pool: Pool) -> int:
    """Queues items that wait without an open case, each in its own transaction and audited. Returns how many were found.

    There should be none: each is a defect, which the metric shows.
    """
    async with pool.acquire() as conn:
        found = await store.list_unqueued(conn, _REPAIRED_AT_ONCE)
    for item in found:
        await _queue_item(pool, item)
    return len(found)


async def _queue_item(pool: Pool, item: Unqueued) -> None:
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [item.post_id])
        # Judged, deleted or queued meanwhile.
        if not await store.is_unqueued(conn, item):
            return
        case_id = await cases.add_case(
            conn,
            kind=item.kind,
            author_id=item.author_id,
            post_id=item.post_id,
            comment_id=item.comment_id,
            revision=item.revision,
            due_minutes=0,
            keep_revision=item.shown_revision,
        )
        await store.require_stages(conn, case_id, await store.find_latest_stages(conn, item))
        subject_id = item.post_id if item.comment_id is None else item.comment_id
        await audit.add(conn, None, "case.repair", item.kind, subject_id, {"case_id": str(case_id)})
