"""The limits as an installation wants them."""

import tomllib
from pathlib import Path

from feed.limits.model import EMBEDDED_SCALE, TABLE, Limit, changed, scaled


def read_table(limits: str, scale: float, *, embedded: bool) -> dict[str, Limit] | None:
    """The table after the settings; None where limits are off. Raises ValueError for a file that does not read."""
    if limits == "off":
        return None
    if not 0 < scale <= 1e9:
        raise ValueError("limits: the scale must be positive")
    table = scaled(TABLE, scale * (EMBEDDED_SCALE if embedded else 1))
    if limits == "on":
        return table
    try:
        given = tomllib.loads(Path(limits).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"limits: {limits} does not read: {error}") from None
    return changed(table, given)
