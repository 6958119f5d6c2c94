"""Regions from a MaxMind DB file (MMDB): of the kind of GeoLite2 City, or flat with a country's code and a region's name."""

from ipaddress import ip_address
from typing import Any

import maxminddb

from feed.geoip.display import shown_region
from feed.geoip.model import RegionsUnreadable
from feed.geoip.table import unmapped


class MmdbRegions:
    """A lookup in the mapped file, which the processes of a machine share."""

    def __init__(self, file: str) -> None:
        """Raises RegionsUnreadable."""
        try:
            self._reader = maxminddb.open_database(file)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise RegionsUnreadable(f"{file}: {error}") from None

    def region_of(self, address: str) -> str | None:
        try:
            found = self._reader.get(unmapped(ip_address(address.partition("%")[0])))
        except (ValueError, maxminddb.InvalidDatabaseError):
            # No address, IPv6 in a file of IPv4, or a damaged record.
            return None
        return _shown(found) if isinstance(found, dict) else None


def _shown(record: dict[str, Any]) -> str | None:
    country = record.get("country") or record.get("country_code") or record.get("registered_country")
    listed = record.get("subdivisions")
    parts: list[Any] = [*listed] if isinstance(listed, list) else []
    parts += [record.get(name) for name in ("region", "province", "region_code", "state1")]
    names = [name for part in parts for name in _names(part)]
    for name in _names(country):
        region = shown_region(name, names)
        if region is not None:
            return region
    return None


def _names(part: Any) -> list[str]:
    """The code and the names of a country or its part: Chinese, then English."""
    if isinstance(part, str):
        return [part]
    if not isinstance(part, dict):
        return []
    names = part.get("names")
    known = names if isinstance(names, dict) else {}
    found = [known.get("zh-CN"), known.get("zh"), known.get("en"), part.get("name"), part.get("iso_code")]
    return [each for each in found if isinstance(each, str)]
