"""Line breaking for a terminal: Chinese text breaks between any two characters, but no line begins with a closing mark."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

_NOT_FIRST = "，。；：、！？）】》”’…,.;:!?)%"
_NOT_LAST = "（【《“‘("


def folded(text: Text, width: int) -> Text:
    """The text broken into lines of at most `width` cells; styles are kept."""
    lines = (Text("\n").join(line.divide(list(_breaks(line.plain, width)))) for line in text.split("\n"))
    return Text("\n").join(lines)


def _breaks(line: str, width: int) -> Iterator[int]:
    begin = used = 0
    last = 0  # The last position at which the line may end.
    for place, character in enumerate(line):
        if place > begin and _may_break(line[place - 1], character):
            last = place
        used += cell_len(character)
        if used > width and character != " ":
            cut = last if last > begin else place
            yield cut
            begin, used = cut, cell_len(line[cut : place + 1])


def _may_break(before: str, after: str) -> bool:
    if after in _NOT_FIRST or before in _NOT_LAST or after == " ":
        return False
    return before == " " or cell_len(before) > 1 or cell_len(after) > 1
