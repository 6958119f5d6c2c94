"""Prize kinds: everything that differs between kinds is in the entry of the kind; no other module names one.

A new kind is one more entry in `KINDS`, and its test. Kinds and claim fields are never renamed or removed: stored rules,
winners and claims refer to them by name.
"""

from collections.abc import Callable, Iterable

import msgspec

from feed.phones import mask_phone, normalise_phone
from feed.texts import TextRule, line


def _as_written(value: str) -> str:
    return value


def _first_letter(value: str) -> str:
    return value[:1] + "**"


def _first_third(value: str) -> str:
    # A short address must not be shown whole by its start.
    return value[: min(6, len(value) // 3)] + "****"


class ClaimField(msgspec.Struct, frozen=True, kw_only=True):
    """A detail that a winner enters so that a prize can be handed over.

    `label` is the header of its column in the shipper's table. `normalise` returns the value to store, or raises Invalid;
    `mask` returns what a list may show. Logs and audit leave out each field whose name begins with `recipient_`.
    """

    name: str
    label: str
    text: TextRule = line(40)
    normalise: Callable[[str], str] = _as_written
    mask: Callable[[str], str] = _first_letter
    # Written as text to a spreadsheet, which would round it.
    is_number: bool = False


class PrizeKind(msgspec.Struct, frozen=True, kw_only=True):
    """A prize kind.

    `label`, `delivery_text` and `claim_text` are parts of the rules text: the kind, how it is delivered (may contain
    `{within}` and `{place}`), and which details the claim asks for.
    """

    name: str
    label: str
    delivery_text: str
    claim_text: str = ""
    # In the order of the form. Only what fulfilment needs: the law requires data minimisation.
    claim_fields: tuple[ClaimField, ...] = ()
    # Sent as a parcel, with a tracking number.
    is_shipped: bool = False
    # Each winner gets codes from a stock that an editor uploads.
    has_codes: bool = False
    # Handed over at `delivery.place` of the rules.
    is_collected: bool = False
    # The law requires `terms` and `valid_until` before users take part (docs/reference/law.md).
    is_voucher: bool = False


_NAME = ClaimField(name="recipient_name", label="收件人")
_PHONE = ClaimField(name="phone", label="手机号", normalise=normalise_phone, mask=mask_phone, is_number=True)
_ADDRESS = ClaimField(name="address", label="地址", text=line(200), mask=_first_third)

GOODS = PrizeKind(
    name="goods",
    label="实物",
    claim_text="收件人姓名、手机号和地址",
    claim_fields=(_NAME, _PHONE, _ADDRESS),
    delivery_text="实物奖品{within}寄出，运费由主办方承担",
    is_shipped=True,
)
CODE = PrizeKind(
    name="code",
    label="兑换码",
    delivery_text="兑换码在“我的奖品”中向本人显示，首次查看后24小时内可以再次查看",
    has_codes=True,
    is_voucher=True,
)
TICKET = PrizeKind(
    name="ticket",
    label="门票",
    claim_text="领取人姓名和手机号",
    claim_fields=(_NAME, _PHONE),
    delivery_text="门票{within}，凭姓名和手机号在{place}领取",
    is_collected=True,
)
# By name, in the order of the rules text.
KINDS: dict[str, PrizeKind] = {kind.name: kind for kind in (GOODS, CODE, TICKET)}


def kinds_of(names: Iterable[str]) -> list[PrizeKind]:
    """The named kinds, each once, in the order of `KINDS`. Unknown names, which a draft may contain, are skipped."""
    named = set(names)
    return [kind for name, kind in KINDS.items() if name in named]


def claim_fields(names: Iterable[str]) -> list[ClaimField]:
    """The claim fields of these kinds, each once, in the order of the form. Raises KeyError for an unknown kind."""
    wanted = {field for name in names for field in KINDS[name].claim_fields}
    return [field for field in all_claim_fields() if field in wanted]


def all_claim_fields() -> list[ClaimField]:
    """The claim fields of all kinds, in the order of the form."""
    return list(dict.fromkeys(field for kind in KINDS.values() for field in kind.claim_fields))


def shipped_kinds() -> list[str]:
    """The names of the kinds that are sent as parcels, for SQL."""
    return [kind.name for kind in KINDS.values() if kind.is_shipped]


def code_kinds() -> list[str]:
    """The names of the kinds whose prizes are codes, for SQL."""
    return [kind.name for kind in KINDS.values() if kind.has_codes]
