"""Colours that are named by numbers, of HDR and of wide videos and photos, on every screen: a table from what the camera wrote to BT.709. Pure.

The bundled FFmpeg has no `zscale`, and its `tonemap` needs linear light that nothing else there makes; a table of three dimensions
does all of it in one step, and is applied by the filter `lut3d` in 8 or 10 bit.

Formulas: HLG and PQ from ITU-R BT.2100-2, tables 4 and 5; 203 cd/m² for white paper from ITU-R BT.2408; the matrices between
primaries from ITU-R BT.2087-0 and SMPTE RP 431-2/EG 432-1 (rounded to four digits).
"""

import math
from collections.abc import Callable, Iterator
from typing import Literal

Transfer = Literal["hlg", "pq", "sdr"]
Primaries = Literal["bt2020", "p3", "bt709"]

SIZE = 33
# The brightest that a consumer's HDR is mastered for, and white paper in it, in cd/m².
_PEAK = 1000.0
_WHITE = 203.0
# Up to here, in parts of white paper, nothing changes; above, highlights are compressed into what is left.
_KNEE = 0.6
# What screens do with BT.709 in practice.
_GAMMA = 2.2

_TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}
_PRIMARIES: dict[int, Primaries] = {9: "bt2020", 11: "p3", 12: "p3"}

Color = tuple[float, float, float]

_TO_BT709: dict[Primaries, tuple[Color, Color, Color]] = {
    "bt2020": ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    "p3": ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
    "bt709": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}
_LUMINANCE = (0.2627, 0.6780, 0.0593)


def coded_colors(primaries: int, transfer: int) -> tuple[Transfer, Primaries]:
    """The colours with these numbers of ITU-T H.273; what is not known is an ordinary picture, in HDR one of BT.2020."""
    found = _TRANSFERS.get(transfer, "sdr")
    return found, _PRIMARIES.get(primaries, "bt709" if found == "sdr" else "bt2020")


def cube(transfer: Transfer, primaries: Primaries) -> Iterator[str]:
    """The lines of a `.cube` file."""
    yield f"LUT_3D_SIZE {SIZE}\n"
    for color in table(transfer, primaries):
        yield "{:.5f} {:.5f} {:.5f}\n".format(*color)


def table(transfer: Transfer, primaries: Primaries) -> Iterator[Color]:
    """The colours of BT.709 for `SIZE` steps of each signal; red changes fastest."""
    decode = _DECODERS[transfer]
    steps = [decode(step / (SIZE - 1)) for step in range(SIZE)]
    for blue in steps:
        for green in steps:
            for red in steps:
                yield _convert((red, green, blue), transfer, primaries)


def to_bt709(color: Color, transfer: Transfer, primaries: Primaries) -> Color:
    """One colour, in signal values between 0 and 1 on both sides."""
    decode = _DECODERS[transfer]
    return _convert((decode(color[0]), decode(color[1]), decode(color[2])), transfer, primaries)


def _convert(linear: Color, transfer: Transfer, primaries: Primaries) -> Color:
    if transfer == "hlg":
        linear = _hlg_display(linear)
    rows = _TO_BT709[primaries]
    red, green, blue = (max(0.0, sum(part * value for part, value in zip(row, linear, strict=True))) for row in rows)
    if transfer != "sdr":
        brightest = max(red, green, blue)
        scale = _compress(brightest) / brightest if brightest > 0 else 0.0
        red, green, blue = red * scale, green * scale, blue * scale
    return _encode(red), _encode(green), _encode(blue)


def _compress(light: float) -> float:
    """Highlights: the same up to the knee, then an extended Reinhard curve that reaches 1 at the peak."""
    if light <= _KNEE:
        return light
    room = 1 - _KNEE
    above, most = (light - _KNEE) / room, (_PEAK / _WHITE - _KNEE) / room
    return min(1.0, _KNEE + room * above * (1 + above / most**2) / (1 + above))


def _encode(light: float) -> float:
    return float(min(1.0, light) ** (1 / _GAMMA))


def _decode_hlg(signal: float) -> float:
    """The light of the scene, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return signal * signal / 3 if signal <= 0.5 else (math.exp((signal - c) / a) + b) / 12


def _hlg_display(scene: Color) -> Color:
    """The light of a screen of 1000 cd/m², in parts of white paper."""
    luminance = sum(part * value for part, value in zip(_LUMINANCE, scene, strict=True))
    scale = _PEAK / _WHITE * luminance**0.2 if luminance > 0 else 0.0
    return scene[0] * scale, scene[1] * scale, scene[2] * scale


def _decode_pq(signal: float) -> float:
    """The light of a screen, in parts of white paper."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = signal ** (1 / m2)
    light = 10_000 * (max(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return float(min(light, _PEAK) / _WHITE)


def _decode_sdr(signal: float) -> float:
    return float(signal**_GAMMA)


_DECODERS: dict[Transfer, Callable[[float], float]] = {"hlg": _decode_hlg, "pq": _decode_pq, "sdr": _decode_sdr}
