"""Addresses of renditions: what clients may change in them, and what a grant is for."""

from datetime import UTC, datetime

import httpx
import pytest

from feed.api.html.formats import jpeg_address
from feed.media.addresses import MediaAddresses

ADDRESSES = MediaAddresses("https://media.webp.example/m", b"key")
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "works"),
    [("list.webp", True), ("list.jpg", True), ("page.jpg", False), ("full.webp", False), ("lis.jpg", False)],
)
def test_a_grant_is_for_one_size_in_every_format(file: str, works: bool) -> None:
    address = httpx.URL(ADDRESSES.granted("k" * 22, "list.webp", now=NOW))
    until, grant = address.params["until"], address.params["grant"]
    assert ADDRESSES.is_granted("k" * 22, file, until=until, grant=grant, now=NOW) is works


def test_the_jpeg_of_a_picture_has_its_address_with_another_ending() -> None:
    base = "https://media.webp.example/m/" + "k" * 22
    assert jpeg_address(ADDRESSES.public("k" * 22, "list.webp")) == f"{base}/list.jpg"
    granted = jpeg_address(ADDRESSES.granted("k" * 22, "list.webp", now=NOW))
    assert granted.startswith(f"{base}/list.jpg?until=")
    assert jpeg_address(f"{base}/video.mp4") == f"{base}/video.mp4"
