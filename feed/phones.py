"""Phone numbers: one spelling for each, and a mask for whoever need not know it."""

import re
import unicodedata

import phonenumbers

from feed.errors import FieldError, Invalid

# What people type between digits. Letters are refused, although telephone keypads carry them.
_TYPED = re.compile(r"\+?[0-9 ().\-]{3,30}")
_HOME = "CN"


def normalise_phone(raw: str, *, field: str = "phone") -> str:
    """The number as E.164 (`+8613800138000`); without a country it is a Chinese one.

    Raises Invalid for `field` when it is no number that can receive messages.
    """
    typed = unicodedata.normalize("NFKC", raw).strip() if len(raw) <= 60 else ""
    try:
        number = phonenumbers.parse(typed, _HOME) if _TYPED.fullmatch(typed) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not _takes_messages(number):
        raise Invalid(FieldError(field, "invalid_phone" if raw.strip() else "required"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask_phone(phone: str) -> str:
    """`138****1234` for +8613800001234: enough to be recognised by whoever knows the number."""
    home = phone.removeprefix("+86")
    if home == phone:
        return f"{phone[:3]}****{phone[-2:]}"
    return f"{home[:3]}****{home[-4:]}"


def _takes_messages(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
