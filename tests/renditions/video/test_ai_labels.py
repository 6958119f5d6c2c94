"""What a video says of having been made by AI is read before it is removed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.renditions.video import clips
from tests.renditions.video.clips import Box

C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
MADE = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
COMPOSED = b"http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
LABEL = b'{"Label":"1","ContentProducer":"001191110108MA01","ProduceID":"x"}'


def append(payload: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with path.open("ab") as file:
            file.write(payload)

    return change


def in_index(box: Box) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        clips.edit(path, lambda moov: (moov.inside or []).append(box))

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            append(Box(b"uuid", C2PA + bytes(4) + b"manifest\0" + bytes(8) + b"jumb c2pa.actions " + MADE).packed()),
            "declared_ai",
        ),
        (
            append(Box(b"uuid", XMP + b"<x:xmpmeta Iptc4xmpExt:DigitalSourceType='" + COMPOSED + b"'/>").packed()),
            "composite_ai",
        ),
        (in_index(Box(b"udta", inside=[Box(b"XMP_", b"<x:xmpmeta><a>" + MADE + b"</a></x:xmpmeta>")])), "declared_ai"),
        (in_index(Box(b"udta", inside=[Box(b"AIGC", LABEL)])), "declared_ai"),
        (in_index(Box(b"udta", inside=[Box(b"XMP_", b"<x:xmpmeta>holiday</x:xmpmeta>")])), None),
        (lambda _: None, None),
    ],
    ids=["c2pa", "xmp", "xmp of quicktime", "aigc in udta", "other xmp", "nothing"],
)
def test_labels_in_boxes_are_read_and_not_carried_over(
    tmp_path: Path, change: Callable[[Path], None], expected: str | None
) -> None:
    source = clips.make(tmp_path / "a.mp4")
    change(source)
    result, target = clips.rendered(source)
    assert result.ai_source == expected
    for needle in (b"digitalsourcetype", b"AIGC", b"Label", b"c2pa"):
        assert needle not in (target / "video.mp4").read_bytes()


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm"])
def test_the_label_that_ffmpeg_writes_is_read(tmp_path: Path, name: str) -> None:
    codec = "libvpx" if name.endswith("webm") else "libx264"
    result, _ = clips.rendered(clips.make(tmp_path / name, codec=codec, metadata={"AIGC": LABEL.decode()}))
    assert result.ai_source == "declared_ai"
