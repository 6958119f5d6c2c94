"""Region names of IP addresses, from a table in a file: names are shown as they are written there."""

import csv
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from feed.geoip.model import RegionsUnreadable

_MAX_NAME_LENGTH = 20


class RegionTable:
    """Regions by network. The most specific network that contains an address applies."""

    def __init__(self, networks: Iterable[tuple[str, str]]) -> None:
        """`networks` are pairs of CIDR network and region. Raises ValueError for an invalid network."""
        # By version and prefix length, so that a lookup needs one access per occurring length.
        self._named: dict[tuple[int, int], dict[int, str]] = {}
        for network, region in networks:
            parsed = ip_network(network)
            key = (parsed.version, parsed.prefixlen)
            self._named.setdefault(key, {})[int(parsed.network_address)] = region
        self._lengths = sorted(self._named, reverse=True)

    def region_of(self, address: str) -> str | None:
        try:
            parsed = unmapped(ip_address(address))
        except ValueError:  # A Unix socket has no address.
            return None
        for version, length in self._lengths:
            if version == parsed.version:
                host_bits = parsed.max_prefixlen - length
                region = self._named[version, length].get(int(parsed) >> host_bits << host_bits)
                if region is not None:
                    return region
        return None


def read_table(file: str) -> RegionTable:
    """Reads a UTF-8 CSV file with lines `network,region`. Raises RegionsUnreadable."""
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
        if not 1 <= len(region) <= _MAX_NAME_LENGTH:
            raise RegionsUnreadable(f"{file}, line {number}: a region's name has 1 to {_MAX_NAME_LENGTH} characters")
        networks.append((network, region))
    return networks


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address, or the IPv4 address that it maps."""
    # A dual-stack server sees IPv4 addresses as IPv4-mapped IPv6 ones.
    return getattr(address, "ipv4_mapped", None) or address
