"""Phone numbers: as people type them, as they are kept, and as they may be shown."""

import phonenumbers

from feed.errors import FieldError, Invalid


def normalise_phone(raw: str) -> str:
    """The number in E.164; one without a country is Chinese. Raises Invalid."""
    try:
        number = phonenumbers.parse(raw, "CN")
    except phonenumbers.NumberParseException:
        raise Invalid(FieldError("phone", "invalid_value")) from None
    if not phonenumbers.is_possible_number(number):
        raise Invalid(FieldError("phone", "invalid_value"))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def mask_phone(e164: str) -> str:
    """The number with its middle hidden: `138****1234`."""
    national = e164.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}"
