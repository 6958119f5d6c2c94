"""What becomes of videos as phones make them."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from feed.renditions.colors import to_bt709
from feed.renditions.model import RenderingFailed
from tests.renditions.video import clips
from tests.renditions.video.clips import HLG, PQ, Sound


def near(pixel: object, expected: tuple[float, float, float], within: int = 14) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= within for a, b in zip(pixel[:3], expected, strict=True))


def in_corners(image: Image.Image) -> list[str]:
    """The colours of the corners, from the top left on."""
    names = {"red": (208, 16, 16), "green": (16, 176, 16), "blue": (16, 16, 208), "white": (255, 255, 255)}
    width, height = image.size
    found = []
    for x, y in ((1, 1), (3, 1), (1, 3), (3, 3)):
        pixel = image.convert("RGB").getpixel((x * width // 4, y * height // 4))
        found.append(next((name for name, color in names.items() if near(pixel, color, 24)), str(pixel)))
    return found


def check_form(path: Path) -> None:
    """What holds for every transcoded file."""
    with av.open(str(path)) as file:
        assert len(file.streams) == len(file.streams.video) + len(file.streams.audio)
        assert len(file.streams.video) == 1
        video = file.streams.video[0]
        assert (video.codec_context.name, video.pix_fmt, video.profile) in (
            ("h264", "yuv420p", "High"),
            ("h264", "yuv420p", "Main"),
        )
        context = video.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert video.sample_aspect_ratio in (None, 1)
        assert video.width % 2 == video.height % 2 == 0
        for audio in file.streams.audio:
            assert audio.codec_context.name == "aac"
            assert audio.layout.name in ("mono", "stereo")
            assert (audio.bit_rate or 0) <= 140_000
        assert all(frame.rotation == 0 for frame in file.decode(video=0))


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "sound"),
    [
        ("a.mp4", "libx264", "yuv420p", Sound()),
        ("a.mov", "libx265", "yuv420p10le", Sound()),
        ("a.webm", "libvpx-vp9", "yuv420p", Sound("libopus", rate=48_000)),
        ("b.webm", "libvpx", "yuv420p", Sound("libopus", "mono", rate=48_000)),
        ("c.webm", "libsvtav1", "yuv420p", None),
        ("d.mp4", "libsvtav1", "yuv420p10le", Sound()),
        ("e.mov", "mjpeg", "yuvj420p", Sound("pcm_s16le", "mono", 8_000)),
        ("f.mov", "prores_ks", "yuv422p10le", Sound("pcm_s16le")),
        ("g.mp4", "libx264", "yuv444p", None),
        ("h.mp4", "libx264", "yuv422p10le", None),
        ("i.mov", "prores_ks", "yuva444p10le", None),
    ],
)
def test_every_accepted_codec_becomes_h264_with_eight_bits(
    tmp_path: Path, name: str, codec: str, pix_fmt: str, sound: Sound | None
) -> None:
    source = clips.make(
        tmp_path / name,
        clips.corners(),
        codec=codec,
        pix_fmt=pix_fmt,
        sound=sound,
        full_range=pix_fmt == "yuvj420p",
        # VP8 and JPEG know no other colours.
        colors=clips.BT601 if codec in ("libvpx", "mjpeg") else clips.BT709,
    )
    result, target = clips.rendered(source)
    check_form(target / "video.mp4")
    assert {file.name for file in result.files} == {"video", "list", "page", "list_jpeg", "page_jpeg"}
    assert (result.width, result.height) == (320, 180)
    assert result.duration_ms is not None
    assert abs(result.duration_ms - 2000) <= 50
    streams = clips.streams(target / "video.mp4")
    assert ("audio" in streams) == (sound is not None)
    assert len(streams["video"].times) == 20
    assert in_corners(clips.frames(target / "video.mp4")[5][1]) == ["red", "green", "blue", "white"]
    assert in_corners(Image.open(target / "list.webp")) == ["red", "green", "blue", "white"]


@pytest.mark.parametrize(
    ("matrix", "size", "expected"),
    [
        ((1, 0, 0, 1), (320, 180), ["red", "green", "blue", "white"]),
        ((0, 1, -1, 0), (180, 320), ["blue", "red", "white", "green"]),
        ((-1, 0, 0, -1), (320, 180), ["white", "blue", "green", "red"]),
        ((0, -1, 1, 0), (180, 320), ["green", "white", "red", "blue"]),
        # As the front camera of some phones writes it.
        ((-1, 0, 0, 1), (320, 180), ["green", "red", "white", "blue"]),
        ((1, 0, 0, -1), (320, 180), ["blue", "white", "red", "green"]),
        ((0, 1, 1, 0), (180, 320), ["red", "blue", "green", "white"]),
        ((0, -1, -1, 0), (180, 320), ["white", "green", "blue", "red"]),
    ],
)
def test_a_turned_video_is_upright_in_its_pixels(
    tmp_path: Path, matrix: tuple[int, int, int, int], size: tuple[int, int], expected: list[str]
) -> None:
    source = clips.turn(clips.make(tmp_path / "a.mp4", clips.corners()), *matrix)
    result, target = clips.rendered(source)
    check_form(target / "video.mp4")
    assert (result.width, result.height) == size
    assert [(file.width, file.height) for file in result.files] == [size] * 5
    for image in (clips.frames(target / "video.mp4")[0][1], Image.open(target / "page.jpg")):
        assert image.size == size
        assert in_corners(image) == expected
    header = (target / "video.mp4").read_bytes()
    straight = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    assert header[header.index(b"tkhd") + 44 :].startswith(straight)


@pytest.mark.parametrize("colors", [HLG, PQ], ids=["hlg", "pq"])
@pytest.mark.parametrize("shade", [(191, 191, 191), (120, 120, 120), (150, 60, 40), (40, 100, 150)])
def test_hdr_becomes_bt709_in_video_and_cover(
    tmp_path: Path, colors: dict[str, int], shade: tuple[int, int, int]
) -> None:
    source = clips.make(
        tmp_path / "a.mp4",
        clips.flat(shade),
        times=clips.even_times(0.5, 10),
        codec="libx265",
        pix_fmt="yuv420p10le",
        colors=colors,
    )
    _, target = clips.rendered(source)
    check_form(target / "video.mp4")
    red, green, blue = (value / 255 for value in shade)
    wanted = to_bt709((red, green, blue), "hlg" if colors is HLG else "pq", "bt2020")
    expected = (wanted[0] * 255, wanted[1] * 255, wanted[2] * 255)
    assert near(clips.frames(target / "video.mp4")[0][1].getpixel((160, 90)), expected, 6)
    assert near(Image.open(target / "page.jpg").getpixel((160, 90)), expected, 6)


def test_white_paper_in_hdr_is_nearly_white_and_nothing_is_clipped_before_the_peak() -> None:
    assert 0.88 < to_bt709((0.75, 0.75, 0.75), "hlg", "bt2020")[0] < 0.93
    assert 0.88 < to_bt709((0.58, 0.58, 0.58), "pq", "bt2020")[0] < 0.93
    for transfer, peak in (("hlg", 1.0), ("pq", 0.7518)):
        ramp = [to_bt709((peak * n / 50,) * 3, transfer, "bt2020")[1] for n in range(51)]  # type: ignore[arg-type]
        assert ramp == sorted(set(ramp))
        assert ramp[0] == pytest.approx(0, abs=0.001)
        assert ramp[-1] == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize(
    ("colors", "full_range"),
    [
        (clips.BT601, False),
        (clips.BT709, False),
        (clips.BT709, True),
    ],
    ids=["bt601", "bt709", "full range"],
)
def test_colours_of_ordinary_videos_stay(tmp_path: Path, colors: dict[str, int], full_range: bool) -> None:
    source = clips.make(
        tmp_path / "a.mp4", clips.flat((200, 60, 90)), times=[0, 0.1, 0.2], colors=colors, full_range=full_range
    )
    _, target = clips.rendered(source)
    assert near(clips.frames(target / "video.mp4")[0][1].getpixel((160, 90)), (200, 60, 90), 6)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1164, 768), (1092, 720)), ((854, 480), (854, 480)), ((404, 720), (404, 720)), ((1080, 1920), (720, 1280))],
)
def test_the_size_is_at_most_720p_and_never_more_than_before(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    result, target = clips.rendered(clips.make(tmp_path / "a.mp4", clips.moving(size), times=[0, 0.1, 0.2]))
    assert (result.width, result.height) == size
    assert (result.files[0].width, result.files[0].height) == expected
    check_form(target / "video.mp4")


@pytest.mark.parametrize("size", [(853, 481), (405, 179), (33, 17)])
def test_odd_sizes_become_even(tmp_path: Path, size: tuple[int, int]) -> None:
    source = clips.make(tmp_path / "a.mp4", clips.moving(size), times=[0, 0.1, 0.2], pix_fmt="yuv444p")
    result, target = clips.rendered(source)
    assert (result.width, result.height) == size
    assert (result.files[0].width, result.files[0].height) == (size[0] // 2 * 2, size[1] // 2 * 2)
    check_form(target / "video.mp4")


def test_pixels_that_are_not_square_become_square(tmp_path: Path) -> None:
    source = clips.make(
        tmp_path / "a.mp4", clips.moving((360, 288)), times=[0, 0.1, 0.2], pixel_aspect=Fraction(64, 45)
    )
    result, target = clips.rendered(source)
    assert (result.width, result.height) == (512, 288)
    check_form(target / "video.mp4")


def test_a_video_that_changes_its_size_keeps_the_first_one(tmp_path: Path) -> None:
    first = clips.make(tmp_path / "a.webm", clips.corners((320, 180)), codec="libvpx")
    second = clips.make(tmp_path / "b.webm", clips.corners((180, 320)), codec="libvpx")
    source = tmp_path / "c.webm"
    with av.open(str(source), "w") as file, av.open(str(first)) as one, av.open(str(second)) as other:
        stream = file.add_stream_from_template(one.streams.video[0])
        for number, packet in enumerate([*one.demux(video=0), *other.demux(video=0)]):
            if packet.size:
                packet.pts = packet.dts = number * 100
                packet.stream = stream
                file.mux(packet)
    result, target = clips.rendered(source)
    assert (result.width, result.height) == (320, 180)
    check_form(target / "video.mp4")
    images = clips.frames(target / "video.mp4")
    assert len(images) == 40
    left, middle = images[-1][1].getpixel((20, 90)), images[-1][1].getpixel((140, 40))
    assert near(left, (0, 0, 0))
    assert near(middle, (208, 16, 16), 24)


def test_dolby_vision_without_a_base_layer_is_refused(tmp_path: Path) -> None:
    """Profile 5 shows green and purple to decoders that do not know it; profile 8.4 has a base layer in HLG."""

    def declare(profile: int, compatibility: int) -> Path:
        source = clips.make(tmp_path / f"{profile}.mp4", codec="libx265", pix_fmt="yuv420p10le", colors=HLG)
        bits = profile << 17 | 5 << 11 | 0b101 << 8 | compatibility << 4
        configuration = clips.Box(b"dvcC", b"\1\0" + bits.to_bytes(3) + bytes(19)).packed()

        def change(moov: clips.Box) -> None:
            description = moov.find(b"trak", b"mdia", b"minf", b"stbl", b"stsd")
            entry = description.payload[8:] + configuration
            description.payload = description.payload[:8] + struct.pack(">I", len(entry)) + entry[4:]

        return clips.edit(source, change)

    with pytest.raises(RenderingFailed) as failure:
        clips.rendered(declare(5, 0))
    assert failure.value.code == "unsupported_codec"
    _, target = clips.rendered(declare(8, 4))
    check_form(target / "video.mp4")
