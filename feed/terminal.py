"""Text on its way to a terminal or a log: what others wrote cannot move the cursor, forge a line or reorder its neighbours."""

import re
import sys
from typing import TextIO

# Controls (C0, C1), separators of lines, format characters including those for bidi, lone surrogates. Joiners stay: emoji need them.
_INTERPRETED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)


def escaped(text: str) -> str:
    """The text with the characters that a terminal interprets as escapes (`\\u001b`), as JSON writes them."""
    return _INTERPRETED.sub(_escape, text)


def print_lines(*lines: str, to: TextIO | None = None) -> None:
    """Prints each of the lines as one line, escaped, to stdout or to another stream. The one function with which commands print."""
    out = sys.stdout if to is None else to
    for line in lines:
        print(escaped(line), file=out)
    out.flush()


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
