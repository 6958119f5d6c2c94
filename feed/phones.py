"""Phone numbers: normalisation to E.164, and masking."""

import re
from typing import Annotated

import phonenumbers

from feed.errors import FieldError, Invalid
from feed.texts import as_typed, opaque

# Accepted input: digits and common separators. Vanity letters are rejected.
_TYPED = re.compile(r"\+?[0-9 ().\-]{3,30}")
_DEFAULT_REGION = "CN"
_LONGEST = 60

# A number as it is typed, not normalised.
PhoneText = Annotated[str, opaque(_LONGEST)]


def normalise_phone(raw: str, *, field: str = "phone") -> str:
    """The number in E.164 (`+8613800138000`). Without a country code it is a Chinese number.

    Raises Invalid for `field` unless it is a number that can receive SMS.
    """
    typed = as_typed(raw).strip() if len(raw) <= _LONGEST else ""
    try:
        number = phonenumbers.parse(typed, _DEFAULT_REGION) if _TYPED.fullmatch(typed) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not _takes_messages(number):
        raise Invalid(FieldError(field, "invalid_phone" if raw.strip() else "required"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def calling_code(phone: str) -> str:
    """The country's calling code of a number in E.164, for instance `+86`."""
    return f"+{phonenumbers.parse(phone).country_code}"


def mask_phone(phone: str) -> str:
    """The masked number, for instance `138****1234` for +8613800001234."""
    home = phone.removeprefix("+86")
    if home == phone:
        return f"{phone[:3]}****{phone[-2:]}"
    return f"{home[:3]}****{home[-4:]}"


def _takes_messages(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
