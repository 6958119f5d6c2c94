"""The sheet before the freeze."""

from typing import Any

import msgspec

from feed.prizes.model import SheetRow


class Sheet(msgspec.Struct, frozen=True):
    """A score sheet that is not frozen yet, what it waits for, and the entries that are left out.

    Of these only media that have failed are left out by a settlement that is not forced.
    """

    rows: list[SheetRow]
    blocked_by: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
