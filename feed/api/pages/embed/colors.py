"""The accent of a block, so that text in it and on it can be read (WCAG AA) whatever colour a site gives. Pure."""

from typing import NamedTuple

_CONTRAST = 4.5
_LIGHT, _DARK = (246, 245, 241), (32, 32, 29)
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_STEPS = 20

_Rgb = tuple[int, int, int]


class Accent(NamedTuple):
    """Colours as `#rrggbb`: the accent as text and as a surface, and the text on that surface."""

    color: str
    ink: str


def accent_on_light(color: str) -> Accent:
    """The accent on a light page; `color` is six hexadecimal digits. It is darkened as far as it needs."""
    return _accent(color, _LIGHT, towards=_BLACK)


def accent_on_dark(color: str) -> Accent:
    """The accent on a dark page, lightened as far as it needs."""
    return _accent(color, _DARK, towards=_WHITE)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours as `#rrggbb`."""
    return _contrast(_parse(one), _parse(other))


def _accent(color: str, page: _Rgb, *, towards: _Rgb) -> Accent:
    given = _parse(color)
    mixed = (_mix(given, towards, step / _STEPS) for step in range(_STEPS + 1))
    shown = next(each for each in mixed if _contrast(each, page) >= _CONTRAST)
    ink = _WHITE if _contrast(_WHITE, shown) >= _contrast(_BLACK, shown) else _BLACK
    return Accent(_hex(shown), _hex(ink))


def _parse(color: str) -> _Rgb:
    digits = color.removeprefix("#")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _hex(color: _Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _mix(one: _Rgb, other: _Rgb, share: float) -> _Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _contrast(one: _Rgb, other: _Rgb) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: _Rgb) -> float:
    shares = [each / 255 for each in color]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
