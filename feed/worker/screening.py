"""The later checks of texts as periodic jobs."""

from feed.moderation import later_checks
from feed.worker.state import WorkerState


async def check_next_texts(worker_state: WorkerState) -> bool:
    """Looks at the texts of new cases. Returns whether there may be more."""
    return worker_state.later is not None and await later_checks.check_next_texts(worker_state.pool, worker_state.later)


async def ask_content_provider(worker_state: WorkerState) -> bool:
    """Asks the provider of content checks about the next text. Returns whether there was one."""
    return worker_state.later is not None and await later_checks.ask_provider(worker_state.pool, worker_state.later)
