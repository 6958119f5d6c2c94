"""Finds the description of a field: the one of its own type if there is one, else what the name means everywhere.

The tables beside this module are keyed by `Type.field`. One text may serve several, `TypeA.field TypeB.other`; a type without a
field takes the field of the last one: `TypeA TypeB.field`.
"""

import inspect
import itertools
import re
from collections.abc import Mapping
from typing import get_args, get_origin

from feed.api.openapi.descriptions import campaigns, media, moderation, people, posts, prizes, site
from feed.api.openapi.descriptions.parameters import PARAMETERS
from feed.api.openapi.descriptions.shared import SHARED

_NULL = re.compile(r"\bnull\b", re.IGNORECASE)


def _by_field(*tables: Mapping[str, str]) -> dict[str, str]:
    """One table with one key for each type and field. Raises ValueError for a field that is described twice."""
    found: dict[str, str] = {}
    for key, text in itertools.chain.from_iterable(table.items() for table in tables):
        *others, last = key.split()
        field = last.partition(".")[2]
        for name in (*(each if "." in each else f"{each}.{field}" for each in others), last):
            if found.setdefault(name, text) != text:
                raise ValueError(f"{name} is described twice")
    return found


BY_FIELD = _by_field(
    posts.FIELDS, media.FIELDS, people.FIELDS, campaigns.FIELDS, prizes.FIELDS, moderation.FIELDS, site.FIELDS
)


def field_description(cls: type, field: str, *, may_be_null: bool = True) -> str | None:
    """What the field of the type means, or of the type that it extends; None if it is not described.

    What null would mean is left out of one that is never null.
    """
    of_types = (BY_FIELD.get(f"{each.__name__}.{field}") for each in (get_origin(cls) or cls).__mro__)
    text = next(filter(None, of_types), None) or SHARED.get(field)
    return text if text is None or may_be_null else _without_null(text)


def _without_null(text: str) -> str:
    parts = [part for part in text.removesuffix(".").split("; ") if not _NULL.search(part)]
    return "; ".join(parts) + "."


def parameter_description(operation: str, name: str) -> str | None:
    """What the parameter of the operation means; None if it is not described."""
    return PARAMETERS.get(f"{operation}.{name}") or PARAMETERS.get(name)


def type_description(name: str, cls: type) -> str:
    """What the type is: its docstring, on one line for each paragraph."""
    items = "".join(f" of `{each.__name__}`" for each in get_args(cls))
    text = inspect.cleandoc((get_origin(cls) or cls).__doc__ or "")
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    if items:
        paragraphs[0] = paragraphs[0].replace("One page of a list", f"One page of a list{items}", 1)
    return "\n\n".join(paragraphs)
