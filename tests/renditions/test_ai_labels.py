"""What a file says of having been made by AI, in every place where it may say it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.renditions.ai_labels import ai_source_of
from feed.renditions.images.gif import read_gif
from feed.renditions.model import AiSource
from tests.renditions.images.files import chunk, rendered, saved, segment, with_chunks, with_segments
from tests.renditions.images.photos import photo

_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MADE, COMPOSED = _TYPES + "trainedAlgorithmicMedia", _TYPES + "compositeWithTrainedAlgorithmicMedia"


def xmp(value: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="{value}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def aigc(label: str) -> str:
    return json.dumps(
        {"AIGC": {"Label": label, "ContentProducer": "深圳某公司", "ProduceID": "1", "ReservedCode1": ""}}
    )


def manifest(value: str) -> bytes:
    """A JUMBF box with the one entry of a manifest that matters, as CBOR writes it."""
    text = b"\x71digitalSourceType\x78" + bytes([len(value)]) + value.encode()
    return (len(text) + 8).to_bytes(4, "big") + b"jumb" + text


def tc260(label: str) -> bytes:
    inner = json.dumps({"Label": label, "ContentProducer": "x", "ProduceID": "1"}).replace('"', "&quot;")
    return f'<rdf:Description xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" TC260:AIGC="{inner}"/>'.encode()


def in_exif(text: str) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x8769] = {0x9286: b"ASCII\x00\x00\x00" + text.encode()}
    return exif.tobytes()


SAYINGS: dict[str, tuple[bytes, AiSource | None]] = {
    "made": (xmp(MADE), "declared_ai"),
    "composed": (xmp(COMPOSED), "composite_ai"),
    "synthetic parts": (xmp(_TYPES + "compositeSynthetic"), "composite_ai"),
    "both": (xmp(COMPOSED) + xmp(MADE), "declared_ai"),
    "a photo": (xmp(_TYPES + "digitalCapture"), None),
    "edited by hand": (xmp(_TYPES + "humanEdits"), None),
    "a program without training": (xmp(_TYPES + "algorithmicMedia"), None),
    "UTF-16": (xmp(MADE).decode().encode("utf-16"), "declared_ai"),
    "label 1": (tc260("1"), "declared_ai"),
    "label 2": (tc260("2"), "declared_ai"),
    "label 3": (tc260("3"), "declared_ai"),
    "label 0": (tc260("0"), None),
    "JSON": (aigc("1").encode(), "declared_ai"),
    "JSON in JSON": (json.dumps(aigc("1")).encode(), "declared_ai"),
    "a manifest": (manifest(MADE), "declared_ai"),
    "a manifest of a camera": (manifest(_TYPES + "digitalCapture"), None),
    "a word": (b"AIGC is a word, and Label another", None),
}


@pytest.mark.parametrize("name", SAYINGS)
def test_what_is_said_is_understood(name: str) -> None:
    text, expected = SAYINGS[name]
    assert ai_source_of([b"something else", text]) == expected


def jpegs(text: bytes) -> list[bytes]:
    plain = saved(photo(64, 48), "JPEG")
    half = len(text) // 2
    jumbf = [b"JP\x00\x01\x00\x00\x00" + bytes([n]) for n in (1, 2)]
    return [
        with_segments(plain, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + text)),
        with_segments(plain, segment(0xEB, jumbf[0] + text)),
        with_segments(plain, segment(0xED, b"Photoshop 3.0\x00" + text)),
        with_segments(plain, segment(0xFE, text)),
        # A manifest in two segments, each with the header of its box.
        with_segments(plain, segment(0xEB, jumbf[0] + text[:half]), segment(0xEB, jumbf[1] + bytes(8) + text[half:])),
    ]


@pytest.mark.parametrize("number", range(5))
def test_a_jpeg_is_asked_before_it_is_cleaned(number: int, tmp_path: Path) -> None:
    content = jpegs(manifest(MADE))[number]
    assert rendered(content, tmp_path).ai_source == "declared_ai"


def test_the_other_formats_are_asked_as_well(tmp_path: Path) -> None:
    import zlib

    picture = photo(64, 48)
    plain = saved(picture, "PNG")
    box = b"uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + manifest(COMPOSED)
    boxed = (len(box) + 4).to_bytes(4, "big") + box
    video_xmp = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + xmp(MADE)
    video_xmp = (len(video_xmp) + 8).to_bytes(4, "big") + b"uuid" + video_xmp
    files: list[tuple[bytes, AiSource]] = [
        (saved(picture, "WEBP", xmp=xmp(MADE)), "declared_ai"),
        (saved(picture, "AVIF", xmp=xmp(MADE)), "declared_ai"),
        (saved(picture, "HEIF", xmp=xmp(MADE)), "declared_ai"),
        (saved(picture, "HEIF") + boxed, "composite_ai"),
        (saved(picture, "AVIF") + boxed, "composite_ai"),
        (saved(picture, "HEIF") + video_xmp, "declared_ai"),
        (with_chunks(plain, chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + xmp(MADE))), "declared_ai"),
        (
            with_chunks(plain, chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(xmp(MADE)))),
            "declared_ai",
        ),
        (with_chunks(plain, chunk(b"zTXt", b"AIGC\x00\x00" + zlib.compress(aigc("1").encode()))), "declared_ai"),
        (with_chunks(plain, chunk(b"tEXt", b'AIGC\x00{"Label":"2"}')), "declared_ai"),
        (with_chunks(plain, chunk(b"caBX", manifest(MADE))), "declared_ai"),
        (saved(picture, "JPEG", exif=in_exif(aigc("1"))), "declared_ai"),
        (saved(picture, "PNG", exif=in_exif(aigc("3"))), "declared_ai"),
        (saved(picture, "WEBP", exif=in_exif(aigc("1"))), "declared_ai"),
        (saved(picture, "HEIF", exif=in_exif(aigc("1"))), "declared_ai"),
        (saved(picture, "GIF", comment=aigc("1").encode()), "declared_ai"),
    ]
    for number, (content, expected) in enumerate(files):
        assert rendered(content, tmp_path).ai_source == expected, number
    assert rendered(plain, tmp_path).ai_source is None


def test_a_text_that_a_gif_cuts_into_blocks_is_read_whole() -> None:
    for before in range(256):
        content = saved(photo(8, 8), "GIF", comment=b"x" * before + xmp(MADE))
        assert ai_source_of(read_gif(content).metadata.texts) == "declared_ai", before


@given(st.lists(st.binary(max_size=400), max_size=4))
def test_any_bytes_say_something_or_nothing(texts: list[bytes]) -> None:
    assert ai_source_of(texts) in (None, "declared_ai", "composite_ai")


@given(
    st.lists(
        st.sampled_from([b"AIGC", b"{", b"}", b"Label", b'"', b":", b"1", b"digitalsourcetype/", b"\\"]), max_size=200
    )
)
def test_any_order_of_its_words_is_read(words: list[bytes]) -> None:
    assert ai_source_of([b"".join(words)]) in (None, "declared_ai", "composite_ai")


@pytest.mark.timeout(20)
def test_four_megabytes_of_near_labels_are_read_in_time() -> None:
    for text in (b"AIGC", b'AIGC{"', b"AIGC{Label", b"AIGC{Label:", b"digitalsourcetype/", b"AIGC{" + b"Label" * 300):
        assert ai_source_of([text * (4_000_000 // len(text))]) is None
