"""Evidence does not stay for ever: files of posts that were taken down, rejected, or deleted during a dispute, and files that an edit
has dropped, are removed after a time."""

from datetime import timedelta

import structlog

from feed.cases import store as cases
from feed.media.removal_store import mark_removed
from feed.moderation import media_evidence_store as store
from feed.postgres import Pool, transaction

log = structlog.get_logger("feed.media")

_PAGE = 5_000


async def remove_old_media_evidence(pool: Pool, *, days: int) -> int:
    """Marks media removed that were kept as evidence for `days`. Those of a post about which something is open stay. Returns how many."""
    after_id: int | None = 0
    count = 0
    while after_id is not None:
        async with transaction(pool) as conn:
            after_id, kept = await store.list_kept(
                conn, after_id=after_id, longer_than=timedelta(days=days), limit=_PAGE
            )
            disputed = {
                post_id for post_id in {each.post_id for each in kept} if await cases.is_disputed(conn, post_id)
            }
            for reason in {each.reason for each in kept}:
                ids = [each.id for each in kept if each.post_id not in disputed and each.reason == reason]
                count += len(await mark_removed(conn, ids, reason))
    if count:
        log.info("evidence removed", media=count)
    return count
