"""Regions from a file of ip2region (xdb, version 2 or 3; IPv4 or IPv6)."""

import mmap
from ipaddress import ip_address
from pathlib import Path

from ip2region import searcher, util

from feed.geoip.display import shown_region
from feed.geoip.model import RegionsUnreadable
from feed.geoip.table import unmapped

_STRUCTURES = (util.XdbStructure20, util.XdbStructure30)
# Where the records begin; a shorter file has none.
_RECORDS = util.HeaderInfoLength + util.VectorIndexLength


class XdbRegions:
    """A lookup in the mapped file, which the processes of a machine share."""

    def __init__(self, file: str) -> None:
        """Raises RegionsUnreadable."""
        try:
            with Path(file).open("rb") as opened:
                header = util.load_header(opened)
                mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError, IndexError) as error:
            raise RegionsUnreadable(f"{file}: {error}") from None
        version = util.version_from_header(header) if header.version in _STRUCTURES else None
        if version is None or len(mapped) < _RECORDS:
            raise RegionsUnreadable(f"{file}: not a file of ip2region, or cut off")
        self._bytes: int = version.byte_num
        self._searcher = searcher.new_with_buffer(version, mapped)  # type: ignore[arg-type]
        self._check(file, mapped)

    def region_of(self, address: str) -> str | None:
        try:
            packed = unmapped(ip_address(address.partition("%")[0])).packed
        except ValueError:
            return None
        if len(packed) != self._bytes:
            return None
        try:
            return _shown(self._searcher.search(packed))
        except (ValueError, IndexError):
            # A damaged record.
            return None

    def _check(self, file: str, mapped: mmap.mmap) -> None:
        """Raises RegionsUnreadable if the index points behind the end of the file."""
        for place in range(util.HeaderInfoLength, _RECORDS, util.VectorIndexSize):
            if util.le_get_uint32(mapped, place + 4) > len(mapped):  # type: ignore[arg-type]
                raise RegionsUnreadable(f"{file}: cut off")


def _shown(record: str) -> str | None:
    # country|province|city|provider|code, in older files country|area|province|city|provider.
    country, *parts = record.split("|")
    # China's own regions are provinces there, or countries.
    return shown_region(country, parts)
