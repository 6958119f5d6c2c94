"""Names of winners as they are published: masked, with digits of the id where two masked names are equal."""

from collections import Counter
from collections.abc import Mapping

_DIGITS = 4


def mask_name(name: str) -> str:
    """The first character and two asterisks, whatever the name's length."""
    return name[:1] + "**"


def published_names(names: Mapping[int, str]) -> dict[int, str]:
    """The masked names of these accounts, by id. Equal ones end with the last digits of the account's id, as many as differ."""
    masked = {account_id: mask_name(name) for account_id, name in names.items()}
    equal = Counter(masked.values())
    return {
        account_id: name
        if equal[name] == 1
        else f"{name}（{_tail(account_id, [each for each in masked if masked[each] == name])}）"
        for account_id, name in masked.items()
    }


def _tail(account_id: int, among: list[int]) -> str:
    """The last digits of the id, at least four, that no other id ends with."""
    digits = _DIGITS
    while sum(str(each)[-digits:] == str(account_id)[-digits:] for each in among) > 1:
        digits += 1
    return str(account_id)[-digits:]
