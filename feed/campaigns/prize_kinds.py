"""Kinds of prizes. Everything that differs between kinds is in a kind's entry here: nothing else in `feed` names a kind.

A new kind is one more entry in `KINDS` and its test. Stored rules, winners and claims keep the names of kinds and
fields, so that neither is ever renamed or removed.
"""

from collections.abc import Callable, Iterable

import msgspec

from feed.phones import mask_phone, normalise_phone


def _as_written(value: str) -> str:
    return value


def _first_letter(value: str) -> str:
    return value[:1] + "**"


def _first_third(value: str) -> str:
    # A short address must not be shown whole by its start.
    return value[: min(6, len(value) // 3)] + "****"


class ClaimField(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a winner has to tell before a prize can be handed over.

    `label` heads its column in the shipper's table. `normalise` raises Invalid. `mask` makes of it what a list may show.
    A name that begins with `recipient_` is kept out of logs and of the audit without further ado.
    """

    name: str
    label: str
    longest: int = 40
    normalise: Callable[[str], str] = _as_written
    mask: Callable[[str], str] = _first_letter
    # A spreadsheet would round it.
    is_number: bool = False


class PrizeKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of prize.

    `delivery_text` is a clause of the rules and may hold `{within}` and `{place}`; `claim_text` names what is asked for.
    """

    name: str
    label: str
    delivery_text: str
    claim_text: str = ""
    # In the order of the form. Only what handing over takes is asked for.
    claim_fields: tuple[ClaimField, ...] = ()
    # Sent as a parcel, with a tracking number.
    is_shipped: bool = False
    # Each winner gets codes from a stock that an editor has brought.
    has_codes: bool = False
    # Handed over at `delivery.place` of the rules.
    is_collected: bool = False
    # The law asks for `terms` and `valid_until` before anyone takes part (docs/law.md).
    is_voucher: bool = False


_NAME = ClaimField(name="recipient_name", label="收件人")
_PHONE = ClaimField(name="phone", label="手机号", normalise=normalise_phone, mask=mask_phone, is_number=True)
_ADDRESS = ClaimField(name="address", label="地址", longest=200, mask=_first_third)

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
    delivery_text="兑换码在“我的奖品”中向获奖者本人显示",
    has_codes=True,
    is_voucher=True,
)
TICKET = PrizeKind(
    name="ticket",
    label="门票",
    claim_text="领取人姓名和手机号",
    claim_fields=(_NAME, _PHONE),
    delivery_text="门票{within}凭姓名和手机号在{place}领取",
    is_collected=True,
)
# By name, in the order in which the rules text goes through them.
KINDS: dict[str, PrizeKind] = {kind.name: kind for kind in (GOODS, CODE, TICKET)}


def kinds_of(names: Iterable[str]) -> list[PrizeKind]:
    """Each kind that is named, once and in the order of `KINDS`; names of no kind, as a draft may hold them, are left out."""
    named = set(names)
    return [kind for name, kind in KINDS.items() if name in named]


def claim_fields(names: Iterable[str]) -> list[ClaimField]:
    """What prizes of these kinds ask for, each field once and in the order of the form. Raises KeyError for no kind."""
    wanted = {field for name in names for field in KINDS[name].claim_fields}
    return [field for field in all_claim_fields() if field in wanted]


def all_claim_fields() -> list[ClaimField]:
    """Every field that some kind asks for, in the order of the form."""
    return list(dict.fromkeys(field for kind in KINDS.values() for field in kind.claim_fields))


def shipped_kinds() -> list[str]:
    """The names of the kinds that are sent as parcels, for SQL."""
    return [kind.name for kind in KINDS.values() if kind.is_shipped]


def code_kinds() -> list[str]:
    """The names of the kinds that bring codes, for SQL."""
    return [kind.name for kind in KINDS.values() if kind.has_codes]
