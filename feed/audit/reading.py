"""Reading the audit log is an act too."""

from feed.audit import store
from feed.postgres import Pool, transaction

READ = "audit.read"


async def record_reading(
    pool: Pool, by: int, *, subject: tuple[str, int] | None, actor_id: int | None, action: str | None
) -> None:
    """Records a reading of the log, before it is read: on the subject that is asked for, else on the log itself."""
    kind, subject_id = subject or ("audit", None)
    detail = {"actor_id": None if actor_id is None else str(actor_id), "action": action}
    async with transaction(pool) as conn:
        await store.add(
            conn, by, READ, kind, subject_id, {name: value for name, value in detail.items() if value is not None}
        )
