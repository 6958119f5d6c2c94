"""Hashes of images for tests that need no image."""

SHA256 = bytes(range(32))
LOOKS = bytes(range(100, 132))


def flipped(given: bytes, bits: int) -> bytes:
    """The hash with this many other bits."""
    return (int.from_bytes(given) ^ ((1 << bits) - 1)).to_bytes(32)
