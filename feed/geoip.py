"""Where an address is, in people's words: a port, with nobody behind it or a table from a file."""

import csv
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Protocol

_LONGEST = 20


class RegionsUnreadable(Exception):
    """The table of regions cannot be used; the message says where and why."""


class IpRegions(Protocol):
    """Whoever knows where addresses are."""

    def region_of(self, address: str) -> str | None:
        """The region's name as people read it; None when it is not known."""


class NoRegions:
    """Nobody asks where people are."""

    def region_of(self, address: str) -> str | None:
        return None


class RegionTable:
    """Regions by network; of several networks around an address the narrowest one names it."""

    def __init__(self, networks: Iterable[tuple[str, str]]) -> None:
        """Raises ValueError for what is no network."""
        # By version and length of prefix, so that an address needs one look per length that occurs.
        self._named: dict[tuple[int, int], dict[int, str]] = {}
        for network, region in networks:
            parsed = ip_network(network)
            key = (parsed.version, parsed.prefixlen)
            self._named.setdefault(key, {})[int(parsed.network_address)] = region
        self._lengths = sorted(self._named, reverse=True)

    def region_of(self, address: str) -> str | None:
        try:
            asked = _plain(ip_address(address))
        except ValueError:  # A socket of the machine itself has no address.
            return None
        for version, length in self._lengths:
            if version == asked.version:
                behind = asked.max_prefixlen - length
                region = self._named[version, length].get(int(asked) >> behind << behind)
                if region is not None:
                    return region
        return None


def open_regions(file: str) -> IpRegions:
    """The table of a UTF-8 file with lines of `network,region`; without a name nobody knows. Raises RegionsUnreadable."""
    if not file:
        return NoRegions()
    try:
        with Path(file).open(encoding="utf-8", newline="") as lines:
            return RegionTable(_read(file, csv.reader(lines)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RegionsUnreadable(f"{file}: {error}") from None


def _read(file: str, rows: Iterable[list[str]]) -> list[tuple[str, str]]:
    networks = []
    for number, row in enumerate(rows, 1):
        if not row or row[0].lstrip().startswith("#"):
            continue
        try:
            network, region = (part.strip() for part in row)
            ip_network(network)
        except ValueError as error:
            raise RegionsUnreadable(f"{file}, line {number}: {error}") from None
        if not 1 <= len(region) <= _LONGEST:
            raise RegionsUnreadable(f"{file}, line {number}: a region's name has 1 to {_LONGEST} characters")
        networks.append((network, region))
    return networks


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    # A server that listens on both versions sees the older one inside of the newer.
    return getattr(address, "ipv4_mapped", None) or address
