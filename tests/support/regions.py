"""Small files of regions in the formats that operators supply."""

import ipaddress
import struct
from pathlib import Path
from typing import Any

_HEADER, _VECTOR = 256, 256 * 256 * 8


def write_xdb(file: Path, records: dict[str, str], *, structure: int = 3) -> str:
    """A file of ip2region: first and last address, separated by a hyphen, with the record."""
    ranges = sorted(
        (tuple(ipaddress.ip_address(end) for end in ends.split("-")), record) for ends, record in records.items()
    )
    six = ranges[0][0][0].version == 6
    data, places = bytearray(), {}
    base = _HEADER + _VECTOR
    for record in {record for _, record in ranges}:
        places[record] = (base + len(data), len(record.encode()))
        data += record.encode()
    segments = bytearray()
    vector = bytearray(_VECTOR)
    index_at = base + len(data)
    # One segment for each pair of leading bytes, as the format wants it.
    for (first, last), record in ranges:
        low, high = int(first), int(last)
        shift = 112 if six else 16
        for lead in range(low >> shift, (high >> shift) + 1):
            start, end = max(low, lead << shift), min(high, (lead << shift) + (1 << shift) - 1)
            place = index_at + len(segments)
            size = 16 if six else 4
            order: Any = "big" if six else "little"
            at, length = places[record]
            segments += start.to_bytes(size, order) + end.to_bytes(size, order) + struct.pack("<HI", length, at)
            slot = lead * 8
            begun = struct.unpack_from("<I", vector, slot)[0] or place
            struct.pack_into("<II", vector, slot, begun, place)
    header = struct.pack("<HHIIIHH", structure, 1, 0, index_at, index_at + len(segments), 6 if six else 4, 4)
    file.write_bytes(header.ljust(_HEADER, b"\0") + vector + data + segments)
    return str(file)


def write_mmdb(file: Path, records: dict[str, Any], *, version: int = 6) -> str:
    """A MaxMind DB: networks with what is known of them."""
    nodes: list[list[int | tuple[int] | None]] = [[None, None]]
    data, places = bytearray(), {}
    for network, record in records.items():
        parsed = ipaddress.ip_network(network)
        bits = format(int(parsed.network_address), f"0{parsed.max_prefixlen}b")[: parsed.prefixlen]
        if version == 6 and parsed.version == 4:
            bits = "0" * 96 + bits
        places[network] = len(data)
        data += _encoded(record)
        node = 0
        for bit in bits[:-1]:
            child = nodes[node][int(bit)]
            if not isinstance(child, int):
                nodes.append([None, None])
                child = nodes[node][int(bit)] = len(nodes) - 1
            node = child
        nodes[node][int(bits[-1])] = (places[network],)
    count = len(nodes)
    tree = bytearray()
    for node_ in nodes:
        for child in node_:
            value = count if child is None else child if isinstance(child, int) else count + 16 + child[0]
            tree += value.to_bytes(4, "big")
    about = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": (9, 1),
        "database_type": "test",
        "description": {"en": "test"},
        "ip_version": version,
        "languages": ["en"],
        "node_count": (6, count),
        "record_size": 32,
    }
    file.write_bytes(bytes(tree) + b"\0" * 16 + bytes(data) + b"\xab\xcd\xefMaxMind.com" + _encoded(about))
    return str(file)


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(_encoded(key) + _encoded(each) for key, each in value.items())
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_encoded, value))
    if isinstance(value, int):
        kind, number = 5, value
    elif isinstance(value, tuple):
        kind, number = value
    else:
        text = str(value).encode()
        return _control(2, len(text)) + text
    packed = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return _control(kind, len(packed)) + packed


def _control(kind: int, size: int) -> bytes:
    assert size < 285
    short, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([kind << 5 | short]) + more if kind < 8 else bytes([short, kind - 7]) + more
