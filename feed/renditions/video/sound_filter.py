"""Between the decoder and the encoder of sound: rate, channels, and gaps."""

from collections.abc import Iterator
from fractions import Fraction

import av
import msgspec
from av.audio.frame import AudioFrame
from av.filter import Graph
from av.filter.context import FilterContext

_RATES = (44_100, 48_000)
# An unknown layout of at most so many channels is taken as the usual one.
_GUESSED_MOST = 8
# What can be mixed to stereo.
_LAYOUTS = frozenset(
    [
        "mono",
        "stereo",
        "2.1",
        "3.0",
        "3.0(back)",
        "4.0",
        "quad",
        "quad(side)",
        "3.1",
        "5.0",
        "5.0(side)",
        "4.1",
        "5.1",
        "5.1(side)",
        "6.0",
        "6.1",
        "7.0",
        "7.1",
        "7.1(wide)",
        "downmix",
    ]
)


class Sound(msgspec.Struct, frozen=True):
    """What the filters for sound depend on."""

    format: str
    layout: str
    channels: int
    rate: int


def sound_of(frame: AudioFrame) -> Sound:
    """The form of the samples of a frame."""
    return Sound(frame.format.name, frame.layout.name, frame.layout.nb_channels, frame.sample_rate)


class SoundFilter:
    """Makes mono or stereo at 44.1 or 48 kHz from whatever there is; gaps become silence, so that sound stays with its pictures."""

    def __init__(self, first: AudioFrame) -> None:
        self._sound = sound_of(first)
        self.layout = "mono" if self._sound.channels == 1 else "stereo"
        self.rate = self._sound.rate if self._sound.rate in _RATES else _RATES[-1]
        self._graph = self._build(self._sound)

    def convert(self, frame: AudioFrame, since: Fraction) -> Iterator[AudioFrame]:
        """`since`: when it begins, in seconds after the beginning of the transcoded file."""
        sound = sound_of(frame)
        if sound != self._sound:
            yield from self.finish()
            self._sound, self._graph = sound, self._build(sound)
        frame.time_base = Fraction(1, sound.rate)
        frame.pts = round(since * sound.rate)
        self._graph.push(frame)
        yield from _pulled_sounds(self._graph)

    def finish(self) -> Iterator[AudioFrame]:
        """What is still inside."""
        self._graph.push(None)
        yield from _pulled_sounds(self._graph)

    def _build(self, sound: Sound) -> Graph:
        graph = Graph()
        graph.threads = 1
        # An unknown layout is taken by its number of channels; of what has no stereo form the first channel is heard.
        known = sound.layout in _LAYOUTS
        guessed = sound.layout == f"{sound.channels} channels" and sound.channels <= _GUESSED_MOST
        arguments = {"channel_layout": sound.layout} if known else {"channels": str(sound.channels)}
        last: FilterContext = graph.add(
            "abuffer", sample_rate=str(sound.rate), sample_fmt=sound.format, time_base=f"1/{sound.rate}", **arguments
        )
        steps = [("aresample", f"{self.rate}:async={self.rate}:min_hard_comp=0.1"), ("aformat", self._form())]
        if not known and not guessed:
            steps.insert(0, ("pan", "mono|c0=c0"))
        for name, argument in steps:
            step = graph.add(name, argument)
            last.link_to(step)
            last = step
        sink = graph.add("abuffersink")
        last.link_to(sink)
        graph.configure()
        return graph

    def _form(self) -> str:
        return f"sample_fmts=fltp:sample_rates={self.rate}:channel_layouts={self.layout}"


def _pulled_sounds(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            pulled = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(pulled, AudioFrame)
        yield pulled
