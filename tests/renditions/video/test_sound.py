"""One picture, one sound, and nothing else."""

import io
import struct
from pathlib import Path

import av
import pytest
from PIL import Image

from feed.renditions.model import RenderingFailed
from tests.renditions.video import clips
from tests.renditions.video.clips import Sound


def sound_in(path: Path) -> tuple[str, int]:
    with av.open(str(path)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]
        stream = file.streams.audio[0]
        assert stream.codec_context.name == "aac"
        assert sum(frame.samples for frame in file.decode(audio=0)) / stream.rate == pytest.approx(2, abs=0.06)
        return stream.layout.name, stream.rate


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        (Sound("pcm_s16le", "mono", 8_000), ("mono", 48_000)),
        (Sound("pcm_s24le", "stereo", 96_000), ("stereo", 48_000)),
        (Sound("pcm_mulaw", "mono", 8_000), ("mono", 48_000)),
        (Sound("aac", "5.1", 48_000), ("stereo", 48_000)),
        (Sound("pcm_s16le", "7.1", 48_000), ("stereo", 48_000)),
        (Sound("alac", "stereo", 44_100), ("stereo", 44_100)),
        (Sound("aac", "mono", 16_000), ("mono", 48_000)),
    ],
)
def test_every_form_of_sound_becomes_mono_or_stereo(tmp_path: Path, sound: Sound, expected: tuple[str, int]) -> None:
    _, target = clips.rendered(clips.make(tmp_path / "a.mov", sound=sound))
    assert sound_in(target / "video.mp4") == expected


@pytest.mark.parametrize("channels", [2, 3, 4, 6, 8])
def test_an_unknown_layout_is_heard_too(tmp_path: Path, channels: int) -> None:
    """Channels without a meaning, as the box `chan` would give them: raw samples with another number of channels."""
    source = clips.make(tmp_path / "a.mov", sound=Sound("pcm_s16le", "mono", 8_000 * channels, until=0.3))

    def change(moov: clips.Box) -> None:
        sounds = [box for box in moov.inside or [] if box.kind == b"trak"][1]
        table = sounds.find(b"mdia", b"minf", b"stbl")
        entry = bytearray(table.find(b"stsd").payload)
        # The sample entry begins at 8; the channels are at 24 in it, the rate at 32; the boxes behind it are dropped.
        length = struct.unpack(">I", entry[8:12])[0]
        entry = entry[: 8 + min(length, 36)] if entry[8 + 16 : 8 + 18] == b"\0\0" else entry[: 8 + min(length, 52)]
        entry[8:12] = struct.pack(">I", len(entry) - 8)
        entry[32:34] = struct.pack(">H", channels)
        entry[40:42] = struct.pack(">H", 8_000)
        if len(entry) > 44:
            entry[44:60] = struct.pack(">4I", 1, 2, 2 * channels, 2)
        table.find(b"stsd").payload = bytes(entry)
        samples = table.find(b"stsz")
        count = int.from_bytes(samples.payload[8:12])
        samples.payload = samples.payload[:8] + (count // channels).to_bytes(4)
        times = table.find(b"stts")
        times.payload = bytes(4) + (1).to_bytes(4) + (count // channels).to_bytes(4) + (channels).to_bytes(4)
        chunks = table.find(b"stsc")
        runs = int.from_bytes(chunks.payload[4:8])
        values = list(struct.unpack(f">{3 * runs}I", chunks.payload[8:]))
        values[1::3] = [value // channels for value in values[1::3]]
        chunks.payload = chunks.payload[:8] + struct.pack(f">{3 * runs}I", *values)

    _, target = clips.rendered(clips.edit(source, change))
    with av.open(str(target / "video.mp4")) as file:
        assert file.streams.audio[0].layout.name in ("mono", "stereo")


def test_a_silent_video_is_fine(tmp_path: Path) -> None:
    _, target = clips.rendered(clips.make(tmp_path / "a.mp4"))
    assert list(clips.streams(target / "video.mp4")) == ["video"]


def cover_art() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "JPEG")
    return file.getvalue()


def add_cover_art(path: Path) -> Path:
    data = clips.Box(b"data", struct.pack(">II", 13, 0) + cover_art())
    items = clips.Box(b"ilst", inside=[clips.Box(b"covr", inside=[data])])
    handler = clips.Box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = clips.Box(b"meta", bytes(4) + handler.packed() + items.packed())

    def change(moov: clips.Box) -> None:
        moov.inside = [box for box in moov.inside or [] if box.kind != b"udta"] + [clips.Box(b"udta", inside=[meta])]

    return clips.edit(path, change)


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    song = tmp_path / "a.mp4"
    clips.make(tmp_path / "b.mp4", sound=Sound())
    with av.open(str(tmp_path / "b.mp4")) as both, av.open(str(song), "w") as file:
        stream = file.add_stream_from_template(both.streams.audio[0])
        for packet in both.demux(audio=0):
            if packet.size:
                packet.stream = stream
                file.mux(packet)
    for source in (song, add_cover_art(song)):
        with pytest.raises(RenderingFailed) as failure:
            clips.rendered(source)
        assert failure.value.code == "no_video"
    with av.open(str(song)) as file:
        assert len(file.streams.video) == 1


def test_cover_art_beside_a_video_is_ignored(tmp_path: Path) -> None:
    source = add_cover_art(clips.make(tmp_path / "a.mp4", clips.corners(), sound=Sound()))
    with av.open(str(source)) as file:
        assert len(file.streams.video) == 2
    result, target = clips.rendered(source)
    assert (result.width, result.height) == (320, 180)
    assert sound_in(target / "video.mp4") == ("stereo", 44_100)


def test_tracks_of_data_and_second_sounds_are_ignored(tmp_path: Path) -> None:
    """As a phone writes them: metadata over time (`mebx`), and the sound again in a codec that only it knows (`apac`)."""
    source = clips.make(tmp_path / "a.mov", sound=Sound())

    def change(moov: clips.Box) -> None:
        sounds = [box for box in moov.inside or [] if box.kind == b"trak"][1]
        position = (moov.inside or []).index(sounds)
        for number, handler, entry in ((7, b"meta", b"mebx"), (8, b"meta", b"mebx"), (9, b"soun", b"apac")):
            track = clips.parse(sounds.packed())[0]
            media = track.find(b"mdia")
            media.find(b"hdlr").payload = media.find(b"hdlr").payload.replace(b"soun", handler)
            media.find(b"minf", b"stbl", b"stsd").payload = media.find(b"minf", b"stbl", b"stsd").payload.replace(
                b"mp4a", entry, 1
            )
            header = track.find(b"tkhd")
            header.payload = header.payload[:12] + number.to_bytes(4) + header.payload[16:]
            # Before and behind what counts.
            (moov.inside or []).insert(position if number != 8 else len(moov.inside or []), track)

    clips.edit(source, change)
    with av.open(str(source)) as file:
        assert len(file.streams) == 5
    _, target = clips.rendered(source)
    assert sound_in(target / "video.mp4") == ("stereo", 44_100)


def test_sound_that_nothing_here_can_decode_is_said(tmp_path: Path) -> None:
    """A video without its sound is not what was uploaded."""
    source = clips.make(tmp_path / "a.mov", sound=Sound())

    def change(moov: clips.Box) -> None:
        sounds = [box for box in moov.inside or [] if box.kind == b"trak"][1]
        description = sounds.find(b"mdia", b"minf", b"stbl", b"stsd")
        description.payload = description.payload.replace(b"mp4a", b"apac").replace(b"esds", b"dapa")

    with pytest.raises(RenderingFailed) as failure:
        clips.rendered(clips.edit(source, change))
    assert failure.value.code == "unsupported_codec"
