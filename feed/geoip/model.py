"""What a lookup of regions is, and what is wrong with a file of them."""

from typing import Protocol


class RegionsUnreadable(Exception):
    """The file of regions is invalid; the message says where and why."""


class IpRegions(Protocol):
    """A lookup of regions by address."""

    def region_of(self, address: str) -> str | None:
        """The display name of the region; None if unknown."""


class NoRegions:
    """No regions are configured."""

    def region_of(self, address: str) -> str | None:
        return None
