"""The notifications of exports that are ready or have failed. Pure."""

from datetime import datetime

from feed.exports.model import Export
from feed.inbox.model import NewNotification


def ready_notice(export: Export, expires_at: datetime) -> NewNotification:
    """The notification that the export can be downloaded."""
    return NewNotification(
        account_id=export.account_id,
        kind="system",
        template="export.ready",
        params={"until": expires_at},
        once_key=f"export:{export.id}",
    )


def failed_notice(export: Export) -> NewNotification:
    """The notification that the export could not be made."""
    return NewNotification(
        account_id=export.account_id,
        kind="system",
        template="export.failed",
        params={},
        once_key=f"export:{export.id}",
    )
