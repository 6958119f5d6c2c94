"""Pushes in given states."""

from feed.api.state import AppState
from feed.inbox import store as inbox
from feed.inbox.model import NewNotification
from feed.postgres import transaction
from tests.support import make


async def pushes(app_state: AppState, *states: str) -> list[int]:
    """Adds pushes in these states; returns their ids."""
    reader = await make.account(app_state.pool)
    await app_state.pool.execute("UPDATE push_hook SET served_at = now()")
    async with transaction(app_state.pool) as conn:
        ids = await inbox.add_notifications(
            conn, [NewNotification(reader, "prize", "prize.codes", {}, f"p:{n}") for n in range(len(states))]
        )
    for push_id, state in zip(sorted(ids), states, strict=True):
        await app_state.pool.execute(
            "UPDATE pushes SET state = $2, tries = 12, error_code = 'status_410', ended_at = $3 WHERE inbox_id = $1",
            push_id,
            state,
            None if state == "waiting" else make.now(),
        )
    return sorted(ids)
