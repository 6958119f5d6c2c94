"""A clock that a test moves, for code that takes its clock as a parameter."""


class Clock:
    """Seconds since some moment, as `time.monotonic` gives them."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Lets so many seconds pass."""
        self.seconds += seconds
