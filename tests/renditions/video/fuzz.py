"""Mutated videos: bytes of any container, and boxes of MP4 and QuickTime as whole pieces."""

import random
import struct
from collections.abc import Iterator
from pathlib import Path

from tests.renditions.video import clips
from tests.renditions.video.clips import Box, Sound

_SMALL_MOST = 1_000
_REPEATED = (1, 2, 50, 5_000)


def seeds(folder: Path) -> dict[str, bytes]:
    """Small real files of every container and most codecs."""
    times, sound = clips.even_times(0.4, 10), Sound(until=0.4)
    opus, pcm = Sound("libopus", rate=48_000, until=0.4), Sound("pcm_s16le", until=0.4)
    files = [
        clips.make(folder / "a.mp4", times=times, sound=sound),
        clips.make(folder / "b.webm", times=times, codec="libvpx-vp9", sound=opus),
        clips.make(folder / "c.mov", times=times, codec="mjpeg", pix_fmt="yuvj420p"),
        clips.make(folder / "d.mov", times=times, codec="libx265", pix_fmt="yuv420p10le", colors=clips.HLG),
        clips.make(folder / "e.mp4", times=times, codec="libsvtav1"),
        clips.make(folder / "f.mov", times=times, codec="prores_ks", pix_fmt="yuv422p10le", sound=pcm),
    ]
    return {each.name: each.read_bytes() for each in files}


def mutations(files: dict[str, bytes], seed: int) -> Iterator[tuple[str, bytes]]:
    """Files with some changes each, without an end. The same ones for the same seed."""
    chance = random.Random(seed)
    names = sorted(files)
    while True:
        name = chance.choice(names)
        content = files[name]
        if not name.endswith(".webm") and chance.random() < 0.4:
            content = _with_other_boxes(content, chance)
        if chance.random() < 0.7:
            content = _with_other_bytes(content, chance)
        if chance.random() < 0.1:
            content = content[: chance.randrange(len(content))]
        yield name, content


def _with_other_bytes(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, half of the time in the index only, where they do most."""
    changed = bytearray(content)
    index = changed.rfind(b"moov")
    first = index if index > 0 and chance.random() < 0.5 else 0
    for _ in range(chance.choice((1, 2, 5, 20, 100))):
        changed[chance.randrange(first, len(changed))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(changed)


def _with_other_boxes(content: bytes, chance: random.Random) -> bytes:
    """Boxes repeated, left out, moved to other boxes, put into themselves, or with numbers that are extreme."""
    boxes = clips.parse(content)
    for _ in range(chance.randint(1, 3)):
        siblings = chance.choice(list(_lists(boxes)))
        if not siblings:
            continue
        at = chance.randrange(len(siblings))
        box, change = siblings[at], chance.randrange(5)
        if change == 0:
            length = len(box.packed())
            siblings[at:at] = [box] * (chance.choice(_REPEATED) if length < _SMALL_MOST else 1)
        elif change == 1:
            del siblings[at]
        elif change == 2:
            chance.choice(list(_lists(boxes))).append(Box(box.kind, box.packed()[8:]))
        elif change == 3:
            for _ in range(chance.choice((1, 8, 200))):
                box = Box(box.kind, box.packed() if len(box.packed()) < 1 << 20 else b"")
            siblings[at] = box
        elif box.inside is None and len(box.payload) >= 4:
            place = chance.randrange(0, min(len(box.payload) - 3, 64))
            number = struct.pack(">I", chance.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)))
            siblings[at] = Box(box.kind, box.payload[:place] + number + box.payload[place + 4 :])
    return b"".join(box.packed() for box in boxes)


def _lists(boxes: list[Box]) -> Iterator[list[Box]]:
    yield boxes
    for box in boxes:
        if box.inside is not None:
            yield from _lists(box.inside)
