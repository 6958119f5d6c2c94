"""The claim form: its fields, validation and masking."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from feed.campaigns import prize_kinds
from feed.errors import FieldError, Invalid
from feed.texts import line, read_text, text_problems

_PRIVACY_VERSION = line(40)

# The API accepts the fields of all prize kinds. They come from a table, so a type checker cannot know them.
_Fields: Any = msgspec.defstruct(
    "_Fields",
    [(field.name, Annotated[str, field.text.bound], "") for field in prize_kinds.all_claim_fields()],
    frozen=True,
    kw_only=True,
)


class ClaimForm(_Fields, frozen=True, forbid_unknown_fields=True, kw_only=True):  # type: ignore[call-arg, misc]
    """The body of a claim request. The kinds of the prizes decide which fields are needed."""

    privacy_version: Annotated[str, _PRIVACY_VERSION.bound] = ""


class Claim(_Fields, frozen=True, kw_only=True, omit_defaults=True):  # type: ignore[call-arg, misc]
    """The details that are stored: normalised, and only the needed fields."""


def needed_fields(prizes: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the fields that these prizes need, in the order of the form."""
    return [field.name for field in prize_kinds.claim_fields(prize["kind"] for prize in prizes)]


def read_claim(form: ClaimForm, prizes: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The normalised details by field. Raises Invalid with every field that is missing, wrong or not needed."""
    needed = needed_fields(prizes)
    problems: list[FieldError] = []
    values: dict[str, str] = {}
    for field in prize_kinds.all_claim_fields():
        value, problem = read_text(getattr(form, field.name), field.text)
        if field.name not in needed:
            if value:
                problems.append(FieldError(field.name, "not_asked_for"))
            continue
        values[field.name] = value
        if problem:
            problems += text_problems(field.name, value, field.text)
            continue
        try:
            values[field.name] = field.normalise(value)
        except Invalid as invalid:
            problems.extend(invalid.errors)
    problems += text_problems("privacy_version", form.privacy_version, _PRIVACY_VERSION)
    if problems:
        raise Invalid(*problems)
    return values


def mask_details(details: Mapping[str, str]) -> dict[str, str]:
    """Masked details for lists: enough to distinguish two claims, not enough to identify a person."""
    return {
        field.name: field.mask(value)
        for field in prize_kinds.all_claim_fields()
        if (value := details.get(field.name, ""))
    }


def associated_data(winner_id: int) -> bytes:
    """Associated data of an encrypted claim: binds it to its row, so that it cannot be decrypted in another one."""
    return f"claim:{winner_id}".encode()
