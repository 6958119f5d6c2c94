"""Files that cannot become a video say why, at once and each time."""

import errno
import io
import random
import resource
import struct
import sys
from pathlib import Path
from zipfile import ZipFile

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.renditions.model import RenderingFailed
from feed.renditions.video import rendering
from feed.renditions.video.checks import WrongOutput
from feed.renditions.video.elements import segment_end
from feed.renditions.video.reading import failure_of
from tests.renditions.video import clips
from tests.renditions.video.clips import Box, Sound


def code_of(source: Path) -> str:
    with pytest.raises(RenderingFailed) as failure:
        clips.rendered(source)
    return failure.value.code


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return clips.make(tmp_path / "a.mp4", sound=Sound())


def cut(path: Path, length: int) -> Path:
    shorter = path.with_name(f"{length}-{path.name}")
    shorter.write_bytes(path.read_bytes()[:length])
    return shorter


def test_a_recording_that_was_cut_off_has_no_index(clip: Path) -> None:
    size = clip.stat().st_size
    moov = clip.read_bytes().index(b"moov")
    for length in (moov - 4, moov + 100, size // 2, 200, 40):
        assert code_of(cut(clip, length)) == "truncated", length


def test_a_file_whose_index_is_first_and_whose_data_are_cut_is_truncated(tmp_path: Path, clip: Path) -> None:
    result, target = clips.rendered(clip)
    faststart = target / "video.mp4"
    size = result.files[0].byte_count
    for length in (size - 1, size - 1000, size // 2):
        assert code_of(cut(faststart, length)) == "truncated", length


def test_an_index_that_refers_to_what_is_not_there_is_truncated(clip: Path) -> None:
    """As when the length of `mdat` was set to what had arrived."""
    boxes = clips.parse(clip.read_bytes())
    for box in boxes:
        if box.kind == b"mdat":
            box.payload = box.payload[: len(box.payload) // 3]
    boxes.sort(key=lambda box: box.kind == b"mdat")
    before = sum(len(box.packed()) for box in boxes if box.kind != b"mdat") + 8
    old = clip.read_bytes().index(b"mdat") + 4
    for track in [box for box in boxes[-2].inside or [] if box.kind == b"trak"]:
        offsets = track.find(b"mdia", b"minf", b"stbl", b"stco")
        count = int.from_bytes(offsets.payload[4:8])
        values = struct.unpack(f">{count}I", offsets.payload[8:])
        offsets.payload = offsets.payload[:8] + struct.pack(f">{count}I", *(value - old + before for value in values))
    clip.write_bytes(b"".join(box.packed() for box in boxes))
    assert code_of(clip) == "truncated"


def test_webm_that_was_cut_off_is_truncated_by_its_length(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "a.webm", codec="libvpx")
    size = source.stat().st_size
    for length in (size - 1, size * 9 // 10, size // 2, size // 10):
        assert code_of(cut(source, length)) == "truncated", length


def unfinished(source: Path, *, clusters: bool) -> bytes:
    """The content of the file as a recorder writes it: the segment has no length, or its clusters have none either."""
    content = source.read_bytes()
    names = [b"\x18\x53\x80\x67", *([b"\x1f\x43\xb6\x75"] if clusters else [])]
    for name in names:
        at = content.index(name) + 4
        count = 9 - content[at].bit_length()
        content = content[:at] + bytes([0xFF >> (count - 1)]) + b"\xff" * (count - 1) + content[at + count :]
    return content


@pytest.mark.parametrize("clusters", [False, True])
def test_a_recording_that_nothing_has_finished_keeps_what_there_is(tmp_path: Path, clusters: bool) -> None:
    """A browser that is closed while it records leaves such a file, without a length; what is in it is whole."""
    source = clips.make(tmp_path / "a.webm", codec="libvpx", times=clips.even_times(4, 10))
    source.write_bytes(unfinished(source, clusters=clusters))
    result, _ = clips.rendered(cut(source, source.stat().st_size * 3 // 4))
    assert 1500 < (result.duration_ms or 0) < 4000


def end_of(content: bytes) -> int | None:
    return segment_end(io.BytesIO(content))


def test_the_end_of_a_webm_is_that_of_its_segment() -> None:
    header, segment = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm", b"\x18\x53\x80\x67"
    assert end_of(header + segment + b"\x85") == len(header) + 5 + 5
    assert end_of(header + b"\xec\x82ab" + segment + b"\x40\x05") == len(header) + 4 + 6 + 5
    for broken in (
        b"",
        header,
        header + segment,
        header + segment + b"\x00",
        header + segment + b"\x10\x00",
        bytes(64),
    ):
        assert end_of(broken) is None


@pytest.mark.parametrize("unknown", [b"\xff", b"\x01" + b"\xff" * 7])
def test_a_segment_of_unknown_length_ends_with_its_last_element(unknown: bytes) -> None:
    cluster, block = b"\x1f\x43\xb6\x75", b"\xa3\x84abcd"
    start = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\x18\x53\x80\x67" + unknown
    for whole in (
        start,
        start + b"\xec\x82ab",
        start + cluster + b"\x86" + block,
        start + cluster + unknown + block + block + cluster + unknown + block,
    ):
        assert end_of(whole) == end_of(whole + b"<html>") == end_of(whole + bytes(90)) == len(whole)
    # What is cut off in its last element ends there.
    assert end_of(start + block[:4]) == len(start) + 4


@given(st.binary(max_size=64))
def test_no_bytes_make_the_length_of_a_segment_fail(payload: bytes) -> None:
    for head in (b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff"):
        end = end_of(head + payload)
        assert end is None or end > 0


def archive() -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w") as opened:
        opened.writestr("META-INF/MANIFEST.MF", "Main-Class: A\n")
    return content.getvalue()


@pytest.mark.parametrize("suffix", ["mp4", "mov", "webm"])
def test_a_video_that_is_a_document_as_well_is_refused(tmp_path: Path, suffix: str) -> None:
    source = clips.make(tmp_path / f"a.{suffix}", codec="libvpx" if suffix == "webm" else "libx264")
    content = source.read_bytes()
    for document in (
        *(archive(), b"some bytes first" + archive(), Box(b"free", archive()).packed()),
        *(
            b"%PDF-1.7\n1 0 obj",
            b"<html><script>alert(1)</script>",
            b"\n<?php x",
            b"Rar!\x1a\x07\x01\x00",
            b"#!/bin/sh\n",
            bytes(300) + b"<html>",
        ),
    ):
        source.write_bytes(content + document)
        assert code_of(source) == "polyglot", document


@pytest.mark.parametrize("clusters", [False, True])
def test_a_recording_that_nothing_has_finished_is_no_document_either(tmp_path: Path, clusters: bool) -> None:
    source = clips.make(tmp_path / "a.webm", codec="libvpx")
    content = unfinished(source, clusters=clusters)
    for document in (
        b"<html><script>alert(1)</script>",
        b"#!/bin/sh\n",
        b"Rar!\x1a\x07\x01\x00",
        bytes(300) + b"<html>",
    ):
        source.write_bytes(content + document)
        assert code_of(source) == "polyglot", document
    source.write_bytes(content)
    assert clips.rendered(source)[0].duration_ms == pytest.approx(2000, abs=150)


@pytest.mark.parametrize("trailer", [bytes(500), b"SEFH" + bytes(40) + b"SEFT", b'vendor{"fps": 30}', b"\xff" * 100])
def test_what_a_camera_appends_to_a_video_is_no_cut(clip: Path, trailer: bytes) -> None:
    whole = clip.read_bytes()
    clip.write_bytes(whole + trailer)
    assert clips.rendered(clip)[0].duration_ms == pytest.approx(2000, abs=60)
    # A box of the file itself that is cut off is one.
    clip.write_bytes(whole + b"\x00\x00\x10\x00mdat" + bytes(100))
    assert code_of(clip) == "truncated"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"hello, I am no video",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF\0\0\0\0AVI LIST",
        b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska" + bytes(64),
        bytes.fromhex("0000001c66747970") + b"heic" + bytes(64),
        bytes.fromhex("0000001c66747970") + b"avif" + bytes(64),
        b"GIF89a" + bytes(64),
    ],
)
def test_what_is_no_video_is_not_opened(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(content)
    assert code_of(source) == "unsupported_type"


def test_the_name_and_the_brand_do_not_matter(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "a.webm", codec="libvpx")
    renamed = source.rename(tmp_path / "IMG_0001.jpg")
    assert clips.rendered(renamed)[0].duration_ms == pytest.approx(2000, abs=50)


def test_a_video_without_a_frame_has_nothing_to_show(clip: Path) -> None:
    def change(moov: Box) -> None:
        table = moov.find(b"trak", b"mdia", b"minf", b"stbl")
        for kind, length in ((b"stts", 8), (b"stsc", 8), (b"stco", 8), (b"stsz", 12)):
            table.find(kind).payload = bytes(length)
        table.inside = [box for box in table.inside or [] if box.kind not in (b"stss", b"ctts")]

    assert code_of(clips.edit(clip, change)) == "no_video"


def test_a_video_of_one_frame_has_a_cover_and_a_length(tmp_path: Path) -> None:
    result, target = clips.rendered(clips.make(tmp_path / "a.mp4", clips.corners(), times=[0]))
    assert len(clips.frames(target / "video.mp4")) == 1
    assert (result.duration_ms or 0) > 0
    assert (target / "list.webp").exists()


def test_a_codec_that_is_not_accepted_is_named_so(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "a.mov", codec="png", pix_fmt="rgb24")
    assert code_of(source) == "unsupported_codec"


def test_encrypted_tracks_are_refused(clip: Path) -> None:
    def change(moov: Box) -> None:
        description = moov.find(b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        description.payload = description.payload.replace(b"avc1", b"encv", 1)

    assert code_of(clips.edit(clip, change)) == "unsupported_codec"


def test_what_is_too_large_to_decode_is_refused_before(tmp_path: Path, clip: Path) -> None:
    def change(moov: Box) -> None:
        description = moov.find(b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        description.payload = description.payload[:40] + struct.pack(">HH", 16_000, 16_000) + description.payload[44:]

    large = clips.make(
        tmp_path / "b.mp4", clips.moving((4112, 2320)), times=[0, 0.1], codec="mjpeg", pix_fmt="yuvj420p"
    )
    assert code_of(large) == "too_many_pixels"

    # The header is small, and the pictures are not.
    def shrink(moov: Box) -> None:
        for path in ((b"tkhd",), (b"mdia", b"minf", b"stbl", b"stsd")):
            box = moov.find(b"trak", *path)
            box.payload = box.payload.replace(struct.pack(">HH", 4112, 2320), struct.pack(">HH", 320, 180))

    assert code_of(clips.edit(large, shrink)) in ("corrupt", "too_many_pixels")
    # The header is large, and the pictures are not.
    assert clips.rendered(clips.edit(clip, change))[0].height == 180


def test_damaged_pictures_are_concealed_and_noise_is_corrupt(clip: Path) -> None:
    content = bytearray(clip.read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    noise = random.Random(1)
    little = bytearray(content)
    for _ in range(3):
        little[noise.randrange(start + 3000, end)] ^= 0xFF
    path = clip.with_name("little.mp4")
    path.write_bytes(little)
    clips.rendered(path)
    content[start:end] = noise.randbytes(end - start)
    clip.write_bytes(content)
    assert code_of(clip) == "corrupt"


def test_without_ffmpeg_videos_are_refused_and_it_is_said(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "feed.renditions.video.outcome", None)
    assert rendering.load() is None
    with pytest.raises(LookupError, match=r"feed\[media\]"):
        rendering.describe()
    with pytest.raises(RenderingFailed, match=r"feed\[media\]") as failure:
        rendering.render_video(clip, clip.parent, cover_ms=None, progress=lambda _: None)
    assert failure.value.code == "unsupported_type"


def test_the_operator_sees_which_ffmpeg_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendering.describe().startswith("FFmpeg ")
    monkeypatch.setattr(av, "codecs_available", {"aac"})
    with pytest.raises(LookupError, match="without libx264"):
        rendering.describe()


def test_a_machine_at_its_limits_says_nothing_of_the_file() -> None:
    for number in (errno.ENOSPC, errno.ENOMEM):
        assert not isinstance(failure_of(av.FFmpegError(number, "")), RenderingFailed)
    assert isinstance(failure_of(av.InvalidDataError(1094995529, "")), RenderingFailed)


def test_a_full_disk_is_no_failure_of_the_file(clip: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises((OSError, WrongOutput)):
            clips.rendered(clip)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_fragments_are_read_as_browsers_record_them(clip: Path) -> None:
    fragmented = clip.with_name("fragmented.mp4")
    with (
        av.open(str(clip)) as source,
        av.open(str(fragmented), "w", options={"movflags": "+frag_keyframe+empty_moov+default_base_moof"}) as file,
    ):
        copies = {
            stream.index: file.add_stream_from_template(stream)
            for stream in (*source.streams.video, *source.streams.audio)
        }
        for packet in source.demux():
            if packet.size:
                packet.stream = copies[packet.stream_index]
                file.mux(packet)
    result, _ = clips.rendered(fragmented)
    assert result.duration_ms == pytest.approx(2000, abs=60)
    assert code_of(cut(fragmented, fragmented.stat().st_size - 100)) == "truncated"


def test_nothing_stays_open(clip: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    clips.rendered(clip)
    for length in (100, 5000):
        code_of(cut(clip, length))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert av.__version__
