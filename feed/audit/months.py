"""Dropping whole months of the audit log, which is recorded in the log itself."""

from datetime import UTC, date, datetime

from feed.audit import store
from feed.audit.findings import MONTH_DROPPED, DroppedMonth, month_dropped
from feed.keys.store import Keys
from feed.postgres import Pool, transaction

# Three years: as long as claims from a purchase can be brought, and longer than any campaign and its objections need the log.
KEPT_MONTHS = 36


class MonthKept(Exception):
    """The month is not dropped; the message is for the operator."""


async def drop_month(
    pool: Pool, keys: Keys, month: date, reason: str, *, now: datetime | None = None, kept_months: int = KEPT_MONTHS
) -> int:
    """Drops a month's rows, of which all are sealed, and records it in a signed row. Returns how many.

    `pool` is one of the schema's owner. Raises MonthKept.
    """
    now = now or datetime.now(UTC)
    name = f"{month:%Y_%m}"
    if (now.year - month.year) * 12 + now.month - month.month <= kept_months:
        raise MonthKept(
            f"{month:%Y-%m} 未满 {kept_months} 个月，须继续保存。\n{month:%Y-%m} is not older than {kept_months} months."
        )
    async with transaction(pool) as conn:
        found = await store.find_month(conn, name)
        if found is None:
            raise MonthKept(f"{month:%Y-%m} 没有记录。\nThere are no rows of {month:%Y-%m}.")
        if await store.count_unsealed(conn, name):
            raise MonthKept(f"{month:%Y-%m} 有未封存的记录。\nRows of {month:%Y-%m} are not sealed.")
        first_id, end_id, rows = found
        await store.drop_month(conn, name)
        detail = month_dropped(keys.sign, DroppedMonth(f"{month:%Y-%m}", first_id, end_id, rows), reason)
        await store.add(conn, None, MONTH_DROPPED, "audit", None, detail)
    return rows
