"""Texts in pieces, for templates: with the hits of the machine check, and two versions with what differs. Pure."""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

# A sentence or a line with what ends it.
_PIECE = re.compile(r"[^\n。！？；，,.!?;]*[\n。！？；，,.!?;]+|[^\n。！？；，,.!?;]+")
# The time of a comparison grows with the square of the pieces and more.
_PIECES_MOST = 200


class Segment(NamedTuple):
    """A part of a text. `label`: the hit of the machine check that it belongs to, or None; `changed`: the other version lacks it."""

    text: str
    label: Mapping[str, Any] | None = None
    changed: bool = False


class Versions(NamedTuple):
    """Two versions of a text side by side."""

    old: list[Segment]
    new: list[Segment]


def marked(text: str, labels: Sequence[Mapping[str, Any]]) -> list[Segment]:
    """The text with its hits, which count code points. Of hits that overlap the first one is marked, whole-text hits are not."""
    found: list[Segment] = []
    at = 0
    for label in sorted(labels, key=lambda each: (each["start"], -each["length"])):
        start, end = label["start"], label["start"] + label["length"]
        if start < at or end > len(text) or end <= start or (start == 0 and end == len(text) and not label["term"]):
            continue
        if start > at:
            found.append(Segment(text[at:start]))
        found.append(Segment(text[start:end], label))
        at = end
    if at < len(text):
        found.append(Segment(text[at:]))
    return found


def compared(old: str, new: str) -> Versions:
    """The two versions with the sentences that differ, and within one changed sentence the characters between equal ends."""
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    if len(before) > _PIECES_MOST or len(after) > _PIECES_MOST:
        return Versions(*_ends(old, new))
    left: list[Segment] = []
    right: list[Segment] = []
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        one, other = "".join(before[i:j]), "".join(after[k:m])
        if kind == "equal":
            left.append(Segment(one))
            right.append(Segment(other))
        else:
            gone, come = _ends(one, other)
            left += gone
            right += come
    return Versions(left, right)


def _ends(old: str, new: str) -> tuple[list[Segment], list[Segment]]:
    """Both texts with what is between their equal beginnings and ends as changed."""
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    most -= start
    end = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    return _around(old, start, end), _around(new, start, end)


def _around(text: str, start: int, end: int) -> list[Segment]:
    stop = len(text) - end
    parts = (Segment(text[:start]), Segment(text[start:stop], changed=True), Segment(text[stop:]))
    return [each for each in parts if each.text]
