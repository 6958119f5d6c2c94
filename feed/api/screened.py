"""The machine check of the texts of a body, found by the rules of their fields: a text that others read says what it is shown as."""

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from msgspec import inspect

from feed.errors import FieldError, Invalid
from feed.screening.model import TextKind
from feed.screening.screener import Screener
from feed.texts import TextRule

# Stored whatever the result, with the state that follows from it; their authors may appeal.
_JUDGED_WHEN_STORED = ("post", "comment")
# A short text beside another one, without a case of its own: what would be sent to review is refused.
_WITHOUT_REVIEW = ("place", "alt")
_ERRORS_MOST = 20


def require_publishable(screener: Screener, kind: Any, body: Any) -> None:
    """Raises Invalid with every field of a decoded body whose text must not be published."""
    texts = screened_texts(kind)
    if texts is None:
        return
    errors = [
        FieldError(path, "text_blocked")
        for path, text, shown_as in _texts(texts, body, "")
        if text and _is_refused(screener, text, shown_as)
    ]
    if errors:
        raise Invalid(*errors[:_ERRORS_MOST])


def _is_refused(screener: Screener, text: str, shown_as: TextKind) -> bool:
    verdict = screener.check(text, shown_as).verdict
    return verdict == "block" or (verdict == "review" and shown_as in _WITHOUT_REVIEW)


# Where the texts of a type are: by member of a struct, for all items of a list, for the values of a mapping; a kind of text.
Texts = Any


@cache
def screened_texts(kind: Any) -> Texts | None:
    """Where a type has texts that are checked while it is read; None if nowhere."""
    return _found(inspect.type_info(kind), "")


def _found(kind: inspect.Type, shown_as: str) -> Texts | None:
    match kind:
        case inspect.Metadata():
            rule = (kind.extra or {}).get("text")
            return _found(kind.type, rule.shown_as if isinstance(rule, TextRule) else "")
        case inspect.StrType():
            return shown_as if shown_as and shown_as not in _JUDGED_WHEN_STORED else None
        case inspect.UnionType():
            return next((found for each in kind.types if (found := _found(each, shown_as)) is not None), None)
        case inspect.StructType():
            members = {
                each.name: (each.encode_name, found)
                for each in kind.fields
                if (found := _found(each.type, "")) is not None
            }
            return members or None
        case inspect.ListType() | inspect.VarTupleType():
            return None if (found := _found(kind.item_type, "")) is None else [found]
        case inspect.DictType():
            keys = _found(kind.key_type, "")
            return None if keys is None else (keys,)
        case _:
            return None


def _texts(where: Texts, value: Any, path: str) -> Iterator[tuple[str, str, TextKind]]:
    match where:
        case str():
            if isinstance(value, str):
                yield path, value, cast(TextKind, where)
        case dict():
            for name, (shown, inner) in where.items():
                if (member := getattr(value, name, None)) is not None:
                    yield from _texts(inner, member, f"{path}.{shown}" if path else shown)
        case list():
            for place, item in enumerate(value if isinstance(value, list | tuple) else ()):
                yield from _texts(where[0], item, f"{path}[{place}]")
        case tuple():
            for key in value if isinstance(value, dict) else ():
                yield from _texts(where[0], key, f"{path}.{key}")
