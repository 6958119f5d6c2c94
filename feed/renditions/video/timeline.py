"""The times of frames: from what a file says to what a player needs. Pure."""

from fractions import Fraction

# Ticks per second of the transcoded video: divides 24, 25, 30, 50 and 60 frames per second, and is what MPEG uses.
CLOCK = 90_000
# Frames that follow faster are left out: no more than 60 frames per second, with room for the jitter of phones.
_GAP_LEAST = CLOCK // 75
# A picture that comes so little after the sound begins with it: an empty beginning shows nothing in some players.
_LATE_MOST = CLOCK // 20
# A single picture may be shown for some time; what says more than that is an error.
_DURATION_MOST = 10


class Timeline:
    """Where frames of a video belong, in ticks.

    `origin`: the second of the source at which the transcoded file begins. `most`: how long it can be, in seconds; a frame behind
    that has a time that is an error.
    """

    def __init__(self, origin: Fraction, rate: Fraction, *, most: Fraction) -> None:
        self._origin = origin
        self._step = max(1, round(CLOCK / rate))
        self._most = round(most * CLOCK)
        self._last: int | None = None

    def place(self, time: Fraction | None) -> int | None:
        """The tick of the next frame; None if it is left out: its place is taken by the one before, or is none."""
        if time is None:
            tick = 0 if self._last is None else self._last + self._step
        else:
            tick = round((time - self._origin) * CLOCK)
        if self._last is None:
            tick = 0 if tick <= _LATE_MOST else tick
        elif tick - self._last < _GAP_LEAST:
            return None
        if tick > self._most:
            return None
        self._last = tick
        return tick

    def duration_of(self, own: Fraction | None) -> int:
        """How long a frame is shown that no other one follows, in ticks: what the file says of it, or as long as usual."""
        return max(1, round(own * CLOCK)) if own is not None and 0 < own <= _DURATION_MOST else self._step


def origin_of(video: Fraction | None, audio: Fraction | None) -> Fraction:
    """Where a file begins: with the first of what is seen and heard."""
    return min((time for time in (video, audio) if time is not None), default=Fraction(0))
