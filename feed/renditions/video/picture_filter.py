"""Between the decoder and the encoder of pictures: size, orientation and colours."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from feed.renditions.colors import Primaries, Transfer, coded_colors, cube
from feed.renditions.model import RenderingFailed
from feed.renditions.video.geometry import Turn, display_size, output_size, swaps_sides, turns_of
from feed.renditions.video.timeline import CLOCK

# Numbers of ITU-T H.273, as FFmpeg has them.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
# ICtCp and the base layer of Dolby Vision profile 5: what they show without their own decoder is green and purple.
_UNKNOWN_MATRICES = frozenset({14, 15})
_FULL_RANGE = 2


class Picture(msgspec.Struct, frozen=True):
    """What the filters for a frame depend on."""

    width: int
    height: int
    format: str
    matrix: str
    full_range: bool
    transfer: Transfer
    primaries: Primaries
    interlaced: bool
    turns: tuple[Turn, ...]
    pixel_aspect: Fraction | None

    @property
    def upright_size(self) -> tuple[int, int]:
        """As it is to be seen: square pixels, upright."""
        width, height = display_size(self.width, self.height, self.pixel_aspect)
        return (height, width) if swaps_sides(self.turns) else (width, height)


def picture_of(
    frame: VideoFrame, pixel_aspect: Fraction | None, turns: tuple[Turn, ...], *, interlaced: bool = False
) -> Picture:
    """Raises RenderingFailed for colours that cannot be converted."""
    if frame.colorspace in _UNKNOWN_MATRICES:
        raise RenderingFailed("unsupported_codec", "colours of Dolby Vision profile 5 or ICtCp")
    transfer, primaries = coded_colors(frame.color_primaries, frame.color_trc)
    guess = "bt601" if min(frame.width, frame.height) < 720 else "bt709"
    return Picture(
        width=frame.width,
        height=frame.height,
        format=frame.format.name,
        matrix=_MATRICES.get(frame.colorspace, guess),
        full_range=frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj"),
        transfer=transfer,
        primaries=primaries,
        interlaced=interlaced or frame.interlaced_frame,
        turns=turns,
        pixel_aspect=pixel_aspect,
    )


class _Orientation:
    """The display matrix of frames, looked at once for each angle: looking makes a cycle of references that holds the frame's pixels."""

    def __init__(self) -> None:
        self._turns: dict[int, tuple[Turn, ...]] = {}

    def turns_of(self, frame: VideoFrame) -> tuple[Turn, ...]:
        angle = frame.rotation
        if angle not in self._turns:
            side_data: Any = frame.side_data
            try:
                self._turns[angle] = turns_of(bytes(side_data[Type.DISPLAYMATRIX]))
            except KeyError:
                self._turns[angle] = ()
        return self._turns[angle]


class PictureFilter:
    """Makes frames of one size, upright, in BT.709 with 8 bits, from frames that may change in the middle of the file."""

    def __init__(self, folder: Path, pixel_aspect: Fraction | None, first: VideoFrame) -> None:
        self._folder = folder
        self._pixel_aspect = pixel_aspect
        self._orientation = _Orientation()
        self._picture = picture_of(first, pixel_aspect, self._orientation.turns_of(first))
        self.upright_size = self._picture.upright_size
        self.size = output_size(*self.upright_size)
        self._graph = self._build(self._picture)

    def convert(self, frame: VideoFrame, tick: int) -> Iterator[VideoFrame]:
        """What comes out for this frame, which may be late by one."""
        turns = self._orientation.turns_of(frame)
        picture = picture_of(frame, self._pixel_aspect, turns, interlaced=self._picture.interlaced)
        if picture != self._picture:
            yield from self.finish()
            self._picture, self._graph = picture, self._build(picture)
        frame.pts, frame.time_base = tick, Fraction(1, CLOCK)
        self._graph.vpush(frame)
        yield from _pulled_pictures(self._graph)

    def finish(self) -> Iterator[VideoFrame]:
        """What is still inside."""
        self._graph.vpush(None)
        yield from _pulled_pictures(self._graph)

    def _build(self, picture: Picture) -> Graph:
        graph = Graph()
        graph.threads = 1
        source = graph.add(
            "buffer",
            video_size=f"{picture.width}x{picture.height}",
            pix_fmt=picture.format,
            time_base=f"1/{CLOCK}",
            pixel_aspect="1/1",
        )
        last = source
        for name, arguments in self._steps(picture):
            step = graph.add(name, **arguments)
            last.link_to(step)
            last = step
        sink = graph.add("buffersink")
        last.link_to(sink)
        graph.configure()
        return graph

    def _steps(self, picture: Picture) -> Iterator[tuple[str, dict[str, str]]]:
        width, height = self.size
        if swaps_sides(picture.turns):
            width, height = height, width
        incoming = {"in_color_matrix": picture.matrix, "in_range": "pc" if picture.full_range else "tv"}
        outgoing = {"out_color_matrix": "bt709", "out_range": "tv"}
        # A picture that has another aspect than the first one is fitted into its size.
        fitted = {"w": str(width), "h": str(height), "flags": "bicubic"}
        if picture.upright_size != self.upright_size:
            fitted["force_original_aspect_ratio"] = "decrease"
        if picture.interlaced:
            yield "bwdif", {"mode": "send_frame", "deint": "interlaced"}
        if picture.transfer == "sdr" and picture.primaries == "bt709":
            yield "scale", fitted | incoming | outgoing
        else:
            yield "scale", fitted | incoming
            yield "format", {"pix_fmts": "gbrp10"}
            yield "lut3d", {"file": str(self._table(picture.transfer, picture.primaries)), "interp": "tetrahedral"}
            yield "scale", outgoing
        yield "format", {"pix_fmts": "yuv420p"}
        if picture.upright_size != self.upright_size:
            yield "pad", {"width": str(width), "height": str(height), "x": "(ow-iw)/2", "y": "(oh-ih)/2"}
        for turn in picture.turns:
            name, _, direction = turn.partition("=")
            yield name, {"dir": direction} if direction else {}
        yield "setsar", {"sar": "1"}
        yield "setparams", {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "range": "tv"}

    def _table(self, transfer: Transfer, primaries: Primaries) -> Path:
        path = self._folder / f"{transfer}-{primaries}.cube"
        if not path.exists():
            with path.open("w", encoding="ascii") as file:
                file.writelines(cube(transfer, primaries))
        return path


def _pulled_pictures(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
