"""Nothing of where, when and with what a video was taken is in what is served."""

import struct
from pathlib import Path

import pytest

from tests.renditions.video import clips
from tests.renditions.video.clips import Box, Sound

# 22.5431 N, 114.0579 E, in the forms of every box.
LATITUDE, LONGITUDE = 22.5431, 114.0579
TEXT = b"+22.5431+114.0579+012.300/"
FIXED = struct.pack(">iii", round(LONGITUDE * 65536), round(LATITUDE * 65536), round(12.3 * 65536))
FORBIDDEN = (
    *(b"22.543", b"114.057", FIXED, FIXED[:8], struct.pack(">i", round(LATITUDE * 65536))),
    *(b"ISO6709", b"\xa9xyz", b"loci", b"mdta", b"XMP_", b"Exif", b"exif:", b"GPS", b"location"),
    *(b"Shenzhen", "深圳湾".encode(), b"iPhone", b"2026:11", b"2026-11", b"SECRET"),
    *(b"Lavf", b"Lavc", b"x264", b"libx", b"encoder", b"uuid", b"udtaname"),
)


def plant(path: Path) -> Path:
    """Positions and names in every box that is known to hold them, in the file, in each track, and beside the index."""
    items = Box(b"mdta", b"com.apple.quicktime.location.ISO6709")
    keys = Box(b"keys", bytes(4) + struct.pack(">I", 1) + items.packed())
    value = Box(b"data", struct.pack(">II", 1, 0) + TEXT).packed()
    listed = Box(b"ilst", struct.pack(">II", 8 + len(value), 1) + value)
    meta = Box(b"meta", Box(b"hdlr", bytes(8) + b"mdta" + bytes(13)).packed() + keys.packed() + listed.packed())
    position = Box(b"\xa9xyz", struct.pack(">HH", len(TEXT), 0x15C7) + TEXT)
    binary = Box(b"loci", bytes(4) + struct.pack(">H", 0x15C7) + b"Shenzhen\0" + b"\0" + FIXED + b"earth\0\0")
    model = Box(b"\xa9mod", struct.pack(">HH", 6, 0x15C7) + b"iPhone")
    xmp = Box(b"XMP_", b"<x:xmpmeta><exif:GPSLatitude>22.5431</exif:GPSLatitude></x:xmpmeta>")
    maker = Box(b"SECR", b"SECRET 2026:11:29 Exif GPS")
    user = Box(b"udta", inside=[position, binary, model, xmp, maker, Box(b"name", "深圳湾".encode())])
    sphere = Box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + xmp.payload)

    def change(moov: Box) -> None:
        for header in (
            moov.find(b"mvhd"),
            *(track.find(b"tkhd") for track in moov.inside or [] if track.kind == b"trak"),
        ):
            header.payload = header.payload[:4] + struct.pack(">II", 3_900_000_000, 3_900_000_001) + header.payload[12:]
        for track in [box for box in moov.inside or [] if box.kind == b"trak"]:
            track.inside = [*(track.inside or []), meta, user]
            handler = track.find(b"mdia", b"hdlr")
            handler.payload = handler.payload[:24] + b"SECRET iPhone\0"
        moov.inside = [*(moov.inside or []), meta, user, sphere]

    clips.edit(path, change)
    with path.open("ab") as file:
        file.write(meta.packed() + sphere.packed() + Box(b"udta", inside=[position]).packed())
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_a_planted_position_is_in_no_byte(tmp_path: Path, name: str) -> None:
    source = plant(clips.make(tmp_path / name, sound=Sound(), metadata={"location": TEXT.decode(), "title": "SECRET"}))
    planted = source.read_bytes()
    assert all(needle in planted for needle in (TEXT, FIXED, b"SECRET", b"\xa9xyz", b"loci", b"mdta"))
    _, target = clips.rendered(source)
    check_bytes(target)


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_a_planted_position_in_webm_is_in_no_byte(tmp_path: Path, codec: str) -> None:
    source = clips.make(
        tmp_path / "a.webm",
        codec=codec,
        sound=Sound("libopus", rate=48_000),
        metadata={"LOCATION": TEXT.decode(), "TITLE": "SECRET iPhone", "DATE_RECORDED": "2026-11-29"},
    )
    assert b"22.5431" in source.read_bytes()
    _, target = clips.rendered(source)
    check_bytes(target)


def test_supplements_of_the_pictures_are_in_no_byte(tmp_path: Path) -> None:
    """Encoders write their settings there, cameras what they like, and captions are carried over by some encoders."""
    source = clips.make(tmp_path / "a.mp4")
    payload = bytes(range(1, 17)) + b"SECRET " + TEXT
    unit = b"\x06\x05" + bytes([len(payload)]) + payload + b"\x80"
    content = source.read_bytes()
    data = next(box for box in clips.parse(content) if box.kind == b"mdat").payload
    # In front of the first unit of the first picture, whose size grows; the others move.
    at = content.index(data)

    def change(moov: Box) -> None:
        table = moov.find(b"trak", b"mdia", b"minf", b"stbl")
        sizes = table.find(b"stsz")
        first = int.from_bytes(sizes.payload[12:16]) + 4 + len(unit)
        sizes.payload = sizes.payload[:12] + first.to_bytes(4) + sizes.payload[16:]
        offsets = table.find(b"stco")
        count = int.from_bytes(offsets.payload[4:8])
        values = [int.from_bytes(offsets.payload[8 + 4 * n : 12 + 4 * n]) for n in range(count)]
        moved = [value if value == at else value + 4 + len(unit) for value in values]
        offsets.payload = offsets.payload[:8] + b"".join(value.to_bytes(4) for value in moved)

    boxes = clips.parse(content)
    for box in boxes:
        if box.kind == b"mdat":
            box.payload = struct.pack(">I", len(unit)) + unit + box.payload
    source.write_bytes(b"".join(box.packed() for box in boxes))
    clips.edit(source, change)
    assert TEXT in source.read_bytes()
    _, target = clips.rendered(source)
    check_bytes(target)


def check_bytes(target: Path) -> None:
    for file in target.iterdir():
        content = file.read_bytes()
        found = [needle for needle in FORBIDDEN if needle in content]
        assert not found, f"{file.name}: {found}"
    boxes = clips.parse((target / "video.mp4").read_bytes())
    moov = next(box for box in boxes if box.kind == b"moov")
    headers = [moov.find(b"mvhd"), *(track.find(b"tkhd") for track in moov.inside or [] if track.kind == b"trak")]
    assert all(header.payload[4:12] == bytes(8) for header in headers)
    for track in [box for box in moov.inside or [] if box.kind == b"trak"]:
        assert track.find(b"mdia", b"hdlr").payload[24:].rstrip(b"\0") in (b"VideoHandler", b"SoundHandler")
        assert track.find(b"mdia", b"mdhd").payload[4:12] == bytes(8)


def test_the_index_comes_before_the_data_and_nothing_else_is_there(tmp_path: Path) -> None:
    _, target = clips.rendered(clips.make(tmp_path / "a.mp4", sound=Sound()))
    boxes = clips.parse((target / "video.mp4").read_bytes())
    assert [box.kind for box in boxes if box.kind != b"free"] == [b"ftyp", b"moov", b"mdat"]
    assert all(box.payload in (b"",) for box in boxes if box.kind == b"free")
    moov = boxes[1]
    kinds = {box.kind for box in moov.inside or []}
    assert kinds <= {b"mvhd", b"trak", b"udta"}
    assert sum(len(box.payload) for box in (moov.find(b"udta").inside or [])) < 64
