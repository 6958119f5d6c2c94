"""What a winner tells so that a prize can be handed over, and how much of it a list may show."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feed.errors import FieldError, Invalid
from feed.phones import mask_phone, normalise_phone
from feed.texts import clean_text, text_problem

# Only what handing over takes is asked for: a code is shown, a ticket waits at the door, goods go to an address.
_FIELDS_OF_KIND: dict[str, tuple[str, ...]] = {
    "goods": ("recipient_name", "phone", "address"),
    "ticket": ("recipient_name", "phone"),
    "code": (),
}
_LONGEST = {"recipient_name": 40, "address": 200, "privacy_version": 40}


class ClaimForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a winner sends. Which fields are needed follows the kinds of the prizes."""

    recipient_name: str = ""
    phone: str = ""
    address: str = ""
    privacy_version: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A claim as it is sealed: clean, and with nothing that is not needed."""

    recipient_name: str = ""
    phone: str = ""
    address: str = ""


def needed_fields(prizes: Sequence[dict[str, Any]]) -> list[str]:
    """The fields that these prizes ask for, in the order of a form."""
    needed = {field for prize in prizes for field in _FIELDS_OF_KIND[prize["kind"]]}
    return [field for field in Claim.__struct_fields__ if field in needed]


def read_claim(form: ClaimForm, prizes: Sequence[dict[str, Any]]) -> Claim:
    """The claim that the form makes. Raises Invalid with every field that is missing, wrong or not asked for."""
    needed = needed_fields(prizes)
    problems: list[FieldError] = []
    values: dict[str, str] = {}
    for field in Claim.__struct_fields__:
        value = clean_text(getattr(form, field)).strip()
        if field not in needed:
            if value:
                problems.append(FieldError(field, "not_asked_for"))
            continue
        values[field] = value
        if problem := text_problem(value, shortest=1, longest=_LONGEST.get(field, 40)):
            problems.append(FieldError(field, problem, {"longest": _LONGEST.get(field, 40)}))
        elif field == "phone":
            try:
                values[field] = normalise_phone(value)
            except Invalid as invalid:
                problems.extend(invalid.errors)
    if problem := text_problem(form.privacy_version, shortest=1, longest=_LONGEST["privacy_version"]):
        problems.append(FieldError("privacy_version", problem, {"longest": _LONGEST["privacy_version"]}))
    if problems:
        raise Invalid(*problems)
    return Claim(**values)


def masked(claim: Claim) -> dict[str, str]:
    """What a list shows of it: enough to tell two claims apart, and not enough to find anybody."""
    shown = {
        "recipient_name": claim.recipient_name[:1] + "**" if claim.recipient_name else "",
        "phone": mask_phone(claim.phone) if claim.phone else "",
        # A short address must not be shown whole by its start.
        "address": claim.address[: min(6, len(claim.address) // 3)] + "****" if claim.address else "",
    }
    return {field: value for field, value in shown.items() if value}


def seal_of(winner_id: int) -> bytes:
    """What a sealed claim is bound to: it opens in no other row."""
    return f"claim:{winner_id}".encode()
