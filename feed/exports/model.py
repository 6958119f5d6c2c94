"""Exports of everything that is stored about an account: types, limits and errors."""

from datetime import datetime
from typing import Literal, NewType

import msgspec

from feed.accounts.model import AccountId
from feed.errors import Conflict, NotFound

ExportId = NewType("ExportId", int)
# As it is stored; `expired` and `none` follow from the clock and from absence.
StoredState = Literal["preparing", "ready", "failed", "downloaded"]
ExportState = Literal["none", "preparing", "ready", "failed", "downloaded", "expired"]

# How long an export can be downloaded.
KEPT_HOURS = 7 * 24
# Attempts that a worker makes before the export has failed, and after how long without a sign of life an attempt is given up.
ATTEMPTS_MOST = 3
DEAD_AFTER_SECONDS = 120
# Of one part, before it is encrypted: what an API process holds of a download.
PART_BYTES = 256 * 1024
# How long the parts stay after the download has begun.
STREAMING_MINUTES = 30


class ExportNotFound(NotFound):
    """The account has no such export."""


class ExportGone(Conflict):
    """The export was downloaded, has failed or has expired; another one can be requested."""


class Export(msgspec.Struct, frozen=True):
    """An export. `has_expired`: by the database's clock."""

    id: ExportId
    account_id: AccountId
    state: StoredState
    attempt: int
    asked_at: datetime
    expires_at: datetime | None
    has_expired: bool

    @property
    def shown_state(self) -> ExportState:
        """The state as its owner sees it."""
        return "expired" if self.state == "ready" and self.has_expired else self.state


def part_aad(export_id: ExportId, attempt: int, number: int) -> bytes:
    """What the encryption of a part is bound to."""
    return f"export:{export_id}:{attempt}:{number}".encode()
