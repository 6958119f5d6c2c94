"""The rate limits of an installation: the default table with the settings applied."""

import tomllib
from pathlib import Path

from feed.limits.model import EMBEDDED_SCALE, TABLE, Limit, overridden, scaled


def read_table(limits: str, scale: float, *, embedded: bool) -> dict[str, Limit] | None:
    """The table of limits by class; None with `limits="off"`.

    `limits` is `on`, `off` or the path of a TOML file that overrides classes; `scale` multiplies the default quotas.
    Raises ValueError for an unreadable or invalid file.
    """
    if limits == "off":
        return None
    if not 0 < scale <= 1e9:
        raise ValueError("limits: the scale must be positive")
    table = scaled(TABLE, scale * (EMBEDDED_SCALE if embedded else 1))
    if limits == "on":
        return table
    try:
        overrides = tomllib.loads(Path(limits).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"limits: {limits} does not read: {error}") from None
    return overridden(table, overrides)
