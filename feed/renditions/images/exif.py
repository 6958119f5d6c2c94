"""How a photo has to be turned to be upright: the one thing of EXIF that is of use. Pure; total on any bytes."""

import struct

_ORIENTATION, _SHORT = 0x0112, 3
_ENTRIES_MOST = 1_000


def orientation_of(exif: bytes) -> int:
    """The orientation, 1 to 8; 1 if the data are absent or broken."""
    data = exif
    # Some programs write the header twice.
    while data.startswith(b"Exif\x00\x00"):
        data = data[6:]
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 1
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, offset)
        for entry in range(min(count, _ENTRIES_MOST)):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", data, offset + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
