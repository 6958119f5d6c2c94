"""Changes of one value of a document, each of which a verification has to notice."""

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[Any, ...]


def changed_values(document: Any) -> Iterator[tuple[Path, Any]]:
    """The document with one value changed, for each of its values: its path and the changed copy."""
    for path, value in list(_leaves(document, ())):
        other = copy.deepcopy(document)
        _parent(other, path)[path[-1]] = (
            value + 1 if type(value) is int else "x" if value is None else not value if value is True else f"{value}1"
        )
        yield path, other


def well_formed_changes(document: Any) -> Iterator[tuple[Path, Any]]:
    """The same with a value that is as well-formed as the former one: the last digit or letter is another one, a list has
    one item less, or two items swapped."""
    for path, value in list(_leaves(document, ())):
        if isinstance(value, str) and value:
            other = copy.deepcopy(document)
            last = value[-1]
            swapped = "1" if last == "0" else "0" if last.isdigit() or last in "abcdef" else "Z" if last == "A" else "A"
            # The fourth from the end of a time: its last character is a `Z`.
            kept = value[:-1] + swapped if last != "Z" else f"{value[:-4]}{(int(value[-4]) + 1) % 10}{value[-3:]}"
            _parent(other, path)[path[-1]] = kept
            yield path, other
        elif type(value) is int:
            other = copy.deepcopy(document)
            _parent(other, path)[path[-1]] = max(0, value - 1) if value else 1
            yield path, other
    for path, items in list(_lists(document, ())):
        for changed in (items[:-1], items[1:], [*items[1:], items[0]]):
            if changed != items:
                other = copy.deepcopy(document)
                _parent(other, path)[path[-1]] = changed
                yield path, other


def _parent(document: Any, path: Path) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, (*path, step))
    else:
        yield path, value


def _lists(value: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    if isinstance(value, list) and value and path:
        yield path, value
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _lists(inner, (*path, step))
