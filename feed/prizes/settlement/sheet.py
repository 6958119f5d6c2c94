"""The sheet before the freeze."""

from typing import Any

import msgspec

from feed.prizes.model import SheetRow


class Sheet(msgspec.Struct, frozen=True):
    """A score sheet that is not frozen yet, what it waits for, and the entries that a forced settlement skips."""

    rows: list[SheetRow]
    blocked_by: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
