"""Pictures and sound begin, end and stay together as in the source."""

import array
import itertools
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from feed.renditions.model import RenderingFailed
from feed.renditions.video.timeline import CLOCK, Timeline, origin_of
from tests.renditions.video import clips
from tests.renditions.video.clips import Sound

APART = 0.05


def check_ends(source: Path, output: Path) -> dict[str, clips.Stream]:
    """Both streams begin and end as far from the beginning of the file as in the source."""
    before, after = clips.streams(source), clips.streams(output)
    assert set(before) == set(after)
    origin = min(stream.times[0] for stream in before.values())
    for kind, stream in before.items():
        # A decoder leaves out what an encoder has put before the sound: 1024 samples.
        assert abs(after[kind].times[0] - (stream.times[0] - origin)) <= APART, kind
        assert abs(after[kind].until - (stream.until - origin)) <= APART, kind
    return after


@pytest.mark.parametrize("rate", [10, 24, 25, 30, 50, 60])
def test_the_frame_rate_stays(tmp_path: Path, rate: int) -> None:
    source = clips.make(tmp_path / "a.mp4", times=clips.even_times(2, rate), sound=Sound())
    _, target = clips.rendered(source)
    times = check_ends(source, target / "video.mp4")["video"].times
    assert len(times) == 2 * rate
    assert times == pytest.approx([number / rate for number in range(2 * rate)], abs=0.001)


@pytest.mark.parametrize("rate", [120, 240])
def test_slow_motion_is_thinned_to_sixty_frames_a_second(tmp_path: Path, rate: int) -> None:
    source = clips.make(tmp_path / "a.mp4", times=clips.even_times(1, rate))
    _, target = clips.rendered(source)
    assert len(check_ends(source, target / "video.mp4")["video"].times) == 60


def test_variable_frame_rates_stay_with_the_sound(tmp_path: Path) -> None:
    """Light and sound begin at the same time, in a file whose frames come when they like."""
    onset = 1.2
    times = [0, 0.03, 0.2, 0.21, 0.25, 0.6, 0.63, 0.9, 1.0, 1.1, onset, 1.25, 1.27, 1.6, 1.63, 1.9, 2.4]

    def flash(time: float) -> Image.Image:
        return Image.new("RGB", (320, 180), (230, 230, 230) if time >= onset - 0.001 else (60, 60, 60))

    source = clips.make(tmp_path / "a.mp4", flash, times=times, sound=Sound(until=2.5, heard_from=onset))
    _, target = clips.rendered(source)
    after = check_ends(source, target / "video.mp4")
    assert after["video"].times == pytest.approx([time for time in times if time != 0.21], abs=0.002)
    seen = next(time for time, image in clips.frames(target / "video.mp4") if brightness(image) > 150)
    assert seen == pytest.approx(onset, abs=0.01)
    assert heard_from(target / "video.mp4") == pytest.approx(onset, abs=0.03)


def brightness(image: Image.Image) -> int:
    return image.convert("L").crop((160, 90, 161, 91)).tobytes()[0]


def heard_from(path: Path) -> float:
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            samples = array.array("f", bytes(frame.planes[0])[: frame.samples * 4])
            loud = next((number for number, sample in enumerate(samples) if abs(sample) > 0.1), None)
            if loud is not None:
                return float(frame.time or 0) + loud / frame.sample_rate
    raise AssertionError("nothing is heard")


@pytest.mark.parametrize(
    ("picture", "sound"),
    [(0.0, 0.4), (0.4, 0.0), (0.0, 0.03), (0.03, 0.0)],
    ids=["sound later", "picture later", "sound a little later", "picture a little later"],
)
def test_what_begins_later_begins_later(tmp_path: Path, picture: float, sound: float) -> None:
    source = clips.make(
        tmp_path / "a.mp4",
        times=[picture + time for time in clips.even_times(2, 20)],
        sound=Sound(start=sound, until=2.5, heard_from=1.0),
    )
    _, target = clips.rendered(source)
    check_ends(source, target / "video.mp4")
    assert heard_from(target / "video.mp4") == pytest.approx(1.0 - min(picture, sound), abs=APART)


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_large_offset_is_no_part_of_the_length(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"a.{suffix}"
    with av.open(str(source), "w", options={"use_editlist": "0", "avoid_negative_ts": "disabled"}) as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, clips.CLOCK)
        for number in range(20):
            frame = clips.frame_of(clips.moving()(number / 10))
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = 6_000 * number + clips.CLOCK * 40_000, Fraction(1, clips.CLOCK)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    result, target = clips.rendered(source)
    assert result.duration_ms == pytest.approx(2000, abs=50)
    assert clips.streams(target / "video.mp4")["video"].times[0] == 0


def test_a_large_offset_in_webm_is_no_part_of_the_length(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "a.webm", codec="libvpx-vp9", sound=Sound("libopus", rate=48_000), offset=3000.0)
    result, target = clips.rendered(source)
    assert result.duration_ms == pytest.approx(2000, abs=50)
    check_ends(source, target / "video.mp4")


def test_repeated_times_give_a_file_with_rising_ones(tmp_path: Path) -> None:
    """Two packets of the index say the same time, and one goes back."""
    source = clips.make(tmp_path / "a.mp4", times=clips.even_times(2, 10), codec="mpeg4")

    def change(moov: clips.Box) -> None:
        table = moov.find(b"trak", b"mdia", b"minf", b"stbl", b"stts")
        header = moov.find(b"trak", b"mdia", b"mdhd")
        scale = int.from_bytes(header.payload[12:16])
        runs = [(5, scale // 10), (2, 0), (5, scale // 10), (8, scale // 10)]
        entries = b"".join(count.to_bytes(4) + delta.to_bytes(4) for count, delta in runs)
        table.payload = bytes(4) + len(runs).to_bytes(4) + entries

    _, target = clips.rendered(clips.edit(source, change))
    times = clips.streams(target / "video.mp4")["video"].times
    assert len(times) >= 17
    assert all(after > before for before, after in itertools.pairwise(times))


def test_five_minutes_are_the_most_and_are_measured(tmp_path: Path) -> None:
    rate = 2
    within = clips.make(tmp_path / "a.mp4", times=clips.even_times(300, rate), codec="mpeg4")
    assert clips.rendered(within)[0].duration_ms == pytest.approx(300_000, abs=50)
    beyond = clips.make(tmp_path / "b.mp4", times=clips.even_times(302, rate), codec="mpeg4")

    def lie(moov: clips.Box) -> None:
        for header in (moov.find(b"mvhd"), moov.find(b"trak", b"mdia", b"mdhd")):
            header.payload = header.payload[:16] + (1000).to_bytes(4) + header.payload[20:]
        header = moov.find(b"trak", b"tkhd")
        header.payload = header.payload[:20] + (1000).to_bytes(4) + header.payload[24:]
        track = moov.find(b"trak")
        track.inside = [box for box in track.inside or [] if box.kind != b"edts"]

    for source in (
        beyond,
        clips.edit(clips.make(tmp_path / "c.mp4", times=clips.even_times(302, rate), codec="mpeg4"), lie),
    ):
        with pytest.raises(RenderingFailed) as failure:
            clips.rendered(source)
        assert failure.value.code == "too_long"


def test_sound_that_is_longer_than_five_minutes_is_too_long(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "a.mov", sound=Sound("pcm_s16le", "mono", 8_000, until=302))
    with pytest.raises(RenderingFailed) as failure:
        clips.rendered(source)
    assert failure.value.code == "too_long"


@given(
    st.lists(st.none() | st.fractions(-1000, 1000), max_size=60),
    st.fractions(Fraction(1), Fraction(1000)),
    st.fractions(-1000, 1000),
)
def test_ticks_rise_whatever_a_file_says(times: list[Fraction | None], rate: Fraction, origin: Fraction) -> None:
    timeline = Timeline(origin, rate, most=Fraction(301))
    ticks = [tick for time in times if (tick := timeline.place(time)) is not None]
    assert ticks == sorted(set(ticks))
    assert all(0 <= tick <= 301 * CLOCK for tick in ticks)


def test_a_file_begins_with_what_comes_first() -> None:
    assert origin_of(Fraction(3), Fraction(2)) == 2
    assert origin_of(Fraction(3), None) == 3
    assert origin_of(None, None) == 0
