"""What the detail of an audit row may contain: plain values without personal data, in a form that Postgres gives back unchanged. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

# Audit rows are kept after an erasure, so they refer to people by id only.
PERSONAL_KEYS = frozenset(
    {
        "phone",
        "phone_number",
        "name",
        "nickname",
        "user_name",
        "username",
        "email",
        "mail",
        "address",
        "openid",
        "ip",
        "text",
        "body",
        "bio",
        "tracking_no",
    }
)
# In what people write: replaced, because a reason must not be rejected for it, and must not keep it either.
_PHONE = re.compile(
    r"(?<![\d])(?:(?:\+|00)?86[\s-]?)?1[3-9]\d(?:[\s-]?\d{4}){2}(?![\d])|\+\d(?:[\s-]?\d){7,14}(?![\d])"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IDENTITY = re.compile(r"(?<![\d])\d{6}((?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))\d{3}[\dXx](?![\dXx])")
# Of a resident identity number, whose last character is a checksum by ISO 7064 (MOD 11-2).
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# Members that hold what a person has written. Elsewhere a code, an id or a hash stays as it is, though it may contain such a number.
_WRITTEN_KEYS = frozenset({"reason", "note", "evidence", "remark", "explanation"})
_CODE = re.compile(r"[0-9A-Za-z_.:/+=-]+")


def read_detail(detail: Mapping[str, Any] | None) -> dict[str, Any]:
    """The detail as it is stored: without numbers of phones and identity cards and without mail addresses in what people wrote.

    Raises ValueError for a name of personal data, and for a value that is no string, integer, boolean, None, list or mapping.
    """
    check_no_personal_data(detail)
    stored: dict[str, Any] = _plain(dict(detail or {}), "")
    return stored


def canonical(value: object) -> str:
    """The value as JSON with sorted names and without spaces, as RFC 8785 has it; integers beyond 2**53 have all their digits."""
    return msgspec.json.encode(value, order="sorted").decode()


def check_no_personal_data(detail: object) -> None:
    """Raises ValueError if a key of `detail`, at any depth, is a name of personal data."""
    if isinstance(detail, Mapping):
        # The claim fields of every prize kind have this prefix.
        if found := PERSONAL_KEYS & detail.keys() | {key for key in detail if key.startswith("recipient_")}:
            raise ValueError(f"personal data in the audit log: {sorted(found)}")
        for value in detail.values():
            check_no_personal_data(value)
    elif isinstance(detail, list | tuple):
        for value in detail:
            check_no_personal_data(value)


def without_personal_numbers(text: str) -> str:
    """The text with marks in place of numbers of phones and identity cards and of mail addresses."""
    text = _IDENTITY.sub(lambda found: "[证件号]" if _is_identity(found[0], found[1]) else found[0], text)
    return _MAIL.sub("[邮箱]", _PHONE.sub("[手机号]", text))


def _plain(value: object, key: str) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str():
            is_code = key not in _WRITTEN_KEYS and _CODE.fullmatch(value) and not _PHONE.fullmatch(value)
            return value if is_code else without_personal_numbers(value)
        case Mapping():
            return {name: _plain(each, name) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each, key) for each in value]
        case _:
            raise ValueError(f"an audit row cannot hold {type(value).__name__}: {key}")


def _is_identity(number: str, born: str) -> bool:
    try:
        date(int(born[:4]), int(born[4:6]), int(born[6:]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECKS[total % 11] == number[-1].upper()
