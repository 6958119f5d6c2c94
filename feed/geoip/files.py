"""Opens the files of regions that an operator supplies, and follows their replacement."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from feed.bounded_cache import memoized
from feed.geoip.mmdb import MmdbRegions
from feed.geoip.model import IpRegions, NoRegions, RegionsUnreadable
from feed.geoip.table import read_table
from feed.geoip.xdb import XdbRegions

log = structlog.get_logger("feed.geoip")

# How soon a replaced file is used.
_FOLLOW_SECONDS = 10.0
_OPENERS: dict[str, Callable[[str], IpRegions]] = {".xdb": XdbRegions, ".mmdb": MmdbRegions}

_Stamp = tuple[int, int, int]


class RegionFiles:
    """A lookup in several files, the first one first, of which the first that knows an address decides."""

    def __init__(self, files: list[str]) -> None:
        """Raises RegionsUnreadable."""
        self._files = files
        self._stamps = _stamps(files)
        self._opened = _open(files)

    def region_of(self, address: str) -> str | None:
        """The display name of the region; None if no file knows it."""
        return self._opened(address)

    def refresh(self) -> bool:
        """Opens the files again if one was replaced, and returns whether it did. Takes as long as reading them.

        While a file cannot be read the former ones stay in use.
        """
        try:
            stamps = _stamps(self._files)
            if stamps == self._stamps:
                return False
            opened = _open(self._files)
        except RegionsUnreadable as error:
            log.warning("regions not read", error=str(error))
            return False
        self._opened, self._stamps = opened, stamps
        log.info("regions read")
        return True


def open_regions(files: str) -> "RegionFiles | NoRegions":
    """Opens the files of a comma-separated list: .xdb of ip2region, .mmdb, others as CSV. Raises RegionsUnreadable."""
    names = [each.strip() for each in files.split(",") if each.strip()]
    return RegionFiles(names) if names else NoRegions()


async def follow_forever(regions: IpRegions) -> None:
    """Looks for replaced files every few seconds, beside the event loop, until it is cancelled."""
    while isinstance(regions, RegionFiles):
        await asyncio.sleep(_FOLLOW_SECONDS)
        await asyncio.to_thread(regions.refresh)


def _open(files: list[str]) -> Callable[[str], str | None]:
    opened = [_OPENERS.get(Path(file).suffix.lower(), read_table)(file) for file in files]

    # A lookup in a file takes up to 50 µs.
    @memoized(entries=4096, longest=64)
    def region_of(address: str) -> str | None:
        return next(filter(None, (each.region_of(address) for each in opened)), None)

    return region_of


def _stamps(files: list[str]) -> list[_Stamp]:
    try:
        found = [Path(file).stat() for file in files]
    except OSError as error:
        raise RegionsUnreadable(str(error)) from None
    return [(each.st_ino, each.st_size, each.st_mtime_ns) for each in found]
