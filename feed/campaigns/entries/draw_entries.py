"""Entries of draws by comment or like: which one of a person's counts. Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec


class DrawEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A comment, or with `comment_id` None a like, as of the end of the campaign: the view `draw_entries`.

    `reason`: why it has no ticket. `waits`: a review decides whether it has one.
    """

    account_id: int
    comment_id: int | None
    entered_at: datetime
    person: bytes | None
    waits: bool
    reason: str | None


def one_per_person(entries: Iterable[DrawEntry]) -> list[DrawEntry]:
    """The entry that counts of each person, and of each account without a verified phone.

    It is the earliest one with a ticket, else the earliest that waits for review, else the earliest.
    """
    ordered = sorted(
        entries,
        key=lambda each: (
            each.reason is not None,
            each.waits,
            each.entered_at,
            each.comment_id or each.account_id,
        ),
    )
    found: dict[bytes | int, DrawEntry] = {}
    for each in ordered:
        found.setdefault(each.account_id if each.person is None else each.person, each)
    return list(found.values())
