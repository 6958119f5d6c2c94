"""Forms of what others may change meanwhile: a form carries the fields as they were read, only what was changed is sent, and nothing
that others have changed is overwritten. Pure.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from feed.api.pages.form import Form

BASIS_FIELD = "basis"

Texts = Mapping[str, str]


class Edit(NamedTuple):
    """What a form changes, by field. `conflicts`: the fields of it that others have changed to something else since they were read."""

    change: dict[str, str]
    conflicts: list[str]


def write_basis(shown: Texts) -> str:
    """The fields as they are shown, for the form."""
    return msgspec.json.encode(shown).decode()


def read_basis(form: Form) -> dict[str, str] | None:
    """The fields as they were read; None if the form does not say it."""
    try:
        return msgspec.json.decode(form.text(BASIS_FIELD), type=dict[str, str])
    except msgspec.DecodeError:
        return None


def edit_of(form: Form, typed: Texts, now: Texts) -> Edit:
    """What the form changes of the present fields. A form that does not say what was read changes what differs from them."""
    basis = read_basis(form) or now
    change = {name: text for name, text in typed.items() if text != basis.get(name, text)}
    return Edit(change, [name for name, text in change.items() if now[name] not in (basis[name], text)])
